// What one view of a host tells of the next: the size of the address space, where slices lie, what was refused.
import assert from "node:assert/strict";
import { gvtgCapacity, kernelCounts } from "../../../agent/backends/kvmgt/capacity-rule.ts";
import { rememberGvtg } from "../../../agent/backends/kvmgt/memory.ts";
import type { Observation } from "../../../agent/discovery/observe.ts";
import type { GpuMemory } from "../../../agent/inventory/memory.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const MINUTE_MS = 60_000;
const large = { lowGmMib: 256, highGmMib: 1024 };

class Host {
  readonly gpu: FakeGpu;
  readonly fake: FakeHost;
  readonly snapshot = new Snapshot(rememberGvtg);
  now = 0;

  constructor(apertureMib = 1024) {
    this.gpu = new FakeGpu(pciAddress(), apertureMib);
    this.fake = new FakeHost({ gpus: [this.gpu], wall: () => this.now });
  }

  async look(change: (seen: Observation) => Observation = (seen) => seen): Promise<GpuMemory> {
    const { gpus } = this.snapshot.update(change(await this.fake.look()));
    const memory = gpus.get(this.gpu.address)?.memory;
    assert.ok(memory);
    return memory;
  }
}

/** As if the kernel showed these counts, smallest type first. */
function counting(...counts: readonly number[]): (seen: Observation) => Observation {
  return withGpu((gpu) => ({
    ...gpu,
    types: gpu.types.map((type, at) => ({ ...type, kernelAvailable: counts[at] ?? type.kernelAvailable })),
  }));
}

function withGpu(change: (gpu: Gpu) => Gpu): (seen: Observation) => Observation {
  return (seen) => ({
    ...seen,
    gpus: new Map([...seen.gpus].map(([address, gpu]) => [address, change(gpu)])),
  });
}

describe("what the kernel says of an empty GPU", () => {
  const table = (apertureMib: number, ggttMib: number, kernel: string): number[][] => {
    const facts = new FakeGpu(pciAddress(), apertureMib).facts();
    const endowment = gvtgCapacity({
      ...facts,
      memory: { ggttMib, layouts: undefined, countsAgree: false, refusal: undefined },
    });
    assert.ok(endowment);
    return facts.types.map(({ sizes }) => (sizes ? kernelCounts(endowment, [], sizes, kernel) : []));
  };

  it("is what fits, but behind an aperture of 4 GiB, where its arithmetic wraps around", () => {
    assert.deepEqual(table(256, 4096, "6.12.0"), [[2], [1]]);
    assert.deepEqual(table(1024, 4096, "6.12.0"), [[7], [5], [2], [1]]);
    assert.deepEqual(table(2048, 4096, "6.12.0"), [[4], [3], [1], [0]]);
    assert.deepEqual(table(4096, 4096, "6.12.0"), [[7], [7], [3], [1]]);
    assert.deepEqual(table(1024, 1024, "6.12.0"), [[7], [7], [3], [1]]);
  });

  it("may leave out the fences before 6.1, which only an aperture of 4 GiB shows", () => {
    assert.deepEqual(table(4096, 4096, "5.10.0-30-amd64")[0], [7, 9]);
    for (const aperture of [256, 512, 1024, 2048])
      for (const [first, ...others] of table(aperture, 4096, "5.10.0-30-amd64"))
        assert.deepEqual(
          others.filter((count) => count !== first),
          [],
        );
  });
});

