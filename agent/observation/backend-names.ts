// What realises each mode, as metrics name it.
import type { Mode } from "../core/modes.ts";

/** Slices are seen of kvmgt only. */
export const backendNames = {
  "gvt-g": "kvmgt",
  "gvt-d": "passthrough",
  "gvt-s": "virgl",
  sriov: "sriov",
} as const satisfies Record<Mode, string>;
