// Slices of domains that are gone: removed once, told once.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Inventory, KernelVgpu } from "../../../agent/inventory/model.ts";
import { Sweep } from "../../../agent/lifecycle/sweep.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const instance = (domid: number): KernelVgpu => ({
  ...{
    id: foreignVgpuId(domid),
    gpu: pciAddress(),
    type: "",
    isLeaving: false,
    iommuGroup: undefined,
    domid,
  },
});

function seen(domids: readonly number[], domains?: Inventory["domains"]): Inventory {
  return {
    ...{ revision: 1, observedAt: 0, unread: [], gpus: new Map() },
    host: { hostname: "dom0", bootId: "1", kernelRelease: "4.11.0", hypervisor: "xen" },
    vgpus: new Map(domids.map((domid) => [instance(domid).id, instance(domid)])),
    domains: domains ?? { known: true, value: new Map() },
  };
}

class Hand {
  readonly asked: number[] = [];
  readonly ended: [number, string | undefined][] = [];
  answer: () => Promise<"gone" | "held"> = () => Promise.resolve("gone");
  readonly sweep = new Sweep({
    remove: (domid) => {
      this.asked.push(domid);
      return this.answer();
    },
    stop: new AbortController().signal,
    onEnd: (domid, failure) => this.ended.push([domid, failure?.reason]),
  });

  async look(inventory: Inventory): Promise<void> {
    this.sweep.look(inventory);
    await new Promise(setImmediate);
  }
}

describe("slices of domains that are gone", () => {
  it("are removed, and those of domains that are there are not", async () => {
    const hand = new Hand();
    const owner = foreignDomain(9, { vgpuIds: [foreignVgpuId(2)], domid: 2 });
    await hand.look(seen([1, 2], { known: true, value: new Map([[owner.id, owner]]) }));
    assert.deepEqual(hand.asked, [1]);
    assert.deepEqual(hand.ended, [[1, undefined]]);
  });

  it("stay while it is not known which domains there are", async () => {
    const hand = new Hand();
    await hand.look(seen([1], { known: false, why: "libvirt is away", away: "libvirt" }));
    assert.deepEqual(hand.asked, []);
  });

  it("stay while xenstore has not all that libvirt has, which it may have lost", async () => {
    const hand = new Hand();
    const running = foreignDomain(9);
    await hand.look(seen([1], { known: true, value: new Map([[running.id, running]]) }));
    assert.deepEqual(hand.asked, []);
  });

  it("are none, and nothing is told, where the domain turns out to be there", async () => {
    const hand = new Hand();
    hand.answer = () => Promise.resolve("held");
    await hand.look(seen([1]));
    assert.deepEqual([hand.asked, hand.ended], [[1], []]);
  });

  it("are asked for once at a time, and a failure is told once as long as it is the same", async () => {
    const hand = new Hand();
    let fail: (error: Error) => void = () => undefined;
    hand.answer = () => new Promise((_resolve, reject) => (fail = reject));
    await hand.look(seen([1]));
    await hand.look(seen([1]));
    assert.deepEqual(hand.asked, [1]);
    fail(new AgentError("HOSTD_UNAVAILABLE", "away"));
    hand.answer = () => Promise.reject(new AgentError("HOSTD_UNAVAILABLE", "still away"));
    await new Promise(setImmediate);
    await hand.look(seen([1]));
    hand.answer = () => Promise.resolve("gone");
    await hand.look(seen([1]));
    assert.deepEqual(hand.ended, [
      [1, "HOSTD_UNAVAILABLE"],
      [1, undefined],
    ]);
  });
});
