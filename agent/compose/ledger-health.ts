// A ledger whose disk takes nothing: who hears of it, and the task that tries it again, and what is drained with it.
import { systemClock as clock } from "../core/clock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Log } from "../host/journal.ts";
import type { Drains } from "../lifecycle/drains.ts";
import type { Ledger } from "../lifecycle/ledger.ts";
import type { Reconciler } from "../lifecycle/reconciler.ts";
import type { Recorder } from "../observation/recorder.ts";
import type { Task } from "../tasks.ts";

const TRY_AGAIN_MS = 5_000;

/** For the ledger's `onTrouble`: a line when it begins and one when it is over. */
export function tellOfTrouble(
  recorder: Pick<Recorder, "ledgerWritable">,
  log: Log,
): (trouble: string | undefined) => void {
  let known = false;
  return (trouble) => {
    recorder.ledgerWritable(trouble === undefined);
    if (trouble === undefined) log.info("the ledger can be written again");
    else if (!known) log.error({ why: trouble }, "the ledger cannot be written; nothing new is promised");
    known = trouble !== undefined;
  };
}

export function ledgerTask({
  ledger,
  drains,
  reconciler,
}: {
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly reconciler: Pick<Reconciler, "trigger">;
}): Task {
  return {
    name: "ledger",
    run: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(TRY_AGAIN_MS, signal).catch(() => undefined);
        // A disk that hangs must not keep the agent from ending.
        if (drains.inDoubt) await untilAborted(drains.settle(), signal).catch(() => undefined);
        if (ledger.trouble === undefined) continue;
        await untilAborted(ledger.heal(), signal).then(
          () => {
            reconciler.trigger();
          },
          () => undefined,
        );
      }
    },
  };
}
