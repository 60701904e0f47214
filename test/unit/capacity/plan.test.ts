// What a plan says: where, in which order, what is short, and what would be otherwise.
import assert from "node:assert/strict";
import { rememberGvtg } from "../../../agent/backends/kvmgt/memory.ts";
import { gvtgTypesAt } from "../../../agent/backends/kvmgt/types-at-aperture.ts";
import { planOf, type Plan } from "../../../agent/capacity/plan.ts";
import type { PlanStock, Supposition } from "../../../agent/capacity/plan/suppose.ts";
import type { PlanRequest } from "../../../agent/capacity/plan/units.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { asItIs } from "../../fakes/plan-cases.ts";
import { FakeGpu, typeName, type TypeSuffix } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { untouched } from "../../fakes/stock.ts";

const FIRST = pciAddress(0);
const SECOND = pciAddress(1);

function ask(suffix: TypeSuffix, count = 1, wish: Partial<Wish> = {}): PlanRequest {
  return {
    wish: { size: { by: "type", type: typeName(suffix) }, gpu: undefined, policy: "pack", ...wish },
    count,
  };
}

/** Kernels with foreign slices where one was made by `foreignVgpuId`. */
function stockOf(kernels: readonly FakeGpu[], change: (gpu: Gpu) => Gpu = (gpu) => gpu): PlanStock {
  const slices = kernels.flatMap((kernel) => kernel.slices());
  const holdings = slices.flatMap(({ id, gpu, type }) => {
    const sizes = kernels
      .find(({ address }) => address === gpu)
      ?.facts()
      .types.find(({ name }) => name === type)?.sizes;
    return sizes ? [{ vgpuId: id, gpu, sizes }] : [];
  });
  return {
    ...{ ...untouched, typesAt: gvtgTypesAt, holdings },
    gpus: kernels.map((kernel) => change(kernel.facts())),
    foreign: new Set(slices.map(({ id }) => id).filter((id) => id.startsWith("f"))),
    made: new Set(slices.map(({ id }) => id)),
  };
}

function kernels(...apertures: number[]): FakeGpu[] {
  return apertures.map((aperture, n) => new FakeGpu(pciAddress(n), aperture));
}

function plan(requests: readonly PlanRequest[], stock: PlanStock, what: Partial<Supposition> = {}): Plan {
  return planOf(requests, stock, { ...asItIs, ...what });
}

function where({ planned }: Plan): string[] {
  return planned.map(({ gpu, type }) => `${type.slice(-1)} on ${gpu === FIRST ? "first" : "second"}`);
}

