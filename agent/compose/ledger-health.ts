// A ledger whose disk takes nothing: who hears of it, and the task that tries it again, and what is drained with it.
import { Alarm } from "../core/alarm.ts";
import { systemClock as clock } from "../core/clock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Log } from "../host/journal.ts";
import type { Drains } from "../lifecycle/drains.ts";
import type { GpuModes } from "../lifecycle/gpu-modes.ts";
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
  modes,
  reconciler,
  log,
}: {
  readonly log: Log;
  readonly ledger: Ledger;
  readonly drains: Drains;
  readonly modes: GpuModes;
  readonly reconciler: Pick<Reconciler, "trigger">;
}): Task {
  return {
    name: "ledger",
    run: async (signal) => {
      const alarm = new Alarm(clock, signal);
      ledger.onRelief(() => {
        alarm.ring();
      });
      let { rings } = alarm;
      while (!signal.aborted) {
        await alarm.sleep(TRY_AGAIN_MS, rings);
        ({ rings } = alarm);
        // A disk that hangs must not keep the agent from ending.
        for (const record of [drains, modes])
          if (record.inDoubt) await untilAborted(record.settle(), signal).catch(() => undefined);
        if (ledger.trouble === undefined) continue;
        await untilAborted(ledger.heal(), signal).then(
          (lost) => {
            if (lost > 0)
              log.warn({ records: lost }, "records had gone from the disk and were written again");
            reconciler.trigger();
          },
          () => undefined,
        );
      }
    },
  };
}
