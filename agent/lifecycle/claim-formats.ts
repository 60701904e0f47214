// Claims as they are written down, and as former versions wrote them. A claim outlives the vgpud that made it.
import type { Placed } from "../capacity/place.ts";
import type { SliceShare } from "../inventory/share.ts";
import type { Claim, DomainClaim } from "./claim.ts";
import { plainHardware, type Disk, type DomainSpec } from "./domain-spec.ts";

export interface ClaimRecord {
  /**
   * The oldest whose readers take the claim for what it is, so that a vgpud that is put back goes on with it. What readers
   * of a form would misunderstand gets another number, and they set it aside.
   *
   * 1: a domain with at most one disk. 2: a domain; what says that it is one, and what it was reserved as, may be left out.
   * 3: a vGPU for a domain of others, or a reservation. In all of these it is of a slice of GVT-g, whose type and sizes
   * stand beside the GPU. 4: any claim, with a share that says its mode. 5: the same of a domain for Xen, which readers before it
   * would make one of KVM's.
   */
  readonly format: number;
  readonly value: unknown;
}

/** A claim as all formats so far have it: type and sizes of a slice beside the GPU, of the claim and of its placement. */
type Flat<C> = C extends unknown
  ? Omit<C, "share" | "placement"> & SliceSpec & { readonly placement: FlatPlacement | undefined }
  : never;
type FlatPlacement = Omit<Placed, "share"> & SliceSpec;
type SliceSpec = Omit<SliceShare, "mode">;

export function recordOf(claim: Claim): ClaimRecord {
  if (claim.kind === "domain" && claim.domain.spec?.xenGuestType) return { format: 5, value: claim };
  const { share, placement, ...rest } = claim;
  if (share.mode !== "gvt-g") return { format: 4, value: claim };
  const spec = { type: share.type, sizes: share.sizes };
  return {
    format: claim.kind === "domain" ? 2 : 3,
    value: { ...rest, ...spec, placement: flattened(placement, spec) },
  };
}

/** A claim is of what it was placed as. */
function flattened(placement: Placed | undefined, spec: SliceSpec): FlatPlacement | undefined {
  if (!placement) return undefined;
  const { ok, gpu, policy, candidates, warnings } = placement;
  return { ok, gpu, policy, candidates, warnings, ...spec };
}

/** From format 1: at most one disk, a file; no labels; everything that could not be asked for as it was built then. */
interface FirstFormat extends Omit<Flat<DomainClaim>, "kind" | "domain"> {
  readonly domain: Pick<DomainClaim["domain"], "id" | "name" | "onStop"> & { readonly spec?: FirstSpec };
}

interface FirstSpec extends Pick<DomainSpec, "id" | "name" | "vcpus" | "memoryMib" | "onStop"> {
  readonly disk?: Pick<Disk, "path" | "format" | "bus" | "readonly">;
  readonly kernelBoot?: DomainSpec["kernelBoot"];
  readonly vnc?: DomainSpec["vnc"];
}

/** What a record says as a claim; undefined for a format that this version does not know. The record's bytes were checked. */
export function claimOfRecord({ format, value }: ClaimRecord): Claim | undefined {
  switch (format) {
    case 1:
      return shared(fromFirst(value as FirstFormat));
    case 2:
      return shared({ ...(value as Omit<Flat<DomainClaim>, "kind">), kind: "domain" });
    case 3:
      return shared(value as Flat<Claim>);
    case 4:
    case 5:
      return value as Claim;
    default:
      return undefined;
  }
}

function shared({ type, sizes, placement, ...rest }: Flat<Claim>): Claim {
  return { ...rest, share: shareOf({ type, sizes }), placement: placement && placed(placement) };
}

function placed({ type, sizes, ...rest }: FlatPlacement): Placed {
  return { ...rest, share: shareOf({ type, sizes }) };
}

function shareOf(spec: SliceSpec): SliceShare {
  return { mode: "gvt-g", ...spec };
}

function fromFirst({ domain, ...claim }: FirstFormat): Flat<DomainClaim> {
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
