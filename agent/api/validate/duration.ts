// Lengths of time as they come over the wire.
import type { Duration } from "../../../proto/gen/google/protobuf/duration.ts";
import { invalid } from "./fields.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** In milliseconds; at most a day, and at least what `min` says, in words and in milliseconds. */
export function parseUpToADay(
  { seconds, nanos }: Duration,
  field: string,
  min: { readonly ms: number; readonly said: string },
): number {
  const ms = Number(seconds) * 1000 + Math.round(nanos / 1e6);
  const formed = nanos >= 0 && nanos < 1e9;
  if (!formed || ms < min.ms || ms > DAY_MS) throw invalid(field, `must be ${min.said} to 24 hours`);
  return ms;
}
