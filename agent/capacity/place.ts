// Where a new vGPU goes and why. Pure: what is asked and what there is in, a decision with every candidate's fate out.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { Gpu, SliceSizes, VgpuType } from "../inventory/model.ts";
import {
  budgetOf,
  lacking,
  resources,
  room,
  type Budget,
  type CapacityRule,
  type Holding,
} from "./budget.ts";
import { fragmentationOf } from "./fragmentation.ts";

/** A vGPU as it can be asked for. */
export interface Wish {
  readonly size:
    | { readonly by: "type"; readonly type: string }
    /** The smallest type that holds all three. */
    | { readonly by: "sizes"; readonly sizes: SliceSizes }
    /** Any slice will do: the smallest type the GPU offers. */
    | { readonly by: "mode" };
  /** Only this GPU. */
  readonly gpu: PciAddress | undefined;
  readonly policy: Policy;
}

export interface Candidate {
  readonly gpu: PciAddress;
  /** The type that the wish means on this GPU; undefined when it offers none. */
  readonly type: string | undefined;
  /** Undefined for the one chosen and for those that could have served but ranked lower. */
  readonly lost: Reason | undefined;
  readonly why: string;
  readonly budget: Budget | undefined;
}

export interface Placed {
  readonly ok: true;
  readonly gpu: PciAddress;
  readonly type: string;
  readonly sizes: SliceSizes;
  readonly policy: Policy;
  readonly candidates: readonly Candidate[];
  /** What was asked and will be ignored, in words. */
  readonly warnings: readonly string[];
}

export interface NotPlaced {
  readonly ok: false;
  readonly reason: Reason;
  readonly why: string;
  readonly candidates: readonly Candidate[];
}

export type Decision = Placed | NotPlaced;

/** A vGPU could not be placed; says of every GPU what it lacked. */
export class NotPlacedError extends AgentError {
  readonly decision: NotPlaced;

  constructor(decision: NotPlaced, details: AgentError["details"] = {}) {
    const gpus = decision.candidates.map(({ gpu }) => gpu).join(", ");
    super(decision.reason, decision.why, { details: { gpus, ...details } });
    this.decision = decision;
  }
}

/** What a placement has come to when the kernel had no room after all. */
export function lostAfterAll(
  { gpu, candidates }: Placed,
  { reason, why }: Pick<NotPlaced, "reason" | "why">,
): NotPlaced {
  const fates = candidates.map((each) => (each.gpu === gpu ? { ...each, lost: reason, why } : each));
  return { ok: false, reason, why, candidates: fates };
}

/** A GPU with the room that is left on it. */
interface Load {
  readonly gpu: Gpu;
  readonly type: VgpuType & { readonly sizes: SliceSizes };
  readonly budget: Budget;
  /** The room is perhaps in no one piece: the kernel may refuse, and is asked only where no other GPU is without doubt. */
  readonly doubtful: boolean;
}

/** Negative when `a` is the better place for the next vGPU. */
type Preference = (a: Load, b: Load) => number;

const preferences = {
  /** Fill the fullest GPU that still has room, so that large types find an empty one. */
  pack: (a, b) => share(b) - share(a),
  /** Take the emptiest, so that guests share a GPU with as few others as can be. */
  spread: (a, b) => share(a) - share(b),
} as const satisfies Record<string, Preference>;

/** How much of what guests may have is taken, 0 to 1, by the resource that is nearest to its end. GPUs differ in size. */
function share({ budget: { total, host, used } }: Load): number {
  const shares = resources.map((key) => used[key] / Math.max(1, total[key] - host[key]));
  return Math.max(...shares);
}

export type Policy = keyof typeof preferences;
export const policies = Object.keys(preferences) as readonly Policy[];

export interface Stock {
  readonly gpus: Iterable<Gpu>;
  readonly rule: CapacityRule;
  readonly holdings: readonly Holding[];
}

export function place(wish: Wish, { gpus, rule, holdings }: Stock): Decision {
  const considered = [...gpus].filter(({ address }) => wish.gpu === undefined || wish.gpu === address);
  if (wish.gpu !== undefined && considered.length === 0)
    return refused("GPU_NOT_FOUND", `this host has no GPU ${wish.gpu}`, []);

  const judged = considered.map((gpu) => judge(wish, gpu, { rule, holdings }));
  const [best, ...rest] = judged
    .flatMap(({ load }) => load ?? [])
    .sort(
      (a, b) =>
        Number(a.doubtful) - Number(b.doubtful) ||
        preferences[wish.policy](a, b) ||
        (a.gpu.address < b.gpu.address ? -1 : 1),
    );
  if (!best)
    return noPlace(
      wish,
      judged.map(({ candidate }) => candidate),
    );

  const candidates = judged.map(({ load, candidate }) => {
    if (!load) return candidate;
    if (load.doubtful) return { ...candidate, why: IN_PIECES };
    if (load === best) return { ...candidate, why: rest.length > 0 ? `preferred by ${wish.policy}` : "fits" };
    return { ...candidate, why: `has room; ${wish.policy} prefers ${best.gpu.address}` };
  });
  const { gpu, type } = best;
  return {
    ok: true,
    gpu: gpu.address,
    type: type.name,
    sizes: type.sizes,
    policy: wish.policy,
    candidates,
    warnings: [...ignoredSizes(wish, type), ...(best.doubtful ? [`${gpu.address} ${IN_PIECES}`] : [])],
  };
}

