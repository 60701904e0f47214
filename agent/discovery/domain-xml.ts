// Reads what we need of a libvirt domain's XML (libvirt: docs/formatdomain.rst). Others wrote most of these documents:
// what is not understood is left out, never an error that hides the other domains.
import { XMLParser } from "fast-xml-parser";
import {
  CLAIM_MARK_NAMESPACE,
  claimMarkAttributes as names,
  claimMarkElements as elements,
} from "../core/claim-mark.ts";
import { parseDomainId, parsePciAddress, parseVgpuId, type PciAddress, type VgpuId } from "../core/ids.ts";
import type { ClaimMark, Domain, DomainFile, Labels } from "../inventory/model.ts";

/** The part of a domain that stands in its XML. */
export type DomainDefinition = Pick<
  Domain,
  "vcpus" | "memoryMib" | "vgpuIds" | "pciDevices" | "renderNodes" | "mark" | "files"
>;

type Node = Readonly<Record<string, unknown>>;

const LISTS: readonly string[] = ["hostdev", "graphics", "disk", "serial", "console", "vgpud:label", "label"];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
  htmlEntities: true, // libvirt writes what is not ASCII as numbers
  isArray: (name) => LISTS.includes(name),
});

/** Of a document that does not parse nothing is known; whether a slice is held is tested before it is removed anyway. */
export function readDomainXml(xml: string): DomainDefinition {
  const domain = child(parse(xml), "domain");
  return {
    vcpus: positive(text(domain["vcpu"])),
    memoryMib: memoryMib(domain["memory"]),
    vgpuIds: mediatedDevices(child(domain, "devices")),
    pciDevices: pciDevices(child(domain, "devices")),
    renderNodes: renderNodes(child(domain, "devices")),
    mark: readMark(child(domain, "metadata")),
    files: filesOf(child(domain, "devices")),
  };
}

/** The parser refuses more than broken documents: names such as `constructor`, external entities, very deep trees. */
function parse(xml: string): Node {
  try {
    return asNode(parser.parse(xml));
  } catch {
    return {};
  }
}

function mediatedDevices(devices: Node): VgpuId[] {
  return list(devices, "hostdev")
    .filter((hostdev) => hostdev["@type"] === "mdev")
    .map((hostdev) => parseVgpuId(attribute(child(child(hostdev, "source"), "address"), "uuid")))
    .filter((id) => id !== undefined);
}

function pciDevices(devices: Node): PciAddress[] {
  return list(devices, "hostdev")
    .filter((hostdev) => hostdev["@type"] === "pci")
    .map((hostdev) => pciAddress(child(child(hostdev, "source"), "address")))
    .filter((address) => address !== undefined);
}

/** libvirt prints each part in hexadecimal and takes and keeps decimal ones. */
function pciAddress(address: Node): PciAddress | undefined {
  const part = (name: string, digits: number): string => {
    const value = Number(attribute(address, name) || NaN);
    return Number.isInteger(value) ? value.toString(16).padStart(digits, "0") : "";
  };
  return parsePciAddress(`${part("domain", 4)}:${part("bus", 2)}:${part("slot", 2)}.${part("function", 1)}`);
}

/** Of displays with `<gl>` (libvirt formatdomain.rst): egl-headless always renders, others unless it is off. */
function renderNodes(devices: Node): string[] {
  const displays = list(devices, "graphics").map((graphics) => child(graphics, "gl"));
  const nodes = displays
    .filter((gl) => attribute(gl, "enable") !== "no")
    .map((gl) => attribute(gl, "rendernode"));
  return [...new Set(nodes)].filter((node) => node !== "");
}

