// What this release of vgpud makes, beside what the host could.
import type { Mode } from "../../core/modes.ts";
import { fail, hostCheck, type HostSubject } from "../condition.ts";

/** Whether this release of vgpud itself makes vGPUs of that mode on such a host. */
export function isServed(mode: Mode, hypervisor: HostSubject["hypervisor"]): boolean {
  return hypervisor === "kvm" && (mode === "gvt-g" || mode === "gvt-s");
}

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: { "gvt-d": "info", sriov: "info" },
  dependsOn: [],
  how: "this release of vgpud",
  check: () => Promise.resolve(fail("not-served")),
});
