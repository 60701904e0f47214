// Hosts and mixes of requests at random, as the planner is given them and as its oracle is.
import fc from "fast-check";
import { gvtgTypesAt } from "../../agent/backends/kvmgt/types-at-aperture.ts";
import type { Holding } from "../../agent/capacity/budget.ts";
import type { Plan } from "../../agent/capacity/plan.ts";
import type { PlanStock, Supposition } from "../../agent/capacity/plan/suppose.ts";
import type { PlanRequest } from "../../agent/capacity/plan/units.ts";
import type { Wish } from "../../agent/capacity/wish.ts";
import type { Gpu } from "../../agent/inventory/model.ts";
import { FakeGpu, typeName } from "./fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "./ids.ts";
import { untouched } from "./stock.ts";
import { SUFFIXES, type OracleGpu, type OracleUnit, type TypeAt } from "./plan-oracle.ts";

export const policies = ["pack", "spread", "numa"] as const satisfies readonly Wish["policy"][];

export const asItIs: Supposition = {
  withoutGpus: new Set(),
  withoutForeign: false,
  empty: false,
  apertures: new Map(),
};

/** One case, in the words of both sides. */
export interface PlanCase {
  readonly gpus: readonly CaseGpu[];
  readonly asked: readonly Asked[];
}

interface CaseGpu {
  readonly apertureMib: number;
  /** Tried one after the other; what finds no room is left out. */
  readonly made: readonly TypeAt[];
  /** How much less the kernel counts than its arithmetic would. */
  readonly countsLess: number;
}

interface Asked {
  readonly type: TypeAt;
  readonly by: "type" | "sizes";
  readonly count: number;
  /** The only GPU that will do, by its index. */
  readonly only: number | undefined;
  readonly policy: Wish["policy"];
}

const types = fc.constantFrom<TypeAt>(0, 1, 2, 3);
/** Most are of a size that makes choices hard. */
const apertures = fc.constantFrom(128, 256, 512, 512, 1024, 1024, 2048, 4096);

/** `gpus`, `vgpus`: at most so many of each. */
export function planCases(most: { readonly gpus: number; readonly vgpus: number }): fc.Arbitrary<PlanCase> {
  const gpu = fc.record<CaseGpu>({
    apertureMib: apertures,
    made: fc.array(types, { maxLength: 4 }),
    countsLess: fc.constantFrom(0, 0, 0, 1, 2),
  });
  return fc.array(gpu, { minLength: 1, maxLength: most.gpus }).chain((gpus) =>
    fc.record<PlanCase>({
      gpus: fc.constant(gpus),
      asked: fc
        .array(
          fc.record<Asked>({
            type: types,
            by: fc.constantFrom("type", "sizes"),
            count: fc.integer({ min: 1, max: 3 }),
            only: fc.option(fc.nat(gpus.length - 1), { nil: undefined, freq: 4 }),
            policy: fc.constantFrom(...policies),
          }),
          { minLength: 1, maxLength: most.vgpus },
        )
        .map((asked) => upTo(asked, most.vgpus)),
    }),
  );
}

function upTo(asked: readonly Asked[], vgpus: number): Asked[] {
  let left = vgpus;
  return asked.flatMap((one) => {
    const count = Math.min(one.count, left);
    left -= count;
    return count === 0 ? [] : [{ ...one, count }];
  });
}

export interface BothSides {
  readonly requests: readonly PlanRequest[];
  readonly stock: PlanStock;
  /** The kernels, to make there what was planned. */
  readonly kernels: readonly FakeGpu[];
  readonly oracle: { readonly gpus: readonly OracleGpu[]; readonly units: readonly OracleUnit[] };
}

export function bothSides({ gpus, asked }: PlanCase): BothSides {
  const kernels = gpus.map(({ apertureMib, made }, index) => {
    const kernel = new FakeGpu(pciAddress(index), apertureMib);
    for (const [nth, type] of made.entries()) {
      try {
        kernel.make(foreignVgpuId(index * 10 + nth), typeName(SUFFIXES[type]));
      } catch {
        // no room: what was made so far stands
      }
    }
    return kernel;
  });
  const facts = kernels.map((kernel, index) => countingLess(kernel.facts(), gpus[index]?.countsLess ?? 0));
  const holdings = kernels.flatMap((kernel) =>
    kernel.slices().map((slice) => holdingOf(slice, kernel.facts())),
  );
  return {
    kernels,
    requests: asked.map(requestOf),
    stock: {
      ...{ ...untouched, gpus: facts, typesAt: gvtgTypesAt, holdings },
      foreign: new Set(holdings.map(({ vgpuId }) => vgpuId)),
      made: new Set(holdings.map(({ vgpuId }) => vgpuId)),
    },
    oracle: {
      gpus: facts.map(({ types: offered }, index) => ({
        apertureMib: gpus[index]?.apertureMib ?? 0,
        made: (kernels[index]?.slices() ?? []).map(({ type }) => typeAt(type)),
        counts: offered.map(({ kernelAvailable }) => kernelAvailable ?? 0),
      })),
      units: asked.flatMap(({ type, only, count }) => Array<OracleUnit>(count).fill({ type, only })),
    },
  };
}

/** What is planned for each GPU, in the oracle's words. */
export function loadsOf({ planned }: Plan, gpus: number): TypeAt[][] {
  return Array.from({ length: gpus }, (_, index) =>
    planned.filter(({ gpu }) => gpu === pciAddress(index)).map(({ type }) => typeAt(type)),
  );
}

function countingLess(gpu: Gpu, less: number): Gpu {
  const types = gpu.types.map((type) => ({
    ...type,
    kernelAvailable: Math.max(0, (type.kernelAvailable ?? 0) - less),
  }));
  return { ...gpu, types };
}

function holdingOf(
  { id, gpu, type }: ReturnType<FakeGpu["slices"]>[number],
  { types: offered }: Gpu,
): Holding {
  const sizes = offered.find(({ name }) => name === type)?.sizes;
  if (!sizes) throw new Error(`${type} is not offered`);
  return { vgpuId: id, gpu, sizes };
}

function requestOf({ type, by, count, only, policy }: Asked): PlanRequest {
  const name = typeName(SUFFIXES[type]);
  const sizes = { lowGmMib: [33, 65, 129, 257][type] ?? 0, highGmMib: 0, fences: 1 };
  const size = by === "type" ? ({ by, type: name } as const) : ({ by, sizes } as const);
  const gpu = only === undefined ? undefined : pciAddress(only);
  return { wish: { size, gpu, policy, near: policy === "numa" ? [0] : undefined }, count };
}

function typeAt(name: string): TypeAt {
  return SUFFIXES.findIndex((suffix) => typeName(suffix) === name) as TypeAt;
}