describe("a plan", () => {
  it("mixes types on one GPU, the largest made first", () => {
    const made = plan([ask("8", 2), ask("2")], stockOf(kernels(1024)));
    assert.deepEqual(where(made), ["2 on first", "8 on first", "8 on first"]);
    assert.deepEqual(
      made.planned.map(({ item }) => item),
      [1, 0, 0],
    );
    assert.deepEqual([made.unplanned, made.exact, made.warnings], [[], true, []]);
  });

  it("goes by the policy of each request as long as everything fits", () => {
    const stock = stockOf(kernels(1024, 1024));
    assert.deepEqual(where(plan([ask("8", 3)], stock)), ["8 on first", "8 on first", "8 on first"]);
    const spread = plan([ask("8", 3, { policy: "spread" })], stock);
    assert.deepEqual(where(spread), ["8 on first", "8 on first", "8 on second"]);
    const numa = stockOf(kernels(1024, 1024), (gpu) => ({ ...gpu, numaNode: gpu.address === FIRST ? 0 : 1 }));
    const near = plan([ask("8", 8, { policy: "numa", near: [1] })], numa);
    assert.deepEqual(where(near).slice(0, 2), ["8 on first", "8 on second"]);
    assert.match(near.warnings.join(), /0000:00:02\.0 is on NUMA node 0, not on 1$/);
  });

  it("leaves the policy where it would keep others out", () => {
    // Packed, the small one would go to the fuller first GPU, on which alone the large one has a place.
    const hosts = kernels(1024, 512);
    hosts[0]?.make(ownVgpuId(1), typeName("4"));
    const requests = [ask("8", 1), ask("1"), ask("4", 2, { gpu: SECOND })];
    const made = plan(requests, stockOf(hosts));
    assert.deepEqual([made.unplanned, made.exact], [[], true]);
  });

  it("plans as many as can be: small ones before a large one that would keep them out", () => {
    const made = plan([ask("1"), ask("8", 7)], stockOf(kernels(1024)));
    assert.equal(made.planned.length, 7);
    assert.deepEqual(
      made.unplanned.map(({ item, count }) => [item, count]),
      [[0, 1]],
    );
  });

  it("says of each GPU which resource is short, by how much, and names the nearest one's first", () => {
    const hosts = kernels(256, 512);
    hosts[1]?.make(ownVgpuId(1), typeName("4"));
    const made = plan([ask("2", 2)], stockOf(hosts));
    assert.deepEqual(where(made), ["2 on second"]);
    const [{ count, reason, shortfalls } = { count: 0, reason: "", shortfalls: [] }] = made.unplanned;
    assert.deepEqual([count, reason], [1, "APERTURE_EXHAUSTED"]);
    assert.deepEqual(
      shortfalls.map(({ gpu, reason: lost, missing }) => [gpu, lost, missing]),
      [
        [FIRST, "TYPE_UNKNOWN", undefined],
        [SECOND, "APERTURE_EXHAUSTED", { lowGmMib: 256, highGmMib: 0, fences: 0, instances: 0 }],
      ],
    );
    assert.match(shortfalls[1]?.why ?? "", /needs 256 MiB low GM.*free are 0 MiB low GM/);
  });

  it("knows no GPU of the host that could serve", () => {
    const [item] = plan([ask("1")], stockOf(kernels(256))).unplanned;
    assert.deepEqual(item?.reason, "TYPE_UNKNOWN");
    assert.equal(plan([ask("8")], stockOf(kernels(128))).unplanned[0]?.reason, "MODE_UNSUPPORTED");
    const none = plan([ask("8")], stockOf([]));
    assert.deepEqual([none.unplanned[0]?.reason, none.exact], ["MODE_UNSUPPORTED", true]);
  });

  it("tells once what sizes are rounded up to", () => {
    const sizes = { lowGmMib: 100, highGmMib: 0, fences: 0 };
    const made = plan([ask("8", 2, { size: { by: "sizes", sizes } })], stockOf(kernels(1024, 1024)));
    assert.deepEqual(where(made), ["4 on first", "4 on first"]);
    assert.equal(made.warnings.length, 1);
    assert.match(made.warnings[0] ?? "", /is told no sizes: i915-GVTg_V5_4 gives 128 .* 28 MiB low GM/);
  });
});

describe("a plan for a GPU that has lately refused a size for want of one piece", () => {
  const refusal = { sizes: { lowGmMib: 128, highGmMib: 512 }, at: 0 };
  const memory = { ggttMib: 4096, layouts: undefined, countsAgree: true, refusal };
  const refusing = (gpu: Gpu): Gpu => (gpu.address === FIRST ? { ...gpu, memory } : gpu);
  const stock = stockOf(kernels(1024, 1024), refusing);

  it("takes another for that size as a create would, and the same for a smaller one", () => {
    const made = plan([ask("4"), ask("8")], stock);
    assert.deepEqual([where(made), made.warnings], [["4 on second", "8 on second"], []]);
    assert.deepEqual(where(plan([ask("8")], stock)), ["8 on first"]);
  });

  it("takes it last, and says that the kernel may refuse", () => {
    const made = plan([ask("4", 6)], stock);
    assert.equal(made.planned.filter(({ gpu }) => gpu === FIRST).length, 1);
    assert.deepEqual(made.warnings, [
      "0000:00:02.0 has room in sum and perhaps in no one piece; the kernel may refuse",
    ]);
  });

  it("knows nothing of it where the GPU is supposed otherwise", () => {
    const made = plan([ask("4")], stock, { apertures: new Map([[FIRST, 512]]) });
    assert.deepEqual([where(made), made.warnings], [["4 on first"], []]);
  });
});

