// Where a new vGPU goes and why. Pure: what is asked and what there is in, a decision with every candidate's fate out.
import { AgentError } from "../core/errors.ts";
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { Gpu } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import { isClosed, uncounted, type Closed } from "./closed.ts";
import { fragmentationOf, IN_PIECES } from "./fragmentation.ts";
import { budgetOf, freeText, lacking, type Budget, type CapacityRule, type Holding } from "./budget.ts";
import { boundReached, kernelBounds, pendingOf, type KernelBound } from "./kernel-count.ts";
import { byRank, farText, scoreOf, type Load, type Policy, type Ranked } from "./policies.ts";
import { ignoredSizes, meantType, sizesText, wishText, type SizedType, type Wish } from "./wish.ts";

export interface Candidate {
  readonly gpu: PciAddress;
  /** The type that the wish means on this GPU; undefined when it offers none. */
  readonly type: string | undefined;
  /** Undefined for the one chosen and for those that could have served but ranked lower. */
  readonly lost: Reason | undefined;
  readonly why: string;
  readonly budget: Budget | undefined;
  /** By the policy, the lowest is taken; absent for one that cannot serve, and in a record of a vgpud that did not keep it. */
  readonly score?: number | undefined;
}

export interface Placed {
  readonly ok: true;
  readonly gpu: PciAddress;
  readonly share: Share;
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
  const fates = candidates.map((each) =>
    each.gpu === gpu ? { ...each, lost: reason, why, score: undefined } : each,
  );
  return { ok: false, reason, why, candidates: fates };
}

export interface Stock {
  readonly gpus: Iterable<Gpu>;
  readonly rule: CapacityRule;
  readonly holdings: readonly Holding[];
  /** vGPUs that exist in the kernel: its counts know of them, and of no promise. */
  readonly made: ReadonlySet<VgpuId>;
  /** Undefined for a GPU that takes new vGPUs. */
  readonly drained: (gpu: PciAddress) => Closed | undefined;
}

/** The GPU that the wish's policy prefers of those with room, or why there is none; the same for the same wish and stock. */
export function place(wish: Wish, { gpus, ...stock }: Stock): Decision {
  const considered = [...gpus].filter(({ address }) => wish.gpu === undefined || wish.gpu === address);
  if (wish.gpu !== undefined && considered.length === 0)
    return refused("GPU_NOT_FOUND", `this host has no GPU ${wish.gpu}`, []);

  const judged = considered.map((gpu) => judge(wish, gpu, stock));
  const ranked = judged.flatMap(({ load }) => load ?? []).sort(byRank);
  const [best, ...rest] = ranked;
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
  const far = farText(gpu, wish, ranked);
  return {
    ok: true,
    gpu: gpu.address,
    share: { mode: "gvt-g", type: type.name, sizes: type.sizes },
    policy: wish.policy,
    candidates,
    warnings: [
      ...ignoredSizes(wish, type),
      ...(far === undefined ? [] : [far]),
      ...(best.doubtful ? [`${gpu.address} ${IN_PIECES}`] : []),
    ],
  };
}

interface Fit extends Load, Ranked {
  readonly gpu: Load["gpu"];
  readonly type: SizedType;
}

interface Judged {
  readonly load: Fit | undefined;
  readonly candidate: Candidate;
}

function judge(wish: Wish, gpu: Gpu, { rule, holdings, made, drained }: Omit<Stock, "gpus">): Judged {
  const endowment = rule(gpu);
  const here = holdings.filter((holding) => holding.gpu === gpu.address);
  // Of one that offers nothing there is no room to tell of.
  const budget = gpu.types.length === 0 ? undefined : endowment && budgetOf(endowment, here);
  const lose = (lost: Reason, why: string, type?: string): Judged => ({
    load: undefined,
    candidate: { gpu: gpu.address, type, lost, why, budget },
  });

  if (!budget) return lose("MODE_UNSUPPORTED", "offers no vGPU types");
  const type = meantType(wish, gpu.types);
  if (!type) return lose("TYPE_UNKNOWN", `offers ${gpu.types.map(({ name }) => name).join(", ")}`);
  const closed = drained(gpu.address) ?? uncounted(type);
  if (closed) return lose(closed.reason, closed.why, type.name);
  const short = lacking(budget, type.sizes);
  if (short !== undefined)
    return lose(short, `needs ${sizesText(type.sizes)}, free are ${freeText(budget)}`, type.name);
  const bounds = kernelBounds({ budget, types: gpu.types, pending: pendingOf(here, made) });
  const reached = boundReached(bounds, [], type.sizes);
  if (reached) return lose("KERNEL_REPORTS_NO_ROOM", reachedText(reached), type.name);
  const score = scoreOf({ gpu, budget }, wish);
  return {
    load: { gpu, type, budget, score, doubtful: fragmentationOf(gpu, budget, here).room(type.sizes) === 0 },
    candidate: { gpu: gpu.address, type: type.name, lost: undefined, why: "fits", budget, score },
  };
}

function reachedText({ type, counted }: KernelBound): string {
  const count = `the kernel's available_instances of ${type} is ${counted}`;
  return counted === 0 ? count : `${count}, and promised vGPUs that are not made yet take that`;
}

function noPlace(wish: Wish, candidates: readonly Candidate[]): Decision {
  const full = candidates.filter(({ type }) => type !== undefined);
  // Where one has no room and another is closed, a caller that waits for room does the right thing.
  const lost = (full.find((one) => !isClosed(one.lost)) ?? full[0])?.lost;
  if (lost) return refused(lost, [...new Set(full.map(refusalText))].join("; "), candidates);
  if (candidates.every(({ lost }) => lost === "MODE_UNSUPPORTED"))
    return refused(
      "MODE_UNSUPPORTED",
      "no GPU of this host offers vGPU types; vgpuctl doctor, or Diagnose, says why",
      candidates,
    );
  const offered = candidates.map(({ gpu, why }) => `${gpu} ${why}`).join("; ");
  return refused("TYPE_UNKNOWN", `no GPU of this host offers ${wishText(wish)}: ${offered}`, candidates);
}

function refusalText({ gpu, lost, why }: Candidate): string {
  if (lost === "HOST_DRAINED") return why;
  return isClosed(lost) ? `${gpu} ${why}` : `no room on ${gpu}: ${why}`;
}

function refused(reason: Reason, why: string, candidates: readonly Candidate[]): Decision {
  return { ok: false, reason, why, candidates };
}
