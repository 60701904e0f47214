// What is added up of hostd's counts for vGPUs that are virtual functions.
import assert from "node:assert/strict";
import { parseVgpuId, type VgpuId } from "../../../agent/core/ids.ts";
import type { VgpuView } from "../../../agent/lifecycle/views.ts";
import { engineUseCollector } from "../../../agent/observation/engine-use-metrics.ts";
import {
  countedFunctions,
  EngineUseAccounts,
  type EngineTicksSource,
  type FunctionTicks,
  type FunctionVgpu,
} from "../../../agent/observation/engine-use.ts";
import { EngineUseSampler } from "../../../agent/observation/engine-use-sampler.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { exampleView } from "./example-host.ts";

const GPU = pciAddress(0);

function vgpuId(n: number): VgpuId {
  const id = parseVgpuId(`76677075-0000-8000-8000-00000000000${n}`);
  assert.ok(id);
  return id;
}

const desk: FunctionVgpu = { id: vgpuId(1), gpu: GPU, number: 1 };
const lab: FunctionVgpu = { id: vgpuId(2), gpu: GPU, number: 2 };
const render = (active: number, total: number, number = 1): FunctionTicks => ({
  ...{ function: number, gt: 0, engine: "render", instance: 0 },
  ...{ active, total },
});

/** What the first of the vGPUs has after each reading. */
function used(readings: readonly FunctionTicks[]): readonly (readonly number[])[] {
  const accounts = new EngineUseAccounts();
  return readings.map((reading) => {
    const [use] = accounts.add([reading], [desk]);
    return use ? [use.active, use.total] : [];
  });
}

describe("the ticks of a vGPU that is a virtual function", () => {
  it("begin with the first reading that sees it, whatever the function had used before", () => {
    assert.deepEqual(used([render(500, 9_000), render(620, 9_300)]), [
      [0, 0],
      [120, 300],
    ]);
  });

  it("do not become less when hostd was started anew and counts from nothing", () => {
    assert.deepEqual(used([render(500, 900), render(600, 1_000), render(40, 90)]).at(-1), [140, 190]);
  });

  it("go on where hostd was started anew and had not counted anything yet when it was asked first", () => {
    const accounts = new EngineUseAccounts();
    accounts.add([render(500, 900)], [desk]);
    accounts.add([render(600, 1_000)], [desk]);
    assert.deepEqual(accounts.add([], [desk]), []);
    assert.deepEqual(
      accounts.add([render(40, 90)], [desk]).map(({ active, total }) => [active, total]),
      [[140, 190]],
    );
  });

  it("are of the vGPU, not of the function: who has it next begins at nothing", () => {
    const accounts = new EngineUseAccounts();
    accounts.add([render(500, 900)], [desk]);
    accounts.add([render(600, 1_000)], [desk]);
    const next = { ...lab, number: 1 };
    assert.deepEqual(
      accounts.add([render(700, 1_100)], [next]).map(({ vgpu, active }) => [vgpu, active]),
      [[lab.id, 0]],
    );
  });

  it("are told of no function that is nobody's vGPU", () => {
    assert.deepEqual(new EngineUseAccounts().add([render(1, 2, 7)], [desk, lab]), []);
  });
});

describe("the functions that are counted", () => {
  const flex = exampleView.gpus.find(({ gpu }) => gpu.driver === "xe")?.gpu;
  assert.ok(flex);
  const address = flex.sriov?.functions[0]?.address ?? GPU;
  const vgpu = (change: Partial<VgpuView> = {}): VgpuView => ({
    ...{ id: desk.id, gpu: flex.address, type: "vf", ownership: "own", claim: undefined, present: true },
    ...{ share: { mode: "sriov", number: 1, address }, kernel: undefined, domain: undefined, inUse: true },
    ...change,
  });
  const { inventory } = exampleView;
  assert.ok(inventory);

  it("are those that exist of a GPU that xe drives", () => {
    const i915 = exampleView.gpus.find(({ gpu }) => gpu.driver === "i915")?.gpu.address ?? GPU;
    const others = [
      vgpu({ present: false }),
      vgpu({ gpu: i915 }),
      vgpu({ share: { mode: "gvt-d" } }),
      vgpu({ share: undefined }),
    ];
    assert.deepEqual(
      countedFunctions(inventory, () => [vgpu(), ...others]),
      [{ id: desk.id, gpu: flex.address, number: 1 }],
    );
  });

  it("are none, and nobody is asked for vGPUs, where xe drives no GPU that has any", () => {
    const asked = (): never => assert.fail("there is none to be asked for");
    const gpus = new Map([...inventory.gpus].filter(([, { driver }]) => driver !== "xe"));
    assert.deepEqual(countedFunctions({ ...inventory, gpus }, asked), []);
    const uncut = { ...flex, sriov: flex.sriov && { ...flex.sriov, functions: [] } };
    assert.deepEqual(countedFunctions({ ...inventory, gpus: new Map([[flex.address, uncut]]) }, asked), []);
  });

  it("are not known while libvirt is away, nor before the first look", () => {
    const away = { ...inventory, domains: { known: false, why: "hung", away: "libvirt" } as const };
    assert.equal(
      countedFunctions(away, () => [vgpu()]),
      undefined,
    );
    assert.equal(
      countedFunctions(undefined, () => []),
      undefined,
    );
  });
});

