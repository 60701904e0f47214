// Follows vgpud's changes over its restarts: goes on where that is possible, and begins anew where it is not.
import type { WatchResponse } from "../../../proto/gen/vgpud/v1/watch_service.ts";
import type { Clock } from "../../core/clock.ts";
import { formatDurationMs } from "../../core/duration.ts";
import { CliError } from "../errors/cli-error.ts";
import { passes } from "../terminal/watch.ts";

export interface Follow {
  /** A stream behind the token; with the empty one from a snapshot on. Fails with a CliError. */
  readonly open: (resumeToken: string) => AsyncIterable<WatchResponse>;
  /** A stream was opened; `anew`: it begins with a snapshot. */
  readonly onOpen: (anew: boolean) => void;
  /** Tells the user that vgpud is away, and that it is back. */
  readonly say: (line: string) => void;
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
}

const RETRY_MS = 1_000;
/** There is no going on from the token. */
const LOST: readonly (string | undefined)[] = ["RESUME_TOO_OLD", "RESUME_OTHER_EPOCH", "WATCH_TOO_SLOW"];

/** Without end. @throws CliError when the first stream cannot be had, when one fails for good, and when it is interrupted */
export async function* follow(options: Follow): AsyncGenerator<WatchResponse> {
  const { open, onOpen, say, clock, signal } = options;
  let state: "new" | "there" | "away" = "new";
  for (let token = ""; ;) {
    try {
      onOpen(token === "");
      for await (const item of open(token)) {
        if (state === "away") say("vgpud answers again");
        state = "there";
        if (item.resumeToken !== "") token = item.resumeToken;
        yield item;
      }
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      if (LOST.includes(error.reason)) {
        token = "";
        continue;
      }
      if (state === "new" || !passes(error)) throw error;
      if (state === "there") say(`${error.message}; trying again every ${formatDurationMs(RETRY_MS)}`);
      state = "away";
    }
    await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    if (signal.aborted) throw new CliError("interrupted", "interrupted");
  }
}