describe("a plan for a GPU whose slices lie apart", () => {
  it("says so of what finds no piece only once the rest is made", async () => {
    const kernel = new FakeGpu(FIRST, 1024);
    const host = new FakeHost({ gpus: [kernel], wall: () => 0 });
    const snapshot = new Snapshot(rememberGvtg);
    const look = async (): Promise<Gpu> => {
      const gpu = snapshot.update(await host.look()).gpus.get(FIRST);
      assert.ok(gpu);
      return gpu;
    };
    await look();
    for (const [nth, suffix] of (["8", "4", "8", "4"] as const).entries()) {
      kernel.make(foreignVgpuId(nth), typeName(suffix));
      await look();
    }
    for (const nth of [0, 2]) kernel.unmake(foreignVgpuId(nth));
    const seen = await look();
    const stock = stockOf([kernel], () => seen);
    assert.deepEqual(plan([ask("4")], stock).warnings, []);
    const three = plan([ask("4", 3)], stock);
    assert.deepEqual(
      [three.planned.length, three.warnings],
      [3, ["0000:00:02.0 has room in sum and perhaps in no one piece; the kernel may refuse"]],
    );
    assert.deepEqual(plan([ask("4", 3)], stock, { withoutForeign: true }).warnings, []);
  });
});

describe("a kernel that counts less than we do", () => {
  const less = (counts: Record<string, number>) => (gpu: Gpu) => ({
    ...gpu,
    types: gpu.types.map((type) => ({ ...type, kernelAvailable: counts[type.name.slice(-1)] ?? 7 })),
  });

  it("bounds a type and all larger ones together, and is told about", () => {
    const stock = stockOf(kernels(1024), less({ 4: 2 }));
    const made = plan([ask("4", 2), ask("2", 1), ask("8", 1)], stock);
    assert.equal(made.planned.filter(({ type }) => type !== typeName("8")).length, 2);
    assert.equal(made.planned.length, 3);
    const [lost] = made.unplanned;
    assert.deepEqual([lost?.reason, lost?.shortfalls[0]?.missing], ["KERNEL_REPORTS_NO_ROOM", undefined]);
    assert.match(
      lost?.shortfalls[0]?.why ?? "",
      /available_instances of i915-GVTg_V5_4 is 2, and vGPUs that are promised or planned take that$/,
    );
    assert.match(made.warnings.join(), /counts less on GPU 0000:00:02\.0 .*2 of i915-GVTg_V5_4.*may be less/);
  });

  it("will count what is promised and not made yet, too", () => {
    const stock = stockOf(kernels(1024), less({ 8: 2 }));
    const sizes = { lowGmMib: 64, highGmMib: 384, fences: 4 };
    const promised = { ...stock, holdings: [{ vgpuId: ownVgpuId(1), gpu: FIRST, sizes }] };
    assert.equal(plan([ask("8", 3)], promised).planned.length, 1);
  });

  it("has said nothing about a host that is supposed otherwise", () => {
    const hosts = kernels(1024);
    hosts[0]?.make(foreignVgpuId(1), typeName("8"));
    const stock = stockOf(hosts, less({ 8: 0, 4: 0, 2: 0, 1: 0 }));
    assert.equal(plan([ask("8", 7)], stock).planned.length, 0);
    assert.equal(plan([ask("8", 7)], stock, { withoutForeign: true }).planned.length, 7);
  });
});

