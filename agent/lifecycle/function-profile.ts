// What each virtual function of a GPU is set to, and what came of it, in words. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { FunctionPriority, VirtualFunction } from "../inventory/virtual-functions.ts";

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

/** What a function needs beside its address space, and nobody asks for. */
export const companions = ["contexts", "doorbells"] as const;
export type Companion = (typeof companions)[number];

/** What a driver is told to give. */
export type FunctionValues = FunctionProfile & Readonly<Partial<Record<Companion, number>>>;

/** i915's ports give contexts in such pieces (CTXS_GRANULARITY in intel_iov_provisioning.c). */
const CONTEXTS_AT_ONCE = 1024;

/**
 * A driver that is told what address space functions have gives them nothing else by itself, and makes none that has only a part of
 * what it needs (i915's ports, intel_iov_provisioning_verify: ENOKEY). They share alike, as it would have it.
 */
export function withCompanions(
  profile: FunctionProfile,
  count: number,
  left: Readonly<Record<Companion, number | undefined>>,
): FunctionValues {
  if (profile.ggttBytes === undefined) return profile;
  const contexts = Math.floor((left.contexts ?? 0) / count / CONTEXTS_AT_ONCE) * CONTEXTS_AT_ONCE;
  const doorbells = Math.floor((left.doorbells ?? 0) / count);
  return { ...profile, ...(contexts > 0 && { contexts }), ...(doorbells > 0 && { doorbells }) };
}

export const BYTES_PER_MIB = 1024 * 1024;
const MEMORY = ["vramBytes", "ggttBytes"] as const satisfies readonly ProfileShare[];

/**
 * What stands after another profile was asked for: what that does not say stays, but for what the driver did not let be set. Memory of 0
 * is the driver's to share out.
 */
export function withAsked(
  before: { readonly profile?: FunctionProfile | undefined; readonly made?: ProfileOutcome | undefined } = {},
  asked: FunctionProfile | undefined,
): FunctionProfile | undefined {
  const ignored = new Set<string>(asked && before.made?.notOffered);
  const stays = Object.entries(before.profile ?? {}).filter(([share]) => !ignored.has(share));
  const shares = Object.entries({ ...Object.fromEntries(stays), ...asked });
  const left = shares.filter(([share, value]) => value !== 0 || !isMemory(share));
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** Whether memory that functions were given is the driver's to share out again, which it does when it makes functions. */
export function givesMemoryBack(
  before: FunctionProfile | undefined,
  asked: FunctionProfile | undefined,
): boolean {
  return MEMORY.some((share) => asked?.[share] === 0 && before?.[share] !== undefined);
}

/** What functions that stay are to be told of a profile: no memory that they have. */
export function newTo(
  functions: readonly VirtualFunction[],
  asked: FunctionProfile | undefined,
): FunctionProfile | undefined {
  const isHad = (share: (typeof MEMORY)[number]): boolean =>
    asked?.[share] === 0 || functions.every(({ quota }) => quota[share] === asked?.[share]);
  const shares = Object.entries(asked ?? {}).filter(([share]) => !isMemory(share) || !isHad(share));
  return shares.length === 0 ? undefined : Object.fromEntries(shares);
}

function isMemory(share: string): share is (typeof MEMORY)[number] {
  return MEMORY.some((each) => each === share);
}

/** Memory that a function is given anew it loses first; how it takes turns may change while a guest has it. */
export function takesMemory(profile: FunctionProfile | undefined): boolean {
  return MEMORY.some((share) => profile?.[share] !== undefined);
}

/** A share as the driver has it after it was told. */
export interface WrittenShare {
  readonly share: ProfileShare;
  /** The graphics unit, as `gt0`; undefined where the driver has one share for all. */
  readonly unit?: string | undefined;
  readonly value: number | FunctionPriority;
}

/** Of what was asked for. */
export interface ProfileOutcome {
  readonly written: readonly WrittenShare[];
  /** What the bound driver does not let be set. */
  readonly notOffered: readonly ProfileShare[];
}

export const shareWords = {
  execQuantumMs: "exec quantum",
  preemptTimeoutUs: "preempt timeout",
  priority: "priority",
  vramBytes: "local memory",
  ggttBytes: "graphics address space",
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

/** With what was made otherwise earlier of what is kept and was not told again. */
export function madeInAll(
  {
    profile: kept = {},
    made: earlier,
  }: { readonly profile?: FunctionProfile | undefined; readonly made?: ProfileOutcome | undefined },
  told: FunctionProfile | undefined,
  made: ProfileOutcome | undefined,
): ProfileOutcome | undefined {
  const stays = (share: ProfileShare): boolean => kept[share] !== undefined && told?.[share] === undefined;
  const written = [...(earlier?.written.filter(({ share }) => stays(share)) ?? []), ...(made?.written ?? [])];
  const notOffered = [...(earlier?.notOffered.filter(stays) ?? []), ...(made?.notOffered ?? [])];
  return written.length === 0 && notOffered.length === 0 ? undefined : { written, notOffered };
}

/** The same in words. */
export function profileWarnings(
  profile: FunctionProfile,
  { written, notOffered }: ProfileOutcome,
): readonly string[] {
  const clamped = written.map(({ share, unit, value }) => {
    const where = unit === undefined ? "" : ` of ${unit}`;
    return `${shareWords[share]}${where}: asked for ${amount(share, profile[share] ?? "")}, the driver has ${amount(share, value)}`;
  });
  return [...clamped, ...notOffered.map(ignoredWarning)];
}

/** As it was asked for: bytes where what a driver rounded is no whole number of MiB. */
function amount(share: ProfileShare, value: number | string): string {
  switch (share) {
    case "execQuantumMs":
      return `${value} ms`;
    case "preemptTimeoutUs":
      return `${value} µs`;
    case "vramBytes":
    case "ggttBytes": {
      const mib = Number(value) / BYTES_PER_MIB;
      return Number.isInteger(mib) ? `${mib} MiB` : `${value} bytes`;
    }
    case "priority":
      return String(value);
  }
}

export function ignoredWarning(share: ProfileShare): string {
  return `${shareWords[share]}: the driver does not let it be set`;
}
