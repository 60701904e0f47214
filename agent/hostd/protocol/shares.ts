// What a virtual function can be given, and the values that each share of it may have. The set is closed.

const U16 = 65_535;
const U32 = 4_294_967_295;

/** The most that each can be told; the least is 0. Drivers know less, and clamp or refuse it. */
export const MOST = {
  /** How long it may use an engine while others wait, ms; 0: without a limit. */
  execQuantumMs: U32,
  /** How long it is given to let go of an engine before that is reset, µs; 0: without a limit. */
  preemptTimeoutUs: U32,
  /** Local memory of a discrete GPU. */
  vramBytes: Number.MAX_SAFE_INTEGER,
  /** Global graphics address space. */
  ggttBytes: Number.MAX_SAFE_INTEGER,
  /** Submission contexts. */
  contexts: U16,
  doorbells: U16,
} as const;
export type AmountName = keyof typeof MOST;

export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** In the order in which they are written. */
export const SHARES = [
  "execQuantumMs",
  "preemptTimeoutUs",
  "priority",
  "vramBytes",
  "ggttBytes",
  "contexts",
  "doorbells",
] as const satisfies readonly (AmountName | "priority")[];
export type ShareName = (typeof SHARES)[number];
type ShareValue<Share extends ShareName> = Share extends "priority" ? Priority : number;

/** Only what is to be set, at least one. */
export type FunctionProfile = { readonly [Share in ShareName]?: ShareValue<Share> };

/** What a driver has after it was told of a share: less than it was told where it clamps, more where it rounds up. */
export interface WrittenShare {
  readonly share: ShareName;
  /** The graphics unit, as `gt0`, where the driver has the share for each; undefined where it has one for all. */
  readonly unit?: string;
  readonly value: number | Priority;
}

/** No GPU has so many graphics units that an answer could be longer. */
export const MAX_WRITTEN = 128;

export function isShareName(value: unknown): value is ShareName {
  return SHARES.some((share) => share === value);
}

export function isPriority(value: unknown): value is Priority {
  return PRIORITIES.some((priority) => priority === value);
}