describe("a plan for a host that is otherwise", () => {
  it("has the types that the kernel would list with another aperture", () => {
    const at = (apertureMib: number): number[] => {
      const suffixes: readonly TypeSuffix[] = ["8", "4", "2", "1"];
      const apertures = new Map([[FIRST, apertureMib]]);
      return suffixes.map((one) => plan([ask(one, 9)], stockOf(kernels(256)), { apertures }).planned.length);
    };
    assert.deepEqual(at(128), [0, 0, 0, 0]);
    assert.deepEqual(at(512), [6, 3, 1, 0]);
    assert.deepEqual(at(1024), [7, 5, 2, 1]);
    assert.deepEqual(at(2048), [4, 3, 1, 0]);
    assert.deepEqual(at(4096), [0, 0, 0, 0], "nothing is hidden memory then, whatever the kernel shows");
    const [none] = plan([ask("8")], stockOf(kernels(256)), { apertures: new Map([[FIRST, 4096]]) }).unplanned;
    assert.equal(none?.reason, "HIGH_GM_EXHAUSTED");
  });

  it("takes a GPU whose aperture is too small for one that would have types, and others as they are", () => {
    const apertures = new Map([[FIRST, 512]]);
    const [tooSmall, noGvt] = [kernels(128), kernels(256)];
    assert.equal(plan([ask("8", 9)], stockOf(tooSmall), { apertures }).planned.length, 6);
    const off = stockOf(noGvt, (gpu) => ({ ...gpu, types: [] }));
    assert.equal(plan([ask("8", 9)], off, { apertures }).unplanned[0]?.reason, "MODE_UNSUPPORTED");
    const newer = stockOf(tooSmall, (gpu) => ({ ...gpu, deviceId: "9a49" }));
    assert.equal(plan([ask("8", 9)], newer, { apertures }).unplanned[0]?.reason, "MODE_UNSUPPORTED");
  });

  it("does without foreign slices, or without any", () => {
    const hosts = kernels(512);
    hosts[0]?.make(foreignVgpuId(1), typeName("8"));
    hosts[0]?.make(ownVgpuId(2), typeName("4"));
    const stock = stockOf(hosts);
    const most = (what: Partial<Supposition>): number => plan([ask("8", 9)], stock, what).planned.length;
    assert.deepEqual([most({}), most({ withoutForeign: true }), most({ empty: true })], [3, 4, 6]);
  });

  it("does without a GPU, also for those who ask for no other", () => {
    const stock = stockOf(kernels(512, 512));
    const without = { withoutGpus: new Set([FIRST]) };
    assert.deepEqual(where(plan([ask("8")], stock, without)), ["8 on second"]);
    const [item] = plan([ask("8", 1, { gpu: FIRST })], stock, without).unplanned;
    assert.deepEqual([item?.reason, item?.shortfalls], ["GPU_NOT_FOUND", []]);
  });
});

describe("a plan with a GPU of which the kernel does not say what it would make", () => {
  const uncounted = (gpu: Gpu): Gpu => ({
    ...gpu,
    types: gpu.types.map((type) => ({
      ...type,
      kernelAvailable: gpu.address === FIRST ? undefined : type.kernelAvailable,
    })),
  });
  const stock = stockOf(kernels(1024, 512), uncounted);

  it("puts nothing there, and says why of what would have fitted there alone", () => {
    const made = plan([ask("8", 2), ask("1")], stock);
    assert.deepEqual(where(made), ["8 on second", "8 on second"]);
    assert.deepEqual(
      made.unplanned.map(({ reason }) => reason),
      ["VGPU_COUNT_UNREADABLE"],
    );
  });

  it("does what it may where the GPU is supposed to be another, of which the kernel has said nothing", () => {
    const made = plan([ask("4", 1, { gpu: FIRST })], stock, { apertures: new Map([[FIRST, 512]]) });
    assert.deepEqual(where(made), ["4 on first"]);
  });
});

describe("a plan with a drained GPU", () => {
  const drained = { reason: "GPU_DRAINED", why: "is drained: fan" } as const;
  const stock: PlanStock = {
    ...stockOf(kernels(1024, 512)),
    closed: (gpu) => (gpu === FIRST ? drained : undefined),
  };

  it("puts nothing there, whatever is supposed", () => {
    for (const what of [{}, { empty: true }, { withoutForeign: true }])
      assert.deepEqual(where(plan([ask("8", 2)], stock, what)), ["8 on second", "8 on second"]);
  });

  it("says so of what would have fitted there, and names it as nearest where the other offers no such type", () => {
    const made = plan([ask("1")], stock);
    assert.deepEqual(
      made.unplanned.map(({ reason, shortfalls }) => [reason, shortfalls.map((short) => short.reason)]),
      [["GPU_DRAINED", ["GPU_DRAINED", "TYPE_UNKNOWN"]]],
    );
    assert.equal(made.unplanned[0]?.shortfalls[0]?.why, "is drained: fan");
  });
});
