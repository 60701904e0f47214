// The signals and faults that end the process.
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { EXIT } from "./exit-codes.ts";

/** Terminals and supervisors may send one request to stop more than once. */
const SAME_REQUEST_MS = 2_000;

/** Aborts at the first SIGTERM or SIGINT; a later one does not wait for an orderly stop. */
export function stopSignal(log: Log): AbortController {
  const stop = new AbortController();
  let firstAt = Infinity;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (clock.now() - firstAt > SAME_REQUEST_MS) process.exit(EXIT.unavailable);
      if (stop.signal.aborted) return;
      firstAt = clock.now();
      log.info({ signal }, "told to stop");
      stop.abort();
    });
  }
  return stop;
}

/** Calls the listener at each SIGHUP; without this the signal would end the process. */
export function onReloadAsked(listener: () => void): void {
  process.on("SIGHUP", listener);
}

/** A fault of ours: what it left half done the next start finds; going on would make it worse. */
export function endOnFault(log: Log): void {
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "fault in vgpud");
    process.exit(EXIT.software);
  });
}
