// Claims as former versions wrote them, read as this version has them. A claim outlives the vgpud that made it.
import type { Claim } from "./claim.ts";
import { plainHardware, type Disk, type DomainSpec } from "./domain-spec.ts";

/** The number of the form that this version writes. It changes when a reader of the former would misunderstand it. */
export const CLAIM_FORMAT = 2;

/** From format 1: at most one disk, a file; no labels; everything that could not be asked for as it was built then. */
interface FirstFormat extends Omit<Claim, "domain"> {
  readonly domain: Pick<Claim["domain"], "id" | "name" | "onStop"> & { readonly spec?: FirstSpec };
}

interface FirstSpec extends Pick<DomainSpec, "id" | "name" | "vcpus" | "memoryMib" | "onStop"> {
  readonly disk?: Pick<Disk, "path" | "format" | "bus" | "readonly">;
  readonly kernelBoot?: DomainSpec["kernelBoot"];
  readonly vnc?: DomainSpec["vnc"];
}

/** What a record says as a claim; undefined for a format that this version does not know. The record's bytes were checked. */
export function claimOfRecord(format: number, record: unknown): Claim | undefined {
  if (format === CLAIM_FORMAT) return record as Claim;
  return format === 1 ? fromFirst(record as FirstFormat) : undefined;
}

function fromFirst({ domain, ...claim }: FirstFormat): Claim {
  const { spec, ...rest } = domain;
  const added = { labels: {}, autostart: false };
  return { ...claim, domain: { ...rest, ...added, spec: spec && { ...fromFirstSpec(spec), ...added } } };
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
