// Where an agent of the crash tests is to end. It is told by a variable of its environment, or later: by a message of its
// parent, or by SIGUSR2 when it is to be read in a file.
import type { CrashPoint } from "../../../../agent/lifecycle/crash-points.ts";

export interface Death {
  readonly point: CrashPoint | "any";
  /** The so-manieth passing, from 1. */
  readonly passing: number;
}

export const DEATH_VARIABLE = "VGPUD_TEST_DEATH";

/** The file's name. */
export const DEATH_FILE_VARIABLE = "VGPUD_TEST_DEATH_FILE";

/** What it says when it was told later: to its parent, or on stderr. */
export const ARMED = "armed";

/** What it says last, on stderr. */
export const LAST_WORDS = /^ends at (.*)$/m;
