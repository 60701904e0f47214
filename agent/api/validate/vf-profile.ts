// What virtual functions are to be set to, from the wire.
import type { Duration } from "../../../proto/gen/google/protobuf/duration.ts";
import type { VfProfile } from "../../../proto/gen/vgpud/v1/placement.ts";
import { functionPriorities } from "../../inventory/virtual-functions.ts";
import type { FunctionProfile } from "../../lifecycle/function-profile.ts";
import { all, invalid, join, printable } from "./fields.ts";

const U32 = 4_294_967_295;
const BYTES_PER_MIB = 1024 * 1024;
/** A tebibyte: more than any GPU has. */
const MOST_MIB = 1024n * 1024n;
const NANOS = { ms: 1_000_000n, µs: 1_000n } as const;

/** Undefined for one that sets nothing. @throws AgentError `invalid-argument` with the fields, `path` before them */
export function parseVfProfile(profile: VfProfile | undefined, path: string): FunctionProfile | undefined {
  if (!profile) return undefined;
  const at = (name: string): string => join(path, name);
  const parsed = all({
    execQuantumMs: () => wholeUnits(profile.execQuantum, "ms", at("exec_quantum")),
    preemptTimeoutUs: () => wholeUnits(profile.preemptTimeout, "µs", at("preempt_timeout")),
    priority: () => parsePriority(profile.schedPriority, at("sched_priority")),
    vramBytes: () => bytes(profile.vramQuotaMib, at("vram_quota_mib")),
    ggttBytes: () => bytes(profile.ggttQuotaMib, at("ggtt_quota_mib")),
  });
  const set = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  return Object.keys(set).length > 0 ? set : undefined;
}

/** Drivers take a number of 32 bits. */
function wholeUnits(
  duration: Duration | undefined,
  unit: keyof typeof NANOS,
  field: string,
): number | undefined {
  if (!duration) return undefined;
  const { seconds, nanos } = duration;
  const whole = seconds * 1_000_000_000n + BigInt(nanos);
  const units = whole / NANOS[unit];
  const isFormed = nanos >= 0 && nanos < 1e9 && seconds >= 0n && units * NANOS[unit] === whole;
  if (!isFormed || units > U32) throw invalid(field, `must be 0 to ${U32} whole ${unit}`);
  return Number(units);
}

function parsePriority(word: string, field: string): FunctionProfile["priority"] | undefined {
  if (word === "") return undefined;
  const known = functionPriorities.find((priority) => priority === word);
  if (known) return known;
  throw invalid(field, `must be one of ${functionPriorities.join(", ")}, is ${printable(word)}`);
}

function bytes(mib: bigint | undefined, field: string): number | undefined {
  if (mib === undefined) return undefined;
  if (mib < 0n || mib > MOST_MIB) throw invalid(field, `must be 0 to ${MOST_MIB} MiB`);
  return Number(mib) * BYTES_PER_MIB;
}
