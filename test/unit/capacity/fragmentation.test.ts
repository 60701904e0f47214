// What is in one piece, estimated from what was seen, against placements that are written apart from ours.
import assert from "node:assert/strict";
import fc from "fast-check";
import { gvtgCapacity } from "../../../agent/backends/kvmgt/capacity-rule.ts";
import { rememberGvtg } from "../../../agent/backends/kvmgt/memory.ts";
import { findingPieces, fragmentationOf, type Fragmentation } from "../../../agent/capacity/fragmentation.ts";
import type { Layout } from "../../../agent/inventory/memory.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import type { SliceSizes } from "../../../agent/inventory/share.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { FakeGpu, typeName, type TypeSuffix } from "../../fakes/fake-kernel.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { GttCells } from "../../fakes/gtt-cells.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const suffixes = ["8", "4", "2", "1"] as const satisfies readonly TypeSuffix[];

/** A GPU with a real layout beside its counts, and what an agent that looks at it makes of it. */
class Watched {
  readonly gpu: FakeGpu;
  readonly cells: GttCells;
  readonly #host: FakeHost;
  readonly #snapshot = new Snapshot(rememberGvtg);
  #made = 0;

  constructor(apertureMib: number, choose: (count: number) => number = () => 0) {
    this.gpu = new FakeGpu(pciAddress(), apertureMib);
    this.cells = new GttCells(apertureMib, choose);
    this.#host = new FakeHost({ gpus: [this.gpu], wall: () => 0 });
  }

  /** The number of the slice; undefined where the kernel refuses. */
  make(suffix: TypeSuffix): number | undefined {
    const type = this.gpu.facts().types.find(({ name }) => name === typeName(suffix));
    if (!type?.sizes || (type.kernelAvailable ?? 0) < 1) return undefined;
    const number = (this.#made += 1);
    if (!this.cells.make(String(number), mib(type.sizes))) return undefined;
    this.gpu.make(foreignVgpuId(number), type.name);
    return number;
  }

  unmake(number: number): void {
    this.cells.unmake(String(number));
    this.gpu.unmake(foreignVgpuId(number));
  }

  async look(): Promise<{
    readonly gpu: Gpu;
    readonly fragmentation: Fragmentation;
    readonly finding: (next: readonly SliceSizes[]) => number;
  }> {
    const { gpus } = this.#snapshot.update(await this.#host.look());
    const gpu = gpus.get(this.gpu.address);
    assert.ok(gpu);
    const endowment = gvtgCapacity(gpu);
    assert.ok(endowment);
    const holdings = this.gpu.slices().map(({ id, type }) => {
      const sizes = gpu.types.find(({ name }) => name === type)?.sizes;
      assert.ok(sizes);
      return { vgpuId: id, gpu: gpu.address, sizes };
    });
    return {
      gpu,
      fragmentation: fragmentationOf(gpu, endowment, holdings),
      finding: (next) => findingPieces(gpu, { endowment, holdings }, next),
    };
  }
}

function mib({ lowGmMib, highGmMib }: SliceSizes): { low: number; high: number } {
  return { low: lowGmMib, high: highGmMib };
}

const step = fc.record({
  suffix: fc.constantFrom(...suffixes),
  pick: fc.nat(6),
  removes: fc.nat(2).map((one) => one === 0),
  looks: fc.boolean(),
});

describe("the estimate of what is in one piece", () => {
  it("is the whole of what is free on an empty GPU", async () => {
    const { fragmentation } = await new Watched(1024).look();
    assert.deepEqual(fragmentation.largest, { lowGmMib: 896, highGmMib: 2688 });
  });

  it("knows the holes that create and destroy leave, where the kernel counts sums (gvt-linux#164)", async () => {
    const watched = new Watched(1024);
    await watched.look();
    const made = [];
    for (const suffix of ["4", "2", "4", "4"] as const) {
      made.push(watched.make(suffix));
      await watched.look();
    }
    for (const number of [made[0], made[2]]) watched.unmake(number ?? 0);
    const { gpu, fragmentation } = await watched.look();
    const two = gpu.types.find(({ name }) => name === typeName("2"));
    assert.ok(two?.sizes);
    assert.equal(two.kernelAvailable, 1);
    assert.equal(watched.make("2"), undefined);
    assert.equal(fragmentation.room(two.sizes), 0);
    assert.deepEqual(fragmentation.largest, { lowGmMib: 256, highGmMib: 512 });
    watched.unmake(made[3] ?? 0);
    assert.equal((await watched.look()).fragmentation.room(two.sizes), 1);
    assert.ok(watched.make("2"));
  });

  it("is not there for slices that are older than the agent, until the GPU has been empty", async () => {
    const watched = new Watched(1024);
    const number = watched.make("4");
    const before = await watched.look();
    assert.equal(before.fragmentation.largest, undefined);
    assert.equal(before.fragmentation.room({ lowGmMib: 64, highGmMib: 384 }), Infinity);
    watched.unmake(number ?? 0);
    assert.ok((await watched.look()).fragmentation.largest);
  });

  it("makes room for what is promised and not made yet", async () => {
    const watched = new Watched(1024);
    const { gpu } = await watched.look();
    const endowment = gvtgCapacity(gpu);
    assert.ok(endowment);
    const sizes = { lowGmMib: 256, highGmMib: 1024, fences: 4 };
    const promised = { vgpuId: foreignVgpuId(99), gpu: gpu.address, sizes };
    const { largest } = fragmentationOf(gpu, endowment, [promised]);
    assert.deepEqual(largest, { lowGmMib: 640, highGmMib: 1664 });
  });

  it("gives up when what is promised may lie in too many ways", async () => {
    const { gpu } = await new Watched(1024).look();
    const endowment = gvtgCapacity(gpu);
    assert.ok(endowment && gpu.memory);
    const at = (start: number): Layout =>
      new Map([
        [
          foreignVgpuId(1),
          { low: { start: 128, end: 192 }, high: { start: 1024 + start, end: 1408 + start } },
        ],
      ]);
    const layouts = Array.from({ length: 33 }, (_, n) => at(n));
    const sizes = { lowGmMib: 64, highGmMib: 384, fences: 4 };
    const holdings = [1, 2].map((n) => ({ vgpuId: foreignVgpuId(n), gpu: gpu.address, sizes }));
    const known = (ways: readonly Layout[]): boolean => {
      const memory = { ...gpu.memory, ggttMib: 4096, countsAgree: true, refusal: undefined, layouts: ways };
      return fragmentationOf({ ...gpu, memory }, endowment, holdings).largest !== undefined;
    };
    assert.deepEqual([known(layouts.slice(0, 8)), known(layouts)], [true, false]);
  });

  it("never says that a type fits which an independent placement cannot place, whatever came and went", async () => {
    let estimates = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(512, 1024, 1024),
        fc.infiniteStream(fc.nat(1000)),
        fc.array(step, { minLength: 10, maxLength: 30, size: "max" }),
        async (aperture, choices, steps) => {
          const watched = new Watched(aperture, (count) => (choices.next().value ?? 0) % count);
          await watched.look();
          let standing: number[] = [];
          let unseen: number[] = [];
          for (const { suffix, pick, removes, looks } of steps) {
            // What comes and goes between two looks leaves no trace; everything else may befall there.
            const victim = removes ? standing.splice(pick % Math.max(1, standing.length), 1)[0] : undefined;
            if (victim !== undefined) watched.unmake(victim);
            const number = removes ? undefined : watched.make(suffix);
            if (number !== undefined) unseen.push(number);
            if (!looks) continue;
            standing = [...standing, ...unseen];
            unseen = [];
            if (await checked(watched)) estimates += 1;
          }
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(estimates > 500, `only ${estimates} times there was an estimate to check`);
  });

  it("stays known while every change is seen by itself", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const watched = new Watched(1024);
        await watched.look();
        const standing: number[] = [];
        for (const { suffix, pick, removes } of steps) {
          const victim = removes ? standing.splice(pick % Math.max(1, standing.length), 1)[0] : undefined;
          if (victim !== undefined) watched.unmake(victim);
          const number = removes ? undefined : watched.make(suffix);
          if (number !== undefined) standing.push(number);
          const { gpu, fragmentation, finding } = await watched.look();
          assert.ok(fragmentation.largest);
          for (const { sizes } of gpu.types) {
            assert.ok(sizes);
            assert.equal(finding(nineOf(sizes)), Math.min(9, fragmentation.room(sizes)));
          }
        }
      }),
    );
  });
});