describe("the memory of a GPU", () => {
  it("learns from an empty GPU that the firmware gave it a smaller address space", async () => {
    const host = new Host();
    const memory = await host.look(counting(1, 1, 0, 0));
    assert.deepEqual([memory.ggttMib, memory.countsAgree], [2048, true]);
    const gpu = host.snapshot.current?.gpus.get(host.gpu.address);
    assert.ok(gpu);
    assert.equal(gvtgCapacity(gpu)?.total.highGmMib, 1024);
  });

  it("takes it for 4 GiB where the counts fit that, or fit none", async () => {
    const host = new Host();
    assert.equal((await host.look()).ggttMib, 4096);
    const lied = await new Host().look(counting(3, 3, 3, 3));
    assert.deepEqual([lied.ggttMib, lied.countsAgree], [undefined, false]);
  });

  it("does not take a leak for a smaller address space", async () => {
    const host = new Host();
    await host.look();
    const leaked = await host.look(counting(1, 1, 0, 0));
    assert.deepEqual([leaked.ggttMib, leaked.countsAgree], [4096, false]);
  });

  it("is of one boot", async () => {
    const host = new Host();
    await host.look();
    host.gpu.make(foreignVgpuId(1), typeName("4"));
    assert.ok((await host.look()).layouts);
    host.fake.bootId = "boot-2";
    const after = await host.look();
    assert.deepEqual([after.ggttMib, after.layouts], [undefined, undefined]);
  });

  it("is kept while the boot's id cannot be read, and is still over after a reboot that a later look shows", async () => {
    const host = new Host();
    await host.look();
    host.gpu.make(foreignVgpuId(1), typeName("4"));
    await host.look();
    host.fake.bootId = "";
    assert.ok((await host.look()).layouts);
    host.fake.bootId = "boot-1";
    assert.ok((await host.look()).layouts);
    host.fake.bootId = "";
    await host.look();
    host.fake.bootId = "boot-2";
    assert.equal((await host.look()).layouts, undefined);
  });

  it("forgets where slices lie when one is there of a type that is not described", async () => {
    const host = new Host();
    await host.look();
    host.gpu.make(foreignVgpuId(1), typeName("4"));
    const bare = withGpu((gpu) => ({
      ...gpu,
      types: gpu.types.map((type) => ({ ...type, sizes: undefined })),
    }));
    assert.equal((await host.look(bare)).layouts, undefined);
  });

  it("keeps what it knows when a look shows the same", async () => {
    const host = new Host();
    host.gpu.make(foreignVgpuId(1), typeName("4"));
    await host.look();
    const { current } = host.snapshot;
    await host.look();
    assert.equal(host.snapshot.current?.revision, current?.revision);
  });
});

describe("a refusal that the sums do not explain", () => {
  async function refused(): Promise<Host> {
    const host = new Host();
    await host.look();
    for (const n of [1, 2]) host.gpu.make(foreignVgpuId(n), typeName("8"));
    await host.look();
    host.snapshot.learn(host.gpu.address, { refusal: { sizes: large, at: host.now } });
    return host;
  }

  it("is remembered while the slices stay, whatever comes", async () => {
    const host = await refused();
    host.gpu.make(foreignVgpuId(3), typeName("8"));
    assert.deepEqual((await host.look()).refusal?.sizes, large);
  });

  it("is over once one of them has gone; where the others lie is then not known any more", async () => {
    const host = await refused();
    host.gpu.unmake(foreignVgpuId(1));
    const after = await host.look();
    assert.deepEqual([after.refusal, after.layouts], [undefined, undefined]);
    host.gpu.unmake(foreignVgpuId(2));
    assert.deepEqual((await host.look()).layouts, [new Map()]);
  });

  it("is over once a slice as large has been made after all", async () => {
    const host = await refused();
    host.gpu.make(foreignVgpuId(3), typeName("2"));
    assert.equal((await host.look()).refusal, undefined);
  });

  it("is over after ten minutes: the host's windows come and go without a sign", async () => {
    const host = await refused();
    host.now += 9 * MINUTE_MS;
    assert.ok((await host.look()).refusal);
    host.now += 2 * MINUTE_MS;
    assert.equal((await host.look()).refusal, undefined);
  });

  it("is over as well when the wall clock was set back by more than that", async () => {
    const host = await refused();
    host.now -= 11 * MINUTE_MS;
    assert.equal((await host.look()).refusal, undefined);
  });

  it("is not over for what had gone and come before it, which the next look shows", async () => {
    const host = await refused();
    host.gpu.unmake(foreignVgpuId(1));
    host.gpu.make(foreignVgpuId(3), typeName("2"));
    host.now += 1;
    host.snapshot.learn(host.gpu.address, { refusal: { sizes: large, at: host.now } });
    host.now += 1;
    assert.deepEqual((await host.look()).refusal?.sizes, large);
    host.gpu.unmake(foreignVgpuId(2));
    assert.equal((await host.look()).refusal, undefined);
  });

  it("is nothing for a GPU that is not there", () => {
    const snapshot = new Snapshot(rememberGvtg);
    snapshot.learn(pciAddress(), { refusal: { sizes: large, at: 0 } });
    assert.equal(snapshot.current, undefined);
  });
});
