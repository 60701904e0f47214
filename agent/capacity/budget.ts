// The arithmetic of one GPU: what there is, what the host keeps, what slices and promises take, what is left.
import { counted } from "../core/counted.ts";
import type { VgpuId, PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { Gpu } from "../inventory/model.ts";
import type { SliceSizes } from "../inventory/share.ts";

/** Amounts of everything a slice draws on. */
export interface Amounts extends SliceSizes {
  readonly instances: number;
}

/** What a GPU has and what its host keeps. A backend knows the rule. */
export interface Endowment {
  readonly total: Amounts;
  readonly host: Amounts;
}

/** Undefined when the rule cannot say, as for a GPU without an aperture. */
export type CapacityRule = (gpu: Gpu) => Endowment | undefined;

/** Something that takes room: a slice in the kernel, a claim in the ledger, or both (counted once, by id). */
export interface Holding {
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly sizes: SliceSizes;
}

export interface Budget extends Endowment {
  readonly used: Amounts;
  /** Never negative: what is over-committed by others shows as none. */
  readonly free: Amounts;
}

/** Everything a slice draws on, in the order in which a shortage is told. */
export const resources = [
  "instances",
  "lowGmMib",
  "highGmMib",
  "fences",
] as const satisfies readonly (keyof Amounts)[];
const exhausted = {
  instances: "VGPU_LIMIT_REACHED",
  lowGmMib: "APERTURE_EXHAUSTED",
  highGmMib: "HIGH_GM_EXHAUSTED",
  fences: "FENCES_EXHAUSTED",
} as const satisfies Record<keyof Amounts, Reason>;

const NOTHING: Amounts = { lowGmMib: 0, highGmMib: 0, fences: 0, instances: 0 };

export function budgetOf(endowment: Endowment, holdings: readonly Holding[]): Budget {
  const used = amountsOf(holdings);
  const free = mapAmounts((key) => Math.max(0, endowment.total[key] - endowment.host[key] - used[key]));
  return { ...endowment, used, free };
}

/** What these take in all. */
export function amountsOf(holdings: readonly Holding[]): Amounts {
  return holdings.map(({ sizes }) => oneOf(sizes)).reduce(add, NOTHING);
}

/** How many more slices of these sizes fit by our arithmetic. */
export function room(budget: Budget, sizes: SliceSizes): number {
  const one = oneOf(sizes);
  return Math.min(
    ...resources.map((key) => (one[key] === 0 ? Infinity : Math.floor(budget.free[key] / one[key]))),
  );
}

/** Which resource stands in the way of one more; undefined when it fits. */
export function lacking(budget: Budget, sizes: SliceSizes): Reason | undefined {
  const one = oneOf(sizes);
  const key = resources.find((resource) => budget.free[resource] < one[resource]);
  return key === undefined ? undefined : exhausted[key];
}

/** What one more would need beside what is free: 0 of what there is enough of. */
export function missing({ free }: Budget, sizes: SliceSizes): Amounts {
  const one = oneOf(sizes);
  return mapAmounts((key) => Math.max(0, one[key] - free[key]));
}

/** The budget once one more of these sizes is made. */
export function withOne(budget: Budget, sizes: SliceSizes): Budget {
  const one = oneOf(sizes);
  const free = mapAmounts((key) => Math.max(0, budget.free[key] - one[key]));
  return { ...budget, used: add(budget.used, one), free };
}

export function freeText({ free }: Budget): string {
  const { lowGmMib, highGmMib, fences, instances } = free;
  return `${lowGmMib} MiB low GM, ${highGmMib} MiB high GM, ${counted(fences, "fence")}, ${counted(instances, "vGPU")}`;
}

/** What one slice takes of everything: itself is one instance. */
export function oneOf({ lowGmMib, highGmMib, fences }: SliceSizes): Amounts {
  return { lowGmMib, highGmMib, fences, instances: 1 };
}

function add(a: Amounts, b: Amounts): Amounts {
  return mapAmounts((key) => a[key] + b[key]);
}

function mapAmounts(amount: (key: keyof Amounts) => number): Amounts {
  return {
    lowGmMib: amount("lowGmMib"),
    highGmMib: amount("highGmMib"),
    fences: amount("fences"),
    instances: amount("instances"),
  };
}

/** How much of what guests may have is taken, 0 to 1, by the resource that is nearest to its end. GPUs differ in size. */
export function fullness({ total, host, used }: Budget): number {
  let most = 0;
  for (const key of resources) most = Math.max(most, used[key] / Math.max(1, total[key] - host[key]));
  return most;
}