describe("the readings of ticks", () => {
  const clock = new FakeClock();
  function sampling(
    ticks: EngineTicksSource["ticks"],
    functions: () => readonly FunctionVgpu[] | undefined = () => [desk],
  ): { readonly sampler: EngineUseSampler; readonly endings: unknown[] } {
    const endings: unknown[] = [];
    const sampler = new EngineUseSampler({
      ...{ source: { ticks }, functions, clock, stop: new AbortController().signal },
      onReading: (error) => endings.push(error),
    });
    return { sampler, endings };
  }
  const again = async (sampler: EngineUseSampler): Promise<void> => {
    await clock.advance(1_001);
    await sampler.refresh(1_000, 500);
  };

  it("are taken once for all who scrape at the same time, and of no GPU without such a vGPU", async () => {
    let asked = 0;
    let functions: readonly FunctionVgpu[] = [];
    const { sampler } = sampling(
      () => {
        asked += 1;
        return Promise.resolve([render(asked, 10 * asked)]);
      },
      () => functions,
    );
    await again(sampler);
    assert.equal(asked, 0);
    functions = [desk, lab];
    await clock.advance(1_001);
    await Promise.all([sampler.refresh(1_000, 500), sampler.refresh(1_000, 500)]);
    assert.equal(asked, 1);
    await again(sampler);
    assert.deepEqual(sampler.view, {
      engines: [{ vgpu: desk.id, gt: 0, engine: "render", instance: 0, active: 1, total: 10 }],
      failing: false,
    });
  });

  it("go on with the vGPUs that there were while it is not known which there are", async () => {
    let functions: readonly FunctionVgpu[] | undefined = [desk];
    let active = 0;
    const { sampler } = sampling(
      () => Promise.resolve([render((active += 5), 100)]),
      () => functions,
    );
    await again(sampler);
    functions = undefined;
    await again(sampler);
    assert.equal(sampler.view.engines[0]?.active, 5);
  });

  const refusal = { because: "no-perf", said: "spawn /usr/bin/perf ENOENT" } as const;

  it("are no failure where nothing is counted, and say why", async () => {
    let told: typeof refusal | undefined = refusal;
    const { sampler, endings } = sampling(() => Promise.resolve(told));
    await again(sampler);
    assert.deepEqual(
      [sampler.view, sampler.counting],
      [{ engines: [], failing: false }, new Map([[GPU, refusal]])],
    );
    told = undefined;
    await again(sampler);
    assert.deepEqual(
      [sampler.view.failing, sampler.counting.size, endings],
      [false, 0, [undefined, undefined]],
    );
  });

  it("tell that a GPU is counted from the first figures on, and not while hostd does not answer", async () => {
    const away = new Error("hostd is away");
    const answers: (() => Promise<readonly FunctionTicks[]>)[] = [
      () => Promise.resolve([]),
      () => Promise.resolve([render(0, 10)]),
      () => Promise.reject(away),
    ];
    const { sampler } = sampling(() => answers.shift()?.() ?? Promise.resolve([]));
    assert.deepEqual(sampler.counting, new Map());
    const told: unknown[] = [];
    while (answers.length > 0) {
      await again(sampler);
      told.push(sampler.counting);
    }
    assert.deepEqual(told, [new Map(), new Map([[GPU, "counted"]]), new Map()]);
  });

  it("tell nothing of now when nobody has asked for minutes", async () => {
    const { sampler } = sampling(() => Promise.resolve(refusal));
    await again(sampler);
    await clock.advance(5 * 60_000);
    assert.equal(sampler.counting.size, 1);
    await clock.advance(1);
    assert.equal(sampler.counting.size, 0);
  });

  it("show nothing and say so when hostd does not answer, or takes longer than a scrape may", async () => {
    const away = new Error("hostd is away");
    const failed = sampling(() => Promise.reject(away));
    await again(failed.sampler);
    assert.deepEqual([failed.sampler.view, failed.endings], [{ engines: [], failing: true }, [away]]);
    const { sampler } = sampling(() => new Promise(() => undefined));
    const waiting = sampler.refresh(1_000, 500);
    await clock.advance(501);
    await waiting;
    assert.deepEqual(sampler.view, { engines: [], failing: true });
  });
});

describe("the metrics of ticks", () => {
  it("are of each engine of each vGPU", () => {
    const use = { vgpu: desk.id, gt: 1, engine: "video", instance: 2, active: 7, total: 90 } as const;
    const view = { ...exampleView, engineUse: { engines: [use], failing: false } };
    const labels = { vgpu_id: desk.id, gt: "1", engine: "video", engine_instance: "2" };
    assert.deepEqual(
      engineUseCollector.metrics.map((metric) => [metric.name, metric.samples(view)]),
      [
        ["vgpud_vgpu_engine_active_ticks_total", [{ labels, value: 7 }]],
        ["vgpud_vgpu_engine_given_ticks_total", [{ labels, value: 90 }]],
      ],
    );
  });
});
