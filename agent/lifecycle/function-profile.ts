// What each virtual function of a GPU is set to, and what came of it, in words. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { FunctionPriority } from "../inventory/virtual-functions.ts";

/** Only what is to be set; the rest is as the driver shares it out. */
export interface FunctionProfile {
  /** How long it may use an engine while others wait, ms; 0: without a limit. */
  readonly execQuantumMs?: number;
  /** How long it is given to let go of an engine, µs; 0: without a limit. */
  readonly preemptTimeoutUs?: number;
  readonly priority?: FunctionPriority;
  /** Local memory of a discrete GPU. */
  readonly vramBytes?: number;
  /** Global graphics address space. */
  readonly ggttBytes?: number;
}

export type ProfileShare = keyof FunctionProfile;

/** What this agent has told the driver of each GPU to give functions: what that made of it is not to be told again and again. */
export type ToldProfiles = Map<PciAddress, FunctionProfile>;

/** Memory that a function is given anew it loses first; how it takes turns may change while a guest has it. */
export function takesMemory(profile: FunctionProfile | undefined): boolean {
  return profile?.vramBytes !== undefined || profile?.ggttBytes !== undefined;
}

/** A share as the driver has it after it was told. */
export interface WrittenShare {
  readonly share: ProfileShare;
  /** The graphics unit, as `gt0`; undefined where the driver has one share for all. */
  readonly unit?: string | undefined;
  readonly value: number | FunctionPriority;
}

export interface ProfileOutcome {
  readonly written: readonly WrittenShare[];
  /** What the bound driver does not let be set. */
  readonly notOffered: readonly ProfileShare[];
}

export const shareWords = {
  execQuantumMs: "exec quantum (ms)",
  preemptTimeoutUs: "preempt timeout (µs)",
  priority: "priority",
  vramBytes: "local memory (bytes)",
  ggttBytes: "graphics address space (bytes)",
} as const satisfies Record<ProfileShare, string>;

/** What the driver clamped or does not offer; undefined: nothing. Functions are all told the same: each thing is there once. */
export function madeOtherwise(
  profile: FunctionProfile,
  outcomes: readonly ProfileOutcome[],
): ProfileOutcome | undefined {
  const clamped = outcomes.flatMap(({ written }) =>
    written.filter(({ share, value }) => value !== profile[share]),
  );
  const written = new Map(
    clamped.map((one) => [`${one.share} ${one.unit ?? ""} ${one.value}`, one] as const),
  );
  const notOffered = new Set(outcomes.flatMap((one) => one.notOffered));
  if (written.size === 0 && notOffered.size === 0) return undefined;
  return { written: [...written.values()], notOffered: [...notOffered] };
}

/** The same in words. */
export function profileWarnings(
  profile: FunctionProfile,
  { written, notOffered }: ProfileOutcome,
): readonly string[] {
  const clamped = written.map(({ share, unit, value }) => {
    const where = unit === undefined ? "" : ` of ${unit}`;
    return `${shareWords[share]}${where}: asked for ${profile[share] ?? ""}, the driver has ${value}`;
  });
  return [...clamped, ...notOffered.map(ignoredWarning)];
}

export function ignoredWarning(share: ProfileShare): string {
  return `${shareWords[share]}: the driver does not let it be set`;
}
