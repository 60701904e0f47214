// The files, networks and bridges that a raw domain names, as the lifecycle checks and replaces them.
import type { DomainFile } from "../../inventory/model.ts";
import { referencesOf, withReferences, type Referred } from "./filter.ts";
import type { RawDomain } from "./raw-domain.ts";
import { childOf, type XmlElement } from "./xml-element.ts";

export function rawReferences(raw: RawDomain): Referred[] {
  return referencesOf(rootOf(raw));
}

/** `values` by the path of the reference. */
export function withRawReferences(raw: RawDomain, values: ReadonlyMap<string, string>): RawDomain {
  return { children: withReferences(rootOf(raw), values).children };
}

export function rawFiles(raw: RawDomain): DomainFile[] {
  return rawReferences(raw).flatMap(({ kind, value, within }) => {
    if (kind === "network" || kind === "bridge") return [];
    return [{ path: value, writable: kind === "log-file" || (kind !== "boot-file" && isWritable(within)) }];
  });
}

/** The format of the disk that a reference stands in. */
export function formatOf({ within }: Referred): "raw" | "qcow2" {
  const driver = childOf(within, "driver");
  return driver?.attributes["type"] === "qcow2" ? "qcow2" : "raw";
}

function isWritable(disk: XmlElement): boolean {
  return disk.attributes["device"] !== "cdrom" && !childOf(disk, "readonly");
}

function rootOf({ children }: RawDomain): XmlElement {
  return { name: "domain", attributes: {}, text: "", children };
}
