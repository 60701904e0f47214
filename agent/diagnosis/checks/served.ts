// What this release of vgpud makes, beside what the host could.
import type { Mode } from "../../core/modes.ts";
import { fail, hostCheck, type HostSubject } from "../condition.ts";

/** Whether this release of vgpud itself makes vGPUs of that mode on such a host. */
export function isServed(mode: Mode, hypervisor: HostSubject["hypervisor"]): boolean {
  return mode === "gvt-g" && hypervisor === "kvm";
}

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: { "gvt-d": "info", "gvt-s": "info", sriov: "info" },
  dependsOn: [],
  how: "this release of vgpud",
  check: () => Promise.resolve(fail("not-served")),
});
