// The signals and faults that end the process.
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { EXIT } from "./exit-codes.ts";

/** Terminals and supervisors may send one request to stop more than once. */
const SAME_REQUEST_MS = 2_000;

/** The last files of an orderly stop are read and written by then. */
const LINGER_MS = 2_000;
/** What Node.js calls work on files: FSReqCallback, FSReqPromise. */
const FILE_REQUEST = "FSReq";

/** Aborts at the first SIGTERM or SIGINT; a later one does not wait for an orderly stop. */
export function stopSignal(log: Log): AbortController {
  const stop = new AbortController();
  let firstAt = Infinity;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (clock.now() - firstAt > SAME_REQUEST_MS) endNow();
      if (stop.signal.aborted) return;
      firstAt = clock.now();
      log.info({ signal }, "told to stop");
      stop.abort();
    });
  }
  return stop;
}

/**
 * For the end of an orderly stop. A read of a file that a driver hangs in would keep the process, and exit(3) waits for its thread.
 * By a signal it ends without: for systemd by SIGTERM well, and by SIGKILL not. Whatever else is still closing ends by itself.
 */
export function leaveHungReads(): void {
  const timer = setInterval(() => {
    if (isAtFiles()) endBy(process.exitCode === undefined ? "SIGTERM" : "SIGKILL");
  }, LINGER_MS);
  timer.unref();
}

/** By the signal where a read may hang, as above. */
function endNow(): void {
  if (isAtFiles()) endBy("SIGTERM");
  else process.exit(EXIT.unavailable);
}

function isAtFiles(): boolean {
  return process.getActiveResourcesInfo().some((type) => type.startsWith(FILE_REQUEST));
}

function endBy(signal: "SIGTERM" | "SIGKILL"): void {
  process.removeAllListeners("SIGTERM");
  process.kill(process.pid, signal);
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
