// Durations of the contract as people write them in a file.
import { formatDurationMs, parseDurationMs } from "../../core/duration.ts";

export const DURATION = "google.protobuf.Duration";

/** What a duration looks like, for messages. */
export const DURATION_WORDS = "a duration, as 500ms, 30s or 0.000020s";

/** protobuf's own form. */
const SECONDS = /^(\d{1,12})(?:\.(\d{1,9}))?s$/;

interface DurationFields {
  readonly seconds: string;
  readonly nanos: number;
}

/** The fields of the message, as `fromJSON` takes them; undefined when the text is no duration. */
export function durationFields(text: string): DurationFields | undefined {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return { seconds: String(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
  const [, seconds, fraction = ""] = SECONDS.exec(text) ?? [];
  return seconds === undefined ? undefined : { seconds, nanos: Number(fraction.padEnd(9, "0")) };
}

/** The shortest form that says the same. */
export function durationText({ seconds, nanos }: { seconds: number; nanos: number }): string {
  if (nanos % 1_000_000 === 0) return formatDurationMs(seconds * 1000 + nanos / 1_000_000);
  return `${seconds}.${String(nanos).padStart(9, "0")}s`;
}
