// Where an agent of the crash tests is to end. It is told by a variable of its environment, or later by a message.
import type { CrashPoint } from "../../../../agent/lifecycle/crash-points.ts";

export interface Death {
  readonly point: CrashPoint | "any";
  /** The so-manieth passing, from 1. */
  readonly passing: number;
}

export const DEATH_VARIABLE = "VGPUD_TEST_DEATH";

/** What it says last, on stderr. */
export const LAST_WORDS = /^ends at (.*)$/m;
