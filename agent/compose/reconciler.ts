// The reconciler with its intervals, and who is told of its rounds.
import { randomUUID } from "node:crypto";
import type { Configuration } from "../config/configuration.ts";
import { durationMs } from "../config/forms.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { Reconciler, type ReconcilerOptions } from "../lifecycle/reconciler.ts";
import type { Metrics } from "../observation/metrics.ts";

const BUSY_RESYNC_MS = 5_000;
/**
 * Longer than the events of one change are apart. Who watches waits for it and for the look, 100 ms together at most; drives
 * are woken by the event itself.
 */
const SETTLE_MS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
/**
 * The contract promises a day; three also cover a caller that was down over a weekend. Reservations come and go with every
 * decision of a scheduler, and one that a late retry makes again ends by itself.
 */
const TOMBSTONE_MS = { domain: 3 * DAY_MS, vgpu: 3 * DAY_MS, reservation: DAY_MS };
/** The contract says so: more than a host with a few GPUs ends in a day, and some 6 MiB. */
const TOMBSTONES_KEPT = 5_000;

export function composeReconciler(
  parts: Pick<ReconcilerOptions, "ledger" | "lookout" | "driver" | "pulse" | "onLook"> & {
    readonly metrics: Metrics;
    readonly configuration: Configuration;
    readonly log: Log;
    readonly cut: AbortSignal;
  },
): Reconciler {
  const { log, cut, metrics, configuration, ...stages } = parts;
  return new Reconciler({
    ...stages,
    clock,
    stop: cut,
    newOperationId: randomUUID,
    resyncMs: () => durationMs(configuration.live.resync),
    busyResyncMs: BUSY_RESYNC_MS,
    settleMs: SETTLE_MS,
    tombstoneMs: TOMBSTONE_MS,
    tombstonesKept: TOMBSTONES_KEPT,
    onRound: () => {
      metrics.recorder.reconciled(clock.wall());
    },
    onRebuilt: ({ claimId, domain }) => {
      metrics.recorder.claimRebuilt();
      log.warn({ claim: claimId, domain: domain.name }, "claim rebuilt from the mark of its domain");
    },
    onError: (err) => {
      if (cut.aborted) return;
      metrics.recorder.reconcileFailed();
      log.error({ err }, "the host could not be looked at");
    },
  });
}
