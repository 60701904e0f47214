// How busy slices of XenGT were: read by one reader, no more often than it means something, and shown by vGPU.
import assert from "node:assert/strict";
import { parseVgpuId } from "../../../agent/core/ids.ts";
import { sliceUseCollector } from "../../../agent/observation/slice-use-metrics.ts";
import { SliceUseSampler } from "../../../agent/observation/slice-use-sampler.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { exampleView } from "./example-host.ts";

type Shares = ReadonlyMap<number, number>;

describe("the readings of how busy slices were", () => {
  const clock = new FakeClock();
  function sampling(
    shares: () => Promise<Shares>,
    hasSlices: () => boolean = () => true,
  ): { readonly sampler: SliceUseSampler; readonly endings: unknown[] } {
    const endings: unknown[] = [];
    const sampler = new SliceUseSampler({
      ...{ source: { shares }, hasSlices, clock, stop: new AbortController().signal },
      onReading: (error) => endings.push(error),
    });
    return { sampler, endings };
  }
  /** Each reading is told from the one before. */
  function counting(): { readonly shares: () => Promise<Shares>; readonly asked: () => number } {
    let asked = 0;
    return { shares: () => Promise.resolve(new Map([[3, (asked += 1) / 10]])), asked: () => asked };
  }

  it("are shared by all who scrape within ten seconds, so that nobody cuts another's short", async () => {
    const { shares, asked } = counting();
    const { sampler } = sampling(shares);
    await Promise.all([sampler.refresh(1_000, 500), sampler.refresh(1_000, 500)]);
    await clock.advance(9_000);
    await sampler.refresh(1_000, 500);
    assert.deepEqual([asked(), sampler.view], [1, { shares: new Map([[3, 0.1]]), failing: false }]);
    await clock.advance(1_001);
    await sampler.refresh(1_000, 500);
    assert.deepEqual([asked(), sampler.view.shares], [2, new Map([[3, 0.2]])]);
  });

  it("are not taken while there is no slice of a driver that tells, and what was read is not kept", async () => {
    const { shares, asked } = counting();
    let has = true;
    const { sampler } = sampling(shares, () => has);
    await sampler.refresh(1_000, 500);
    has = false;
    await sampler.refresh(1_000, 500);
    assert.deepEqual([asked(), sampler.view], [1, { shares: new Map(), failing: false }]);
  });

  it("show nothing and say so when they fail, until one succeeds", async () => {
    const away = new Error("hostd is away");
    let answer: () => Promise<Shares> = () => Promise.reject(away);
    const { sampler, endings } = sampling(() => answer());
    await sampler.refresh(1_000, 500);
    assert.deepEqual(sampler.view, { shares: new Map(), failing: true });
    answer = () => Promise.resolve(new Map([[3, 0.5]]));
    await clock.advance(10_001);
    await sampler.refresh(1_000, 500);
    assert.deepEqual([sampler.view.failing, endings], [false, [away, undefined]]);
  });

  it("are waited for no longer than a scrape may take", async () => {
    const { sampler } = sampling(() => new Promise(() => undefined));
    const waiting = sampler.refresh(1_000, 500);
    await clock.advance(501);
    await waiting;
    assert.deepEqual(sampler.view, { shares: new Map(), failing: true });
  });
});

describe("the metric of how busy slices were", () => {
  const id = parseVgpuId("f0e1d2c3-0000-5000-8000-000000000003");
  assert.ok(id);
  const gpu = exampleView.gpus[0]?.gpu.address;
  assert.ok(gpu);
  const kernel = { id, gpu, type: "", isLeaving: false, iommuGroup: undefined, domid: 3 };
  const vgpu = {
    ...{ id, gpu, type: "", kernel, ownership: "foreign" as const, present: true, inUse: true },
    ...{ claim: undefined, share: undefined, domain: undefined },
  };
  const samples = (shares: Shares): unknown =>
    sliceUseCollector.metrics.map((metric) =>
      metric.samples({
        ...exampleView,
        vgpus: [vgpu, ...exampleView.vgpus],
        sliceUse: { shares, failing: false },
      }),
    );

  it("is of the vGPU that was made for the domain of that number, and of no other", () => {
    const others = new Map([
      [3, 0.25],
      [4, 1],
    ]);
    assert.deepEqual(samples(others), [[{ labels: { vgpu_id: id }, value: 0.25 }]]);
    assert.deepEqual(samples(new Map()), [[]]);
  });
});
