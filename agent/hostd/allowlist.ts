// The published allowlist: every file that hostd may look at or open, for which of its operations, and what for.
import type { AllowedFile } from "./allowlist/file.ts";
import { ENGINE_FILES } from "./allowlist/engines.ts";
import { FUNCTION_FILES } from "./allowlist/functions.ts";
import { MDEV_FILES } from "./allowlist/mdevs.ts";
import { PROCESS_FILES } from "./allowlist/processes.ts";
import { SHARE_FILES } from "./allowlist/shares.ts";
import { XEN_FILES } from "./allowlist/xen.ts";

/** In the order in which it is published. */
export const ALLOWLIST = {
  ...MDEV_FILES,
  ...PROCESS_FILES,
  ...FUNCTION_FILES,
  ...SHARE_FILES,
  ...XEN_FILES,
  ...ENGINE_FILES,
} as const satisfies Record<string, AllowedFile>;

export type AllowedName = keyof typeof ALLOWLIST;
