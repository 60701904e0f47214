// What is known of a resource provider while a round and creates ask and change it beside each other.
import assert from "node:assert/strict";
import { classesWith } from "../../../../agent/core/placement-names.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import type { AtGeneration, Inventories } from "../../../../agent/placement/model.ts";
import { KeptProvider, type KeptBy } from "../../../../agent/schedulers/placement/provider.ts";

const UUID = "20000000-0000-4000-8000-000000000001";
const CLASS = "CUSTOM_INTEL_VGPU";
const { signal } = new AbortController();

const reserving = (reserved: number): Inventories => ({
  [CLASS]: { total: 7, reserved, minUnit: 1, maxUnit: 1, stepSize: 1, allocationRatio: 1 },
});

/** Of one provider, whose generation each change counts up; its inventories are answered when that is let. */
class OneProvider {
  inventories = reserving(0);
  #generation = 1;
  /** What is read of it, in order. */
  readonly reads: (() => void)[] = [];

  /** As a claim does. */
  change(): void {
    this.#generation += 1;
  }

  get api(): KeptBy["api"] {
    const at = <Value>(value: Value): Promise<AtGeneration<Value>> =>
      Promise.resolve({ generation: this.#generation, value });
    const set = (sent: AtGeneration<unknown>): Promise<number> => {
      if (sent.generation !== this.#generation)
        return Promise.reject(new PlacementError("conflict", "HTTP 409"));
      this.change();
      return Promise.resolve(this.#generation);
    };
    return {
      inventories: async () => {
        const read = await at(this.inventories);
        await new Promise<void>((resolve) => this.reads.push(resolve));
        return read;
      },
      traits: () => at([]),
      aggregates: () => at([]),
      usages: () => at([]),
      known: (_, names) => Promise.resolve(new Set(names)),
      ensure: () => Promise.resolve(),
      setInventories: async (_, sent) => {
        const generation = await set(sent);
        this.inventories = sent.value;
        return generation;
      },
      setTraits: (_, sent) => set(sent),
      setAggregates: (_, sent) => set(sent),
    };
  }
}

/** Lets everything go on that waits for nothing else. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a provider that a round changes while a create asks for it", () => {
  const one = new OneProvider();
  const by: KeptBy = {
    ...{ api: one.api, classes: classesWith(CLASS), aggregates: [], introduced: new Set() },
    isOwnClass: (name) => name === CLASS,
  };
  const kept = new KeptProvider({ uuid: UUID, name: "gpu", generation: 1, parent: "r", root: "r" }, by);
  const become = (reserved: number): Promise<unknown> =>
    kept.become(() => ({ wanted: { inventories: reserving(reserved), traits: [] } }), new Map(), signal);

  it("is known as the round has left it, however late the create's answer comes", async () => {
    const asked = kept.counted(signal);
    const changed = become(7);
    await settled();
    const [late, ofRound] = one.reads;
    ofRound?.();
    await changed;
    assert.deepEqual(one.inventories, reserving(7));
    late?.();
    assert.deepEqual(await asked, new Set(["slices"]));
    // So that the next round finds what there is to change.
    await become(0);
    assert.deepEqual(one.inventories, reserving(0));
  });
});
