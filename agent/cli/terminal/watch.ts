// Looks again and again, and shows what has changed. A vgpud that goes and comes back is waited for.
import type { Arguments } from "../line/arguments.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Answer, Flag } from "../command.ts";
import type { Clock } from "../../core/clock.ts";
import { formatDurationMs } from "../../core/duration.ts";

/** Of what looks again and again. */
export const intervalFlag: Flag = {
  name: "interval",
  value: "DURATION",
  help: "the time between two looks (default 2s, at least 100ms)",
};

export const watchFlags: readonly Flag[] = [
  {
    name: "watch",
    short: "w",
    help: "show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals",
  },
  intervalFlag,
];

const DEFAULT_INTERVAL_MS = 2_000;
/** What is asked more often costs more than it tells. */
const MIN_INTERVAL_MS = 100;

/** Milliseconds. @throws CliError for a time that is too short */
export function readInterval(args: Arguments): number {
  const given = args.durationMs("interval") ?? DEFAULT_INTERVAL_MS;
  if (given < MIN_INTERVAL_MS)
    throw usageError(`--interval takes at least ${formatDurationMs(MIN_INTERVAL_MS)}`);
  return given;
}

interface Frame {
  readonly text: string;
  /** Goes to the user beside it. */
  readonly told: string;
  /** Equal when nothing has changed that is worth showing. */
  readonly key: string;
}

export interface Watch {
  readonly look: () => Promise<Answer>;
  readonly frame: (answer: Answer) => Promise<Frame>;
  readonly show: (frame: Frame) => void;
  /** Tells the user beside what is shown. */
  readonly say: (line: string) => void;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The last answer. @throws CliError when the first look fails, when one fails for good, and when the signal aborts */
export async function watch(options: Watch): Promise<Answer> {
  const { look, frame, show, say, clock, signal } = options;
  const lookAgain = patient(look, say, options.intervalMs);
  let shown: string | undefined;
  for (;;) {
    const answer = await lookAgain();
    const next = answer && (await frame(answer));
    if (next !== undefined && next.key !== shown) show(next);
    shown = next?.key ?? shown;
    if (answer?.final === true) return answer;
    await clock.sleep(options.intervalMs, signal).catch(() => undefined);
    if (signal.aborted) throw new CliError("interrupted", "interrupted");
  }
}

/** What goes on being shown is ended by an interrupt, which needs no words. @throws CliError */
export async function endedQuietly<Value>(showing: Promise<Value>): Promise<Value> {
  try {
    return await showing;
  } catch (error) {
    if (!(error instanceof CliError) || error.ending !== "interrupted") throw error;
    throw new CliError("interrupted", "interrupted", { quiet: true, cause: error });
  }
}

/** From the second look on, undefined while vgpud is away; told once, and once when it is back. */
export function patient<Seen>(
  look: () => Promise<Seen>,
  say: (line: string) => void,
  intervalMs: number,
): () => Promise<Seen | undefined> {
  let state: "new" | "there" | "away" = "new";
  return async () => {
    try {
      const seen = await look();
      if (state === "away") say("vgpud answers again");
      state = "there";
      return seen;
    } catch (error) {
      if (!(error instanceof CliError) || state === "new" || !passes(error)) throw error;
      if (state === "there") say(`${error.message}; trying again every ${formatDurationMs(intervalMs)}`);
      state = "away";
      return undefined;
    }
  };
}

/** Whether it may be otherwise in a moment: vgpud is being restarted, or busy. */
export function passes({ ending, call }: CliError): boolean {
  if (ending === "interrupted") return false;
  return ending === "unreachable" || call?.outcomeUnknown === true || call?.details.retryMs !== undefined;
}