const IN_PIECES = "has room in sum and perhaps in no one piece; the kernel may refuse";

interface Judged {
  readonly load: Load | undefined;
  readonly candidate: Candidate;
}

function judge(wish: Wish, gpu: Gpu, { rule, holdings }: Omit<Stock, "gpus">): Judged {
  const endowment = rule(gpu);
  const here = holdings.filter((holding) => holding.gpu === gpu.address);
  const budget = endowment && budgetOf(endowment, here);
  const lose = (lost: Reason, why: string, type?: string): Judged => ({
    load: undefined,
    candidate: { gpu: gpu.address, type, lost, why, budget },
  });

  if (!budget || gpu.types.length === 0) return lose("MODE_UNSUPPORTED", "offers no vGPU types");
  const type = chooseType(wish, gpu);
  if (!type) return lose("TYPE_UNKNOWN", `offers ${gpu.types.map(({ name }) => name).join(", ")}`);
  const short = lacking(budget, type.sizes);
  if (short !== undefined)
    return lose(short, `needs ${amounts(type.sizes)}, free are ${freeOf(budget)}`, type.name);
  if (type.kernelAvailable === 0)
    return lose("KERNEL_REPORTS_NO_ROOM", `the kernel's available_instances of ${type.name} is 0`, type.name);
  return {
    load: { gpu, type, budget, doubtful: fragmentationOf(gpu, budget, here).room(type.sizes) === 0 },
    candidate: { gpu: gpu.address, type: type.name, lost: undefined, why: "fits", budget },
  };
}

function chooseType(wish: Wish, gpu: Gpu): Load["type"] | undefined {
  const known = gpu.types
    .flatMap((type) => (type.sizes ? [{ ...type, sizes: type.sizes }] : []))
    .sort((a, b) => a.sizes.lowGmMib - b.sizes.lowGmMib || a.sizes.highGmMib - b.sizes.highGmMib);
  const { size } = wish;
  switch (size.by) {
    case "type":
      return known.find(({ name }) => name === size.type);
    case "sizes":
      return known.find(({ sizes }) => holds(sizes, size.sizes));
    case "mode":
      return known[0];
  }
}

function holds(type: SliceSizes, wanted: SliceSizes): boolean {
  return (
    type.lowGmMib >= wanted.lowGmMib && type.highGmMib >= wanted.highGmMib && type.fences >= wanted.fences
  );
}

/** The kernel takes a type and nothing else: sizes between two types are rounded up, and the caller is told. */
function ignoredSizes({ size }: Wish, { name, sizes }: Load["type"]): string[] {
  if (size.by !== "sizes") return [];
  const asked = amounts(size.sizes);
  const given = amounts(sizes);
  return asked === given ? [] : [`asked for ${asked}; the kernel makes types only, ${name} gives ${given}`];
}

function noPlace(wish: Wish, candidates: readonly Candidate[]): Decision {
  const full = candidates.filter(({ type }) => type !== undefined);
  const lost = full[0]?.lost;
  if (lost)
    return refused(lost, full.map(({ gpu, why }) => `no room on ${gpu}: ${why}`).join("; "), candidates);
  if (candidates.every(({ lost }) => lost === "MODE_UNSUPPORTED"))
    return refused("MODE_UNSUPPORTED", "no GPU of this host offers vGPU types", candidates);
  const offered = candidates.map(({ gpu, why }) => `${gpu} ${why}`).join("; ");
  return refused("TYPE_UNKNOWN", `no GPU of this host offers ${describe(wish)}: ${offered}`, candidates);
}

function refused(reason: Reason, why: string, candidates: readonly Candidate[]): Decision {
  return { ok: false, reason, why, candidates };
}

function describe({ size }: Wish): string {
  switch (size.by) {
    case "type":
      return `vGPU type ${size.type}`;
    case "sizes":
      return `a vGPU type with ${amounts(size.sizes)}`;
    case "mode":
      return "a vGPU type";
  }
}

function amounts({ lowGmMib, highGmMib, fences }: SliceSizes): string {
  return `${lowGmMib} MiB low GM, ${highGmMib} MiB high GM, ${fences} fences`;
}

function freeOf({ free }: Budget): string {
  return `${amounts(free)}, ${free.instances} vGPUs`;
}

/** How many more of a type a caller may expect right now: what both arithmetics allow. */
export function allocatable(budget: Budget, type: VgpuType): number {
  return type.sizes ? Math.min(room(budget, type.sizes), type.kernelAvailable) : 0;
}
