// Whose XenGT's slices are: the kernel has a number, xenstore the domain, its mark or the ledger the claim.
import assert from "node:assert/strict";
import { sliceMade, xengtTypes } from "../../../agent/backends/xengt/types.ts";
import { withOwners, type Owners } from "../../../agent/discovery/xen-instances.ts";
import type { XenGuest } from "../../../agent/discovery/xen-guests.ts";
import type { Domain, Inventory, KernelVgpu } from "../../../agent/inventory/model.ts";
import type { SliceSizes } from "../../../agent/inventory/share.ts";
import { claim, foreignDomain, sliceShare } from "../../fakes/claims.ts";
import { domainId, foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { markOf } from "../../../agent/lifecycle/domain-xml-mark.ts";

const gpu = pciAddress();
const instance = (domid: number): KernelVgpu => ({
  ...{ id: foreignVgpuId(domid), gpu, type: "", isLeaving: false, iommuGroup: undefined, domid },
});
const guest = (domid: number, given: Partial<XenGuest> = {}): XenGuest => ({
  ...{ domid, id: domainId(domid), name: `guest-${domid}`, pciDevices: [], ...given },
});
const owner = claim(1, { share: sliceShare("4") });
const promise = { type: sliceShare("4").type, sizes: sliceShare("4").sizes };
const marked = (given: Partial<Domain> = {}): Domain => foreignDomain(1, { mark: markOf(owner), ...given });

const offered = { weight: undefined, kernelAvailable: undefined };

const DOM0 = { hostname: "dom0", bootId: "1", kernelRelease: "4.11.0", hypervisor: "xen" } as const;

function seen(domids: readonly number[], domains: Inventory["domains"]) {
  return {
    host: DOM0,
    gpus: new Map([[gpu, { ...new FakeGpu(gpu, 512).facts(), vgt: "2017" as const }]]),
    vgpus: new Map(domids.map((domid) => [instance(domid).id, instance(domid)])),
    domains,
  };
}

const known = (...domains: readonly Domain[]): Inventory["domains"] => ({
  known: true,
  value: new Map(domains.map((domain) => [domain.id, domain])),
});
const owners = (given: Partial<Owners>): Owners => ({
  ...{ guests: [], before: () => [], promised: () => undefined, sliceMade },
  ...given,
});

describe("a slice of XenGT", () => {
  it("is the one that the mark of its domain names, which names it though its XML does not", () => {
    const { vgpus, domains } = withOwners(seen([1], known(marked())), owners({ guests: [guest(1)] }));
    assert.deepEqual([...vgpus.values()], [{ ...instance(1), id: owner.vgpuId, ...promise }]);
    assert.ok(domains.known);
    assert.deepEqual(domains.value.get(domainId(1))?.vgpuIds, [owner.vgpuId]);
  });

  it("is named by a domain of ours that is off, too, which has none", () => {
    const { vgpus, domains } = withOwners(seen([], known(marked({ state: "shut-off" }))), owners({}));
    assert.equal(vgpus.size, 0);
    assert.ok(domains.known);
    assert.deepEqual(domains.value.get(domainId(1))?.vgpuIds, [owner.vgpuId]);
  });

  it("is the one that the ledger has for its domain while libvirt is away", () => {
    const promised = { vgpuId: ownVgpuId(7), type: "any", sizes: promise.sizes };
    const { vgpus } = withOwners(
      seen([1], { known: false, why: "away", away: "libvirt" }),
      owners({ guests: [guest(1)], promised: (id) => (id === domainId(1) ? promised : undefined) }),
    );
    assert.deepEqual([...vgpus.keys()], [promised.vgpuId]);
    assert.equal(vgpus.get(promised.vgpuId)?.type, "any");
  });

  const told = { lowGmMib: 128, highGmMib: 384, fences: 4 };
  const ofOthers = (vgt: "2015" | "2017", asked: SliceSizes) => {
    const views = seen([2], known(foreignDomain(2)));
    const types = xengtTypes("1912", { vgt, listed: undefined }).map((type) => ({ ...offered, ...type }));
    const gpus = new Map([...views.gpus].map(([at, facts]) => [at, { ...facts, vgt, types }]));
    return withOwners({ ...views, gpus }, owners({ guests: [guest(2, { vgt: asked })] }));
  };

  it("of somebody else's domain is that domain's, and takes what the kernel made of what its device model was told", () => {
    const { vgpus, domains } = ofOthers("2017", told);
    const slice = vgpus.get(foreignVgpuId(2));
    assert.equal(slice?.type, "i915-GVTg_V5_4");
    assert.deepEqual(slice.sizes, { ...told, highGmMib: 512 }, "which looks at its low GM alone");
    assert.ok(domains.known);
    assert.deepEqual(domains.value.get(domainId(2))?.vgpuIds, [foreignVgpuId(2)]);
  });

  it("of somebody else's takes what was asked for where no type is of that", () => {
    for (const [vgt, asked] of [
      ["2015", told],
      ["2017", { ...told, lowGmMib: 100 }],
    ] as const) {
      const slice = ofOthers(vgt, asked).vgpus.get(foreignVgpuId(2));
      assert.deepEqual([slice?.type, slice?.sizes], ["", asked]);
    }
  });

  it("is one of each guest, where several are under one UUID, and of a claim's domain one is the claim's", () => {
    const twice = (id: number) => [guest(2, { id: domainId(id) }), guest(3, { id: domainId(id) })];
    const theirs = withOwners(seen([2, 3], known(foreignDomain(5))), owners({ guests: twice(5) }));
    assert.ok(theirs.domains.known);
    const named = theirs.domains.value.get(domainId(5))?.vgpuIds;
    assert.deepEqual(named, [foreignVgpuId(2), foreignVgpuId(3)], "none of which is swept");
    const { vgpus, domains } = withOwners(seen([2, 3], known(marked())), owners({ guests: twice(1) }));
    assert.deepEqual([...vgpus.keys()], [owner.vgpuId, foreignVgpuId(3)]);
    assert.ok(domains.known);
    assert.deepEqual(domains.value.get(domainId(1))?.vgpuIds, [owner.vgpuId, foreignVgpuId(3)]);
  });

  it("whose mark was copied with a definition belongs to no claim of ours", () => {
    const copy = foreignDomain(2, { mark: markOf(owner) });
    const { vgpus } = withOwners(seen([2], known(copy)), owners({ guests: [guest(2)] }));
    assert.deepEqual([...vgpus.keys()], [foreignVgpuId(2)]);
  });

  it("takes what it took until it is gone, also when its domain is, whoever had it", () => {
    const theirs = { ...instance(4), type: "", sizes: { lowGmMib: 96, highGmMib: 320, fences: 6 } };
    const own = { ...instance(5), id: owner.vgpuId, ...promise };
    let before: readonly KernelVgpu[] = [theirs, own];
    for (const look of ["first", "second"]) {
      const { vgpus, domains } = withOwners(
        seen([4, 5], known(marked({ state: "shut-off" }))),
        owners({ before: () => before }),
      );
      const left = { ...instance(5), ...promise, formerId: owner.vgpuId };
      assert.deepEqual([...vgpus.values()], [theirs, left], look);
      assert.ok(domains.known);
      assert.deepEqual(domains.value.get(domainId(1))?.vgpuIds, [owner.vgpuId], "which has none now");
      before = [...vgpus.values()];
    }
  });

  it("of a domain that is gone is nobody's", () => {
    const { vgpus, domains } = withOwners(seen([5], known(marked())), owners({ guests: [guest(1)] }));
    assert.deepEqual([...vgpus.values()], [instance(5)]);
    assert.ok(domains.known);
    assert.ok(![...domains.value.values()].some(({ vgpuIds }) => vgpuIds.includes(instance(5).id)));
  });

  it("is what it was while xenstore cannot be asked", () => {
    const own = { ...instance(1), id: owner.vgpuId, type: "any" };
    const { vgpus } = withOwners(
      seen([1, 5], { known: false, why: "hostd is away", away: "hostd" }),
      owners({ guests: undefined, before: () => [own] }),
    );
    assert.deepEqual([...vgpus.values()], [own, instance(5)]);
  });

  it("is named by its domain also while the kernel has no XenGT, as before its module is loaded", () => {
    const without = { ...seen([], known(marked())), gpus: new Map() };
    const { domains } = withOwners(without, owners({ guests: [guest(1)] }));
    assert.ok(domains.known);
    assert.deepEqual(domains.value.get(domainId(1))?.vgpuIds, [owner.vgpuId]);
  });

  it("is looked for on no host without Xen", () => {
    const without = { ...seen([], known(marked())), host: { ...DOM0, hypervisor: "kvm" as const } };
    assert.equal(withOwners(without, owners({ guests: [guest(1)] })), without);
  });
});
