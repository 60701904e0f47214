// The conditions in English; this is the list of what there is, other languages are held against it.
import { claims } from "./en/claims.ts";
import { gpu } from "./en/gpu.ts";
import { gvtKernel } from "./en/gvt-kernel.ts";
import { machine } from "./en/machine.ts";
import { scheduler } from "./en/scheduler.ts";
import { sriov } from "./en/sriov.ts";
import { tls } from "./en/tls.ts";
import { virtualization } from "./en/virtualization.ts";

/** For any condition. */
export const common = {
  unreadable: "{path} cannot be read: {why}",
  explained: "follows from {cause}",
  vouched: "cannot be told by itself, and {by} shows that nothing is in the way",
  "no-such-gpu": "this host has no GPU that it concerns",
} as const;

export const texts = {
  ...machine,
  ...gvtKernel,
  ...virtualization,
  ...scheduler,
  ...tls,
  ...claims,
  ...gpu,
  ...sriov,
} as const;
