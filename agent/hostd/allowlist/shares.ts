// Files by which drivers are told what virtual functions have.
import { FUNCTION } from "./functions.ts";
import type { AllowedFile } from "./file.ts";

/** Those that change what virtual functions have. */
const SHARING = ["set-function-profile", "set-virtual-functions"] as const;

/** `files`: by the name of the row, below the folder. */
function rowsOfShares<Name extends string>(
  driver: "i915" | "xe",
  folder: string,
  files: Readonly<Record<Name, string>>,
): Readonly<Record<Name, AllowedFile & { readonly operations: typeof SHARING }>> {
  const rows = Object.entries<string>(files).map(([name, file]) => [
    name,
    {
      operations: SHARING,
      path: `${folder}/${file}`,
      access: "write and read",
      stayBelow: "sys/devices",
      why: `a share of a virtual function of ${driver}`,
    },
  ]);
  return Object.fromEntries(rows) as ReturnType<typeof rowsOfShares<Name>>;
}

export const SHARE_FILES = {
  totalvfs: {
    operations: SHARING,
    path: `${FUNCTION}/sriov_totalvfs`,
    access: "read",
    stayBelow: "sys/devices",
    why: "tells which virtual functions the GPU has shares for",
  },
  drm: {
    operations: SHARING,
    path: `${FUNCTION}/drm`,
    access: "read",
    stayBelow: "sys",
    why: "names the card, below which i915 has its files",
  },
  card: {
    operations: SHARING,
    path: `${FUNCTION}/drm/{card}`,
    access: "read",
    stayBelow: "sys",
    why: "names the folder that an i915 with virtual functions has for them",
  },
  units: {
    operations: SHARING,
    path: `${FUNCTION}/drm/{card}/{iov}/{vf}`,
    access: "read",
    stayBelow: "sys",
    why: "lists the graphics units, each of which has shares of its own",
  },
  ...rowsOfShares("xe", `${FUNCTION}/sriov_admin/{vf}/profile`, {
    xeExecQuantum: "exec_quantum_ms",
    xePreemptTimeout: "preempt_timeout_us",
    xePriority: "sched_priority",
    xeVram: "vram_quota",
  }),
  ...rowsOfShares("i915", `${FUNCTION}/drm/{card}/{iov}/{vf}/{unit}`, {
    i915ExecQuantum: "exec_quantum_ms",
    i915PreemptTimeout: "preempt_timeout_us",
    i915Ggtt: "ggtt_quota",
    i915Contexts: "contexts_quota",
    i915Doorbells: "doorbells_quota",
  }),
  i915Automatic: {
    operations: ["set-virtual-functions"],
    path: `${FUNCTION}/drm/{card}/{iov}/pf/auto_provisioning`,
    access: "write and read",
    stayBelow: "sys/devices",
    why: "lets i915 share out by itself again, once nobody's parts are left",
  },
} as const satisfies Record<string, AllowedFile>;
