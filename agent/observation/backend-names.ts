// What realises each mode, as metrics name it.
import type { Mode } from "../core/modes.ts";

const names = {
  "gvt-g": "kvmgt",
  "gvt-d": "passthrough",
  "gvt-s": "virgl",
  sriov: "sriov",
} as const satisfies Record<Mode, string>;

/** Slices on a Xen host, where they are of XenGT, are made by another. */
export function backendName(mode: Mode, { xengt }: { readonly xengt: boolean }): string {
  return mode === "gvt-g" && xengt ? "xengt" : names[mode];
}
