// Durations to the wire.
import type { Duration } from "../../../proto/gen/google/protobuf/duration.ts";

const NANOS_PER_SECOND = 1_000_000_000;

/** `nanos`: whole nanoseconds, not negative. */
export function toWireDuration(nanos: number): Duration {
  return { seconds: BigInt(Math.floor(nanos / NANOS_PER_SECOND)), nanos: nanos % NANOS_PER_SECOND };
}
