// What keeps a GPU from a mode, for whoever is about to give it that. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Reason } from "../core/reasons.ts";
import { isServed } from "./checks/served.ts";
import type { Examined } from "./diagnostician.ts";
import { messageOf, remedyOf } from "./words.ts";

export interface Hindrance {
  /** The condition's; undefined when none was found and it is not known whether it can. */
  readonly condition: Reason | undefined;
  readonly why: string;
}

/** Where there is none QEMU emulates the processor: that is no use to most, and the GPU is given to guests all the same. */
const OF_THE_PROCESSOR = "NO_HYPERVISOR" satisfies Reason;
/** Under Xen the host may not see them: Xen itself gives nothing out without an IOMMU, and is told where its QEMU is. */
const OF_XEN: ReadonlySet<Reason> = new Set(["IOMMU_OFF", "QEMU_MISSING"]);

/** What the host loses with a GPU that is given away (HOST_DISPLAY_ON_GPU); undefined when it shows nothing there. */
export function displayLost({ diagnosis }: Examined, gpu: PciAddress): string | undefined {
  const found = diagnosis.conditions.find((each) => each.code === "HOST_DISPLAY_ON_GPU" && each.gpu === gpu);
  if (found?.finding.status !== "fail") return undefined;
  return `HOST_DISPLAY_ON_GPU: ${messageOf(found, "en")}; ${remedyOf(found, "en")}`;
}

/** Undefined when nothing is in the way. What is not known is in the way. */
export function hindranceOf(
  { diagnosis, host }: Examined,
  gpu: PciAddress,
  mode: Mode,
): Hindrance | undefined {
  const verdict = diagnosis.verdicts
    .find((each) => each.gpu === gpu)
    ?.modes.find((each) => each.mode === mode);
  const failed = verdict?.because.find(({ code }) => code !== OF_THE_PROCESSOR);
  // What cannot be here is told as the diagnosis tells it; of what could be only that nobody makes it.
  if (failed) return { condition: failed.code, why: messageOf(failed, "en") };
  if (!isServed(mode, host.hypervisor))
    return { condition: "MODE_NOT_SERVED", why: "this release of vgpud gives nothing out in it" };
  if (!verdict) return { condition: undefined, why: "it was not examined" };
  const notKnown = verdict.notKnown.find(
    ({ code }) => code !== OF_THE_PROCESSOR && (host.hypervisor !== "xen" || !OF_XEN.has(code)),
  );
  return notKnown && { condition: notKnown.code, why: messageOf(notKnown, "en") };
}
