// Whether what virtual functions are to have can be given to them, as far as that is told before the driver is asked. Pure.
import { AgentError } from "../core/errors.ts";
import type { Gpu } from "../inventory/model.ts";
import type { Sriov } from "../inventory/virtual-functions.ts";
import {
  BYTES_PER_MIB,
  ignoredWarning,
  shareWords as words,
  type FunctionProfile,
  type ProfileShare,
} from "./function-profile.ts";
import type { DriverShares } from "./ports.ts";

/** The memory of functions, by the fields of the contract. */
const MEMORY = {
  vramBytes: "profile.vram_quota_mib",
  ggttBytes: "profile.ggtt_quota_mib",
} as const;
type Memory = keyof typeof MEMORY;
const MEMORIES: readonly Memory[] = ["vramBytes", "ggttBytes"];

/** Throws FIELD_INVALID for what no driver could give: only that is refused. */
export function refuseBeyond(
  { address, sriov }: Gpu,
  count: number,
  profile: FunctionProfile | undefined,
): void {
  if (sriov === undefined) return;
  for (const memory of MEMORIES) {
    const asked = profile?.[memory];
    const has = roomFor(sriov, memory);
    if (asked === undefined || has === undefined) continue;
    const field = MEMORY[memory];
    const each = mib(asked);
    const refused =
      asked > has.one
        ? `at most ${mib(has.one)} MiB for one function`
        : asked * count > has.all
          ? `${mib(has.all)} MiB for all functions together, not ${count} times as much`
          : undefined;
    if (refused === undefined) continue;
    const message = `${field} is ${each}, and GPU ${address} has ${refused}`;
    throw new AgentError("FIELD_INVALID", message, {
      field,
      details: { gpu: address, one_mib: mib(has.one), all_mib: mib(has.all) },
    });
  }
}

/** What may become otherwise than it is asked for, in words. */
export function foreseen(
  { sriov }: Gpu,
  profile: FunctionProfile,
  { settable }: DriverShares,
): readonly string[] {
  const asked = Object.keys(profile) as ProfileShare[];
  return asked.flatMap((share) => {
    if (!settable.has(share)) return [ignoredWarning(share)];
    const memory = MEMORIES.find((each) => each === share);
    if (memory === undefined) return [];
    const [amount, largest] = [profile[memory] ?? 0, sriov?.largestQuota[memory]];
    if (largest === undefined)
      return [`${words[share]}: how much there is the driver does not tell; it may refuse`];
    return amount > largest
      ? [`${words[share]}: ${mib(largest)} MiB are in one piece now; the driver may refuse more`]
      : [];
  });
}

/**
 * What there could be once all functions are unmade; undefined where the driver does not tell. While some have parts, what lies in one
 * piece then is not known, but no more than all.
 */
function roomFor(
  { functions, available, largestQuota }: Sriov,
  memory: Memory,
): { readonly one: number; readonly all: number } | undefined {
  const [left, largest] = [available[memory], largestQuota[memory]];
  if (left === undefined || largest === undefined) return undefined;
  const given = functions.reduce((sum, { quota }) => sum + (quota[memory] ?? 0), 0);
  const all = left + given;
  return { all, one: given === 0 ? Math.min(largest, all) : all };
}

function mib(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_MIB);
}
