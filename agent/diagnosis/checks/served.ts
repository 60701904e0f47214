// What this release of vgpud makes, beside what the host could.
import type { Mode } from "../../core/modes.ts";
import {
  fail,
  hostCheck,
  notApplicable,
  pass,
  type Finding,
  type HostSubject,
  type Says,
} from "../condition.ts";

/** By hypervisor, the modes in which vGPUs are made. */
type Served = Readonly<Record<HostSubject["hypervisor"], readonly Mode[]>>;

const ON_QEMU: readonly Mode[] = ["gvt-g", "gvt-d", "gvt-s", "sriov"];

/** Of this release: whatever else tells of it, as the page of the modes, takes it from here. */
const served: Served = {
  kvm: ON_QEMU,
  // QEMU then emulates the processor, and gives devices to guests all the same.
  none: ON_QEMU,
  xen: ["gvt-g", "gvt-d", "sriov"],
  "xen-guest": [],
};

/** Xen has no gvt-s to be served (VIRGL_NOT_ON_XEN). */
const COSTS = { "gvt-g": "info", "gvt-d": "info", sriov: "info" } as const;

/** Whether this release of vgpud itself makes vGPUs of that mode on such a host. */
export function isServed(mode: Mode, hypervisor: HostSubject["hypervisor"]): boolean {
  return served[hypervisor].includes(mode);
}

/** What is said where that is what is made. */
export function judgeServed(
  hypervisor: HostSubject["hypervisor"],
  made: readonly Mode[],
): Finding<Says<"MODE_NOT_SERVED">> {
  if (hypervisor === "xen-guest") return notApplicable("xen-guest");
  const wanting = Object.keys(COSTS).filter((mode) => !made.some((each) => each === mode));
  const values = { made: made.join(", "), wanting: wanting.join(", ") };
  if (wanting.length === 0) return pass("served", values);
  return made.length === 0 ? fail("none", values) : fail("some", values);
}

export const modeNotServed = hostCheck({
  code: "MODE_NOT_SERVED",
  costs: COSTS,
  dependsOn: [],
  how: "this release of vgpud, and the hypervisor",
  check: (_, { hypervisor }) => Promise.resolve(judgeServed(hypervisor, served[hypervisor])),
});
