// Claims and what belongs to them, complete and valid; a test says only what matters to it.
import { ownVgpuId, claimId, domainId, pciAddress } from "./ids.ts";
import { sizesOf, typeName, type TypeSuffix } from "./fake-kernel.ts";
import type { SliceShare } from "../../agent/inventory/share.ts";
import type { DomainClaim, Reservation, VgpuClaim } from "../../agent/lifecycle/claim.ts";
import { markOf } from "../../agent/lifecycle/domain-xml-mark.ts";
import { plainHardware, type Disk, type DomainSpec } from "../../agent/lifecycle/domain-spec.ts";
import type { Domain } from "../../agent/inventory/model.ts";

export function domainSpec(n: number, given: Partial<DomainSpec> = {}): DomainSpec {
  return {
    id: domainId(n),
    name: `guest-${n}`,
    vcpus: 2,
    memoryMib: 512,
    onStop: "hold",
    labels: {},
    autostart: false,
    ...plainHardware,
    ...given,
  };
}

/** A virtio disk on an image file. */
export function disk(path: string, given: Partial<Disk> = {}): Disk {
  return {
    ...{ path, source: "file", backing: [], format: "qcow2", bus: "virtio", readonly: false, device: "disk" },
    ...{ cache: undefined, discard: false, serial: undefined },
    ...given,
  };
}

/** What a claim says of the domain that it was made for. */
export function claimedDomain(spec: DomainSpec): DomainClaim["domain"] {
  const { id, name, onStop, labels, autostart } = spec;
  return { id, name, onStop, labels, autostart, spec };
}

/** What a slice of a type has of its GPU. */
export function sliceShare(suffix: TypeSuffix): SliceShare {
  return { mode: "gvt-g", type: typeName(suffix), sizes: sizesOf(suffix) };
}

/** The `n`th claim: an active one of a `_4` slice on the first GPU, made by a create that has ended. */
export function claim(n: number, given: Partial<DomainClaim> = {}): DomainClaim {
  return {
    ...promised(n),
    kind: "domain",
    domain: claimedDomain(domainSpec(n)),
    state: "active",
    goal: "running",
    powerOff: undefined,
    operation: { id: `operation-${n}`, kind: "create", ...over },
    failure: undefined,
    reservation: undefined,
    ...given,
  };
}

/** The same for a domain that somebody else manages. */
export function vgpuClaim(n: number, given: Partial<VgpuClaim> = {}): VgpuClaim {
  return {
    ...promised(n),
    kind: "vgpu",
    forDomain: undefined,
    labels: {},
    state: "active",
    goal: "present",
    operation: { id: `operation-${n}`, kind: "create-vgpu", ...over },
    failure: undefined,
    reservation: undefined,
    ...given,
  };
}

/** The same room, held until a minute after the epoch. */
export function reservation(n: number, given: Partial<Reservation> = {}): Reservation {
  return {
    ...promised(n),
    kind: "reservation",
    state: "reserved",
    goal: "reserved",
    expiresAt: 60_000,
    ...given,
  };
}

const over = { startedAt: 0, ended: { at: 0, failure: undefined } };

function promised(n: number) {
  return {
    claimId: claimId(`claim-${n}`),
    vgpuId: ownVgpuId(n),
    gpu: pciAddress(),
    share: sliceShare("4"),
    placement: undefined,
    requestDigest: `digest-${n}`,
    requests: [],
    createdAt: 0,
    updatedAt: 0,
    bootId: "boot-1",
  } satisfies Partial<Reservation>;
}

/** The domain as libvirt shows it for a claim, running, with the claim's mark. */
export function domainOf(owner: DomainClaim, given: Partial<Domain> = {}): Domain {
  return {
    id: owner.domain.id,
    name: owner.domain.name,
    state: "running",
    persistent: true,
    vcpus: 2,
    memoryMib: 512,
    vgpuIds: [owner.vgpuId],
    pciDevices: [],
    renderNodes: [],
    consoles: [],
    mark: markOf(owner),
    files: [],
    ...given,
  };
}

/** A domain that somebody else made, without a slice. */
export function foreignDomain(n: number, given: Partial<Domain> = {}): Domain {
  return {
    id: domainId(n),
    name: `foreign-${n}`,
    state: "running",
    persistent: true,
    vcpus: 1,
    memoryMib: 256,
    vgpuIds: [],
    pciDevices: [],
    renderNodes: [],
    consoles: [],
    mark: undefined,
    files: [],
    ...given,
  };
}
