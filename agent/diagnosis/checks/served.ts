// What this release of vgpud makes, beside what the host could.
import type { Mode } from "../../core/modes.ts";
import { fail, hostCheck, pass, type HostSubject } from "../condition.ts";

const SERVED_UNDER_KVM: ReadonlySet<Mode> = new Set(["gvt-g", "gvt-d", "gvt-s", "sriov"]);

/** Whether this release of vgpud itself makes vGPUs of that mode on such a host. */
export function isServed(mode: Mode, hypervisor: HostSubject["hypervisor"]): boolean {
  return hypervisor === "kvm" && SERVED_UNDER_KVM.has(mode);
}

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: { "gvt-g": "info", "gvt-d": "info", sriov: "info" },
  dependsOn: [],
  how: "this release of vgpud",
  check: (_, { hypervisor }) => Promise.resolve(hypervisor === "xen" ? fail("xen") : pass("served")),
});
