// Where a new vGPU goes and why. Pure: what is asked and what there is in, a decision with every candidate's fate out.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { Inventory } from "../inventory/model.ts";
import { typeOf, type Share } from "../inventory/share.ts";
import { isXengt } from "../inventory/xengt.ts";
import { isClosed, uncounted } from "./closed.ts";
import { loses, type Candidate, type Judged } from "./judged.ts";
import { byRank, farText, type Policy, type Ranked } from "./policies.ts";
import { judge, siteOf } from "./site.ts";
import { NO_TYPES } from "./slices.ts";
import type { Stock } from "./stock.ts";
import { ignoredSizes, wishText, type Wish } from "./wish.ts";

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
  /** What is at fault in the specification of the guest, when that alone is why. */
  readonly refusal?: AgentError;
}

/** What a GPU would give. */
export interface Offer {
  readonly gpu: PciAddress;
  readonly share: Share;
}

/** Why the guest that is to have it cannot; undefined when it can. */
export type Refusal = (offer: Offer) => AgentError | undefined;

export type Decision = Placed | NotPlaced;

/** A vGPU could not be placed; says of every GPU what it lacked. */
export class NotPlacedError extends AgentError {
  readonly decision: NotPlaced;

  constructor(decision: NotPlaced, details: AgentError["details"] = {}) {
    const gpus = decision.candidates.map(({ gpu }) => gpu).join(", ");
    super(decision.reason, decision.why, {
      details: { gpus, ...decision.refusal?.details, ...details },
      violations: decision.refusal?.violations ?? [],
      cause: decision.refusal,
    });
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

/** Why nothing is made now where room was promised before; undefined where the kernel counts, or offers no such type. */
export function refusedWhere(
  { gpu, share }: Pick<Placed, "gpu" | "share">,
  inventory: Pick<Inventory, "gpus" | "host">,
): NotPlaced | undefined {
  const type = typeOf(share);
  const offered = inventory.gpus.get(gpu)?.types.find(({ name }) => name === type);
  const closed = offered && uncounted(offered);
  if (!closed) return undefined;
  const { reason, why } = closed;
  const made = isXengt(inventory) ? XENGT : undefined;
  const candidates = [{ gpu, type, lost: reason, why, budget: undefined, ...made }];
  return { ok: false, reason, why: `${gpu} ${why}`, candidates };
}

/**
 * The GPU that the wish's policy prefers of those with room, or why there is none; the same for the same wish and stock. Of several
 * needs the first that any GPU has room for is met. A GPU whose offer is refused for the guest loses.
 */
export function place(wish: Wish, stock: Stock, refusal: Refusal = () => undefined): Decision {
  const decision = decide(wish, stock, refusal);
  if (!stock.xengt) return decision;
  return { ...decision, candidates: decision.candidates.map((each) => ({ ...each, ...XENGT })) };
}

const XENGT = { xengt: true } as const satisfies Partial<Candidate>;

function decide(wish: Wish, { gpus, ...stock }: Stock, refusal: Refusal): Decision {
  const considered = [...gpus].filter(({ address }) => wish.gpu === undefined || wish.gpu === address);
  if (wish.gpu !== undefined && considered.length === 0)
    return refused("GPU_NOT_FOUND", `this host has no GPU ${wish.gpu}`, []);

  const judged = considered.map((gpu) => forGuest(judge(wish, siteOf(gpu, stock)), refusal));
  const ranked = judged.flatMap(({ fit }) => fit ?? []).sort(byRank);
  const [best, ...rest] = ranked;
  if (!best) return noPlace(wish, judged);

  const candidates = judged.map(({ fit, candidate }) => {
    if (!fit) return candidate;
    if (fit.doubt !== undefined) return { ...candidate, why: fit.doubt };
    if (fit === best) return { ...candidate, why: chosenText(best, rest, wish) };
    return { ...candidate, why: `has room; ${preferenceText(fit, best, wish)} ${best.gpu.address}` };
  });
  const { gpu, share } = best;
  const far = farText(gpu, wish, ranked);
  return {
    ok: true,
    gpu: gpu.address,
    share,
    policy: wish.policy,
    candidates,
    warnings: [
      ...(share.mode === "gvt-g" ? ignoredSizes(wish, { name: share.type, sizes: share.sizes }) : []),
      ...(far === undefined ? [] : [far]),
      ...(best.doubt === undefined ? [] : [`${gpu.address} ${best.doubt}`]),
    ],
  };
}

interface JudgedForGuest extends Judged {
  readonly refused: AgentError | undefined;
}

function forGuest({ fit, candidate }: Judged, refusal: Refusal): JudgedForGuest {
  const refused = fit && refusal({ gpu: fit.gpu.address, share: fit.share });
  if (!refused) return { fit, candidate, refused: undefined };
  return { ...loses(candidate.gpu, refused.reason, refused.message), refused };
}

function chosenText(best: Ranked, rest: readonly Ranked[], { policy }: Wish): string {
  if (rest.length === 0) return "fits";
  return rest.some((other) => other.preference === best.preference)
    ? `preferred by ${policy}`
    : "meets what is asked for first";
}

function preferenceText(fit: Ranked, best: Ranked, { policy }: Wish): string {
  return fit.preference === best.preference ? `${policy} prefers` : "what is asked for first fits on";
}

function noPlace(wish: Wish, judged: readonly JudgedForGuest[]): Decision {
  const candidates = judged.map(({ candidate }) => candidate);
  const full = candidates.filter(({ type }) => type !== undefined);
  // Where one has no room and another is closed, a caller that waits for room does the right thing.
  const lost = (full.find((one) => !isClosed(one.lost)) ?? full[0])?.lost;
  if (lost) return refused(lost, [...new Set(full.map(refusalText))].join("; "), candidates);
  // Another guest could have what is there.
  const refusals = judged.flatMap(({ refused: each }) => each ?? []);
  const [refusal] = refusals;
  if (refusal) {
    const why = [...new Set(refusals.map(({ message }) => message))].join("; ");
    return { ok: false, reason: refusal.reason, why, candidates, refusal };
  }
  const unfit = candidates.filter(({ lost }) => lost !== "TYPE_UNKNOWN");
  if (unfit.length === candidates.length)
    return refused(unfit[0]?.lost ?? "MODE_UNSUPPORTED", unfitText(wish, unfit), candidates);
  const offered = candidates.map(({ gpu, why }) => `${gpu} ${why}`).join("; ");
  return refused("TYPE_UNKNOWN", `no GPU of this host offers ${wishText(wish)}: ${offered}`, candidates);
}

/** No GPU is in the mode, or has what the mode needs. */
function unfitText(wish: Wish, candidates: readonly Candidate[]): string {
  const explained = "vgpuctl doctor, or Diagnose, says why";
  if (candidates.length === 0) return `this host has no GPU that could give ${wishText(wish)}; ${explained}`;
  if (candidates.every(({ why }) => why === NO_TYPES))
    return `no GPU of this host offers vGPU types; ${explained}`;
  const each = candidates.map(({ gpu, why }) => `${gpu} ${why}`).join("; ");
  return `no GPU of this host gives ${wishText(wish)}: ${each}`;
}

function refusalText({ gpu, lost, why }: Candidate): string {
  if (lost === "HOST_DRAINED") return why;
  return isClosed(lost) ? `${gpu} ${why}` : `no room on ${gpu}: ${why}`;
}

function refused(reason: Reason, why: string, candidates: readonly Candidate[]): Decision {
  return { ok: false, reason, why, candidates };
}
