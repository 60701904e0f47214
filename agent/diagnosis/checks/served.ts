// What this release of vgpud makes, beside what the host could.
import type { Mode } from "../../core/modes.ts";
import { fail, hostCheck, pass, type HostSubject } from "../condition.ts";

const SERVED_BY_QEMU: ReadonlySet<Mode> = new Set(["gvt-g", "gvt-d", "gvt-s", "sriov"]);

/** Whether this release of vgpud itself makes vGPUs of that mode on such a host. */
export function isServed(mode: Mode, hypervisor: HostSubject["hypervisor"]): boolean {
  return isOfQemu(hypervisor) && SERVED_BY_QEMU.has(mode);
}

/** Without KVM QEMU emulates the processor, and gives devices to guests all the same. */
function isOfQemu(hypervisor: HostSubject["hypervisor"]): boolean {
  return hypervisor === "kvm" || hypervisor === "none";
}

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: { "gvt-g": "info", "gvt-d": "info", sriov: "info" },
  dependsOn: [],
  how: "this release of vgpud",
  check: (_, { hypervisor }) => Promise.resolve(isOfQemu(hypervisor) ? pass("served") : fail("xen")),
});
