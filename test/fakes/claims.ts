// Claims and what belongs to them, complete and valid; a test says only what matters to it.
import { ownVgpuId, claimId, domainId, pciAddress } from "./ids.ts";
import { typeName } from "./fake-kernel.ts";
import type { Claim } from "../../agent/lifecycle/claim.ts";
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
export function claimedDomain(spec: DomainSpec): Claim["domain"] {
  const { id, name, onStop, labels, autostart } = spec;
  return { id, name, onStop, labels, autostart, spec };
}

/** The `n`th claim: an active one of a `_4` slice on the first GPU, made by a create that has ended. */
export function claim(n: number, given: Partial<Claim> = {}): Claim {
  const spec = domainSpec(n);
  return {
    claimId: claimId(`claim-${n}`),
    vgpuId: ownVgpuId(n),
    gpu: pciAddress(),
    type: typeName("4"),
    sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 },
    domain: claimedDomain(spec),
    placement: undefined,
    state: "active",
    goal: "running",
    powerOff: undefined,
    requestDigest: `digest-${n}`,
    requests: [],
    operation: {
      id: `operation-${n}`,
      kind: "create",
      startedAt: 0,
      ended: { at: 0, failure: undefined },
    },
    failure: undefined,
    createdAt: 0,
    updatedAt: 0,
    bootId: "boot-1",
    ...given,
  };
}

/** The domain as libvirt shows it for a claim, running, with the claim's mark. */
export function domainOf(owner: Claim, given: Partial<Domain> = {}): Domain {
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
    mark: undefined,
    files: [],
    ...given,
  };
}
