// Keeps systemd informed while the agent runs: the status line when it changed, the watchdog while there is progress.
import type { Clock } from "../../core/clock.ts";
import type { Pulse } from "../../core/pulse.ts";
import type { Message } from "./messages.ts";

export interface SupervisionOptions {
  readonly messenger: { readonly heard: boolean; send(message: Message): void };
  /** Within how many milliseconds the watchdog wants to be fed; undefined: nobody watches. */
  readonly watchdogMs: number | undefined;
  /** Of the loop without whose progress the agent is of no use. */
  readonly pulse: Pulse;
  readonly statusLine: () => string;
  readonly clock: Clock;
  /** The loop has not been heard of when it had promised to: from now on the watchdog starves. */
  readonly onStuck: (overdueMs: number) => void;
}

/** The most often that the status line is sent: each message costs a process. */
const STATUS_MS = 5_000;
/** Feeding three times in each period lets one or two messages come late. */
const FEEDS_PER_PERIOD = 3;

/** Runs until the signal aborts. The watchdog is fed from when the loop first says something: systemd watches from READY on. */
export async function superviseUntil(stop: AbortSignal, options: SupervisionOptions): Promise<void> {
  const { messenger, watchdogMs, pulse, clock, onStuck } = options;
  const feedMs = watchdogMs === undefined ? undefined : watchdogMs / FEEDS_PER_PERIOD;
  let fedAt = -Infinity;
  let said: string | undefined;
  let stuck = false;
  while (!stop.aborted) {
    const { overdueMs } = pulse;
    if (overdueMs > 0 && !stuck) onStuck(overdueMs);
    stuck = overdueMs > 0;
    const line = stuck ? "stuck: the reconciler does not come back" : options.statusLine();
    const message: Record<string, string> = {};
    if (line !== said) message["STATUS"] = line;
    if (feedMs !== undefined && pulse.beating && clock.now() - fedAt >= feedMs) {
      message["WATCHDOG"] = "1";
      fedAt = clock.now();
    }
    if (Object.keys(message).length > 0) messenger.send(message);
    said = line;
    await clock.sleep(Math.min(STATUS_MS, feedMs ?? Infinity), stop).catch(() => undefined);
  }
}