/** More than a GPU makes. */
function nineOf(sizes: SliceSizes): readonly SliceSizes[] {
  return Array<SliceSizes>(9).fill(sizes);
}

/** Tries what the estimate promises, and takes it back; false when there is no estimate. */
async function checked(watched: Watched): Promise<boolean> {
  const { gpu, fragmentation, finding } = await watched.look();
  const { largest } = fragmentation;
  if (!largest) return false;
  assert.ok(largest.lowGmMib <= watched.cells.longest("low"));
  assert.ok(largest.highGmMib <= watched.cells.longest("high"));
  for (const { sizes, kernelAvailable = 0, name } of gpu.types) {
    assert.ok(sizes);
    const promised = Math.min(fragmentation.room(sizes), kernelAvailable);
    const trials = Array.from({ length: promised }, (_, n) => `trial ${n}`);
    for (const trial of trials) assert.ok(watched.cells.make(trial, mib(sizes)), `${name} does not fit`);
    for (const trial of trials) watched.cells.unmake(trial);
    assert.ok(finding(nineOf(sizes)) <= fragmentation.room(sizes), name);
  }
  const mix = gpu.types.flatMap(({ sizes }) => (sizes ? [sizes, sizes] : [])).toReversed();
  const found = mix.slice(0, finding(mix)).map((sizes, n) => ({ trial: `mixed ${n}`, sizes }));
  for (const { trial, sizes } of found) assert.ok(watched.cells.make(trial, mib(sizes)), trial);
  for (const { trial } of found) watched.cells.unmake(trial);
  return true;
}
