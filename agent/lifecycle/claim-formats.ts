// Claims as former versions wrote them, read as this version has them. A claim outlives the vgpud that made it.
import type { Claim, DomainClaim } from "./claim.ts";
import { plainHardware, type Disk, type DomainSpec } from "./domain-spec.ts";

/**
 * The number of the form that a claim is written in: the oldest whose readers take it for what it is, so that a vgpud that
 * is put back goes on with it. What readers of a form would misunderstand gets another number, and they set it aside.
 *
 * 1: a domain with at most one disk. 2: a domain; what says that it is one, and what it was reserved as, may be left out.
 * 3: a vGPU for a domain of others, or a reservation.
 */
export function formatOf({ kind }: Claim): number {
  return kind === "domain" ? 2 : 3;
}

/** From format 1: at most one disk, a file; no labels; everything that could not be asked for as it was built then. */
interface FirstFormat extends Omit<DomainClaim, "kind" | "domain"> {
  readonly domain: Pick<DomainClaim["domain"], "id" | "name" | "onStop"> & { readonly spec?: FirstSpec };
}

interface FirstSpec extends Pick<DomainSpec, "id" | "name" | "vcpus" | "memoryMib" | "onStop"> {
  readonly disk?: Pick<Disk, "path" | "format" | "bus" | "readonly">;
  readonly kernelBoot?: DomainSpec["kernelBoot"];
  readonly vnc?: DomainSpec["vnc"];
}

/** What a record says as a claim; undefined for a format that this version does not know. The record's bytes were checked. */
export function claimOfRecord(format: number, record: unknown): Claim | undefined {
  switch (format) {
    case 1:
      return fromFirst(record as FirstFormat);
    case 2:
      return { ...(record as Omit<DomainClaim, "kind">), kind: "domain" };
    case 3:
      return record as Claim;
    default:
      return undefined;
  }
}

function fromFirst({ domain, ...claim }: FirstFormat): DomainClaim {
  const { spec, ...rest } = domain;
  const added = { labels: {}, autostart: false };
  return {
    ...claim,
    kind: "domain",
    domain: { ...rest, ...added, spec: spec && { ...fromFirstSpec(spec), ...added } },
  };
}

function fromFirstSpec({
  disk,
  kernelBoot,
  vnc,
  ...spec
}: FirstSpec): Omit<DomainSpec, "labels" | "autostart"> {
  const device = { source: "file", backing: [], device: "disk", cache: undefined, discard: false } as const;
  return {
    ...plainHardware,
    ...spec,
    disks: disk ? [{ ...disk, ...device, serial: undefined }] : [],
    kernelBoot,
    bootOrder: kernelBoot ? undefined : { devices: ["disk"], menuMs: undefined },
    vnc,
  };
}