/** Disks with what lies below them in the chain, which only a running domain's XML tells, and logs. */
function filesOf(devices: Node): DomainFile[] {
  const disks = list(devices, "disk").flatMap((disk) => {
    const reads = "readonly" in disk || attribute(disk, "device") === "cdrom";
    const below = backingOf(child(disk, "backingStore"));
    return [...namedBy(child(disk, "source"), !reads), ...below];
  });
  const logs = [...list(devices, "serial"), ...list(devices, "console")].flatMap((terminal) =>
    namedBy(child(terminal, "log"), true),
  );
  // libvirt shows the first serial port a second time, as a console.
  const byPath = new Map<string, DomainFile>();
  for (const { path, writable } of [...disks, ...logs])
    byPath.set(path, { path, writable: writable || byPath.get(path)?.writable === true });
  return [...byPath.values()];
}

function backingOf(store: Node): DomainFile[] {
  const own = namedBy(child(store, "source"), false);
  return own.length === 0 ? own : [...own, ...backingOf(child(store, "backingStore"))];
}

function namedBy(source: Node, writable: boolean): DomainFile[] {
  const path = attribute(source, "file") || attribute(source, "dev");
  return path === "" ? [] : [{ path, writable }];
}

/** libvirt keeps the prefix a writer chose, so the element is known by its namespace, not by its name. */
function readMark(metadata: Node): ClaimMark | undefined {
  for (const [name, value] of Object.entries(metadata)) {
    const [prefix, local] = name.includes(":") ? name.split(":", 2) : ["", name];
    const element = asNode(value);
    const xmlns = prefix === "" ? "xmlns" : `xmlns:${prefix}`;
    if (local === "claim" && attribute(element, xmlns) === CLAIM_MARK_NAMESPACE)
      return parseMark(element, prefix ?? "");
  }
  return undefined;
}

function parseMark(element: Node, prefix: string): ClaimMark | undefined {
  const of = (key: keyof typeof names): string => attribute(element, names[key]);
  const vgpuId = parseVgpuId(of("vgpuId"));
  const domainId = parseDomainId(of("domainId"));
  const gpu = parsePciAddress(of("gpu"));
  const [lowGmMib, highGmMib, fences] = [of("lowGmMib"), of("highGmMib"), of("fences")].map(positive);
  const onStop = of("onStop");
  if (!vgpuId || !domainId || !gpu || !lowGmMib || !highGmMib || !fences) return undefined;
  if (of("claimId") === "" || (onStop !== "hold" && onStop !== "release")) return undefined;
  const sizes = { lowGmMib, highGmMib, fences };
  return {
    ...{ claimId: of("claimId"), vgpuId, domainId, gpu, type: of("type"), sizes, onStop },
    requestDigest: of("requestDigest"),
    labels: labelsOf(list(element, prefixed(prefix, elements.label))),
    autostart: prefixed(prefix, elements.autostart) in element,
  };
}

function labelsOf(labels: readonly Node[]): Labels {
  return Object.fromEntries(labels.map((label) => [attribute(label, "key"), attribute(label, "value")]));
}

function prefixed(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}:${name}`;
}

/** libvirt prints memory in KiB, but takes and keeps other units in an inactive definition of older versions. */
function memoryMib(value: unknown): number | undefined {
  const amount = positive(text(value));
  const unit = attribute(asNode(value), "unit") || "KiB";
  const kib: Readonly<Record<string, number>> = {
    KiB: 1,
    k: 1,
    MiB: 1024,
    M: 1024,
    GiB: 1048576,
    G: 1048576,
  };
  const factor = kib[unit];
  return amount === undefined || factor === undefined ? undefined : Math.round((amount * factor) / 1024);
}

function positive(value: string): number | undefined {
  return /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined;
}

/** An element without attributes parses to its text, one with attributes to an object. */
function text(value: unknown): string {
  if (typeof value === "string") return value.trim();
  const inner = asNode(value)["#text"];
  return typeof inner === "string" ? inner.trim() : "";
}

function attribute(node: Node, name: string): string {
  const value = node[`@${name}`];
  return typeof value === "string" ? value : "";
}

/** The elements of a name that `LISTS` has; any other prefix of a label gives a single one. */
function list(node: Node, name: string): Node[] {
  const value = node[name];
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return items.map(asNode);
}

function child(node: Node, name: string): Node {
  return asNode(node[name]);
}

function asNode(value: unknown): Node {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Node) : {};
}
