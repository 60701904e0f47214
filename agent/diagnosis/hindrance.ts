// What keeps a GPU from a mode, for whoever is about to give it that. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Reason } from "../core/reasons.ts";
import { isServed } from "./checks/served.ts";
import { isAvailable } from "./diagnose.ts";
import type { Examined } from "./diagnostician.ts";
import { messageOf } from "./words.ts";

export interface Hindrance {
  /** The condition's; undefined when none was found and it is not known whether it can. */
  readonly condition: Reason | undefined;
  readonly why: string;
}

/** Undefined when nothing is in the way. What is not known is in the way. */
export function hindranceOf(
  { diagnosis, host }: Examined,
  gpu: PciAddress,
  mode: Mode,
): Hindrance | undefined {
  if (!isServed(mode, host.hypervisor))
    return { condition: "MODE_NOT_SERVED", why: "this release of vgpud gives nothing out in it" };
  const verdict = diagnosis.verdicts
    .find((each) => each.gpu === gpu)
    ?.modes.find((each) => each.mode === mode);
  if (verdict && isAvailable(verdict)) return undefined;
  const [condition] = [...(verdict?.because ?? []), ...(verdict?.notKnown ?? [])];
  if (!condition) return { condition: undefined, why: "it was not examined" };
  return { condition: condition.code, why: messageOf(condition, "en") };
}
