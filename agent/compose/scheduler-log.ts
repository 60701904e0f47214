// What an operator hears of the scheduler in the log.
import type { CarriedOut, OnCarriedOut } from "../schedulers/carried-out.ts";
import type { EndedRound } from "../schedulers/keeper.ts";
import type { Untold } from "../schedulers/scheduler.ts";
import { failedWords, untoldWords } from "./scheduler-words.ts";

/** Of the agent's log. */
type Told = Readonly<Record<"warn" | "info", (values: object, text: string) => void>>;

/** Takes each round: tells what keeps it from being told of all or of a part, once as long as that is the same, and the end of it. */
export function roundLog(log: Told): (round: EndedRound) => void {
  let failing: string | undefined;
  let untold: ReadonlySet<string> = new Set();
  return ({ standing: { name: scheduler, manner, failure, untold: now } }) => {
    if (failure && failure.kind !== failing)
      log.warn({ scheduler, kind: failure.kind, why: failure.message }, failedWords(manner));
    const hasFailed = failing !== undefined;
    failing = failure?.kind;
    if (failure) return;
    const parts = now?.parts ?? [];
    const isWhole = parts.length === 0;
    if (hasFailed && !isWhole) log.info({ scheduler }, manner.isTold ? TOLD_AGAIN : ASKED_AGAIN);
    for (const part of parts) {
      const { kind, what, message: why } = part;
      if (!untold.has(keyOf(part))) log.warn({ scheduler, kind, what, why }, untoldWords(part, manner));
    }
    if (isWhole && (hasFailed || untold.size > 0)) log.info({ scheduler }, manner.isTold ? TOLD_AGAIN : OVER);
    untold = new Set(parts.map(keyOf));
  };
}

const TOLD_AGAIN = "the scheduler is told again";
/** Of one that is told nothing by the configuration, while something else is amiss, and once nothing is. */
const ASKED_AGAIN = "the scheduler is asked again";
const OVER = "what was amiss with the scheduler is over";

const done = {
  drain: "drained with the scheduler",
  undrain: "no longer drained with the scheduler",
  counts: "the scheduler was told other counts",
  "give-back": "given back to the scheduler, since no domain came for it",
} as const satisfies Readonly<Record<CarriedOut["order"], string>>;

/** Takes each order when it is done. */
export function orderLog(scheduler: string, log: Pick<Told, "info">): OnCarriedOut {
  return ({ order, ...about }) => {
    log.info({ scheduler, ...about }, done[order]);
  };
}

/** What is refused anew of the same for the same is no news, whatever its words are. */
function keyOf({ kind, what }: Untold): string {
  return `${kind} ${what}`;
}
