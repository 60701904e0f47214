// Why no job is to come to the node, and which of its drains are vgpud's to end. Pure.
import { quantitiesText, type Quantities } from "../../capacity/quantities.ts";
import type { HostSupply } from "../supply.ts";
import { isOwnGres } from "./names.ts";
import type { Limits } from "./node.ts";
import type { NodeTold } from "./told.ts";

/** What begins the reason of each drain of vgpud's. */
const OWN = "vgpud: ";

/** While counts are changed that nobody uses, for as long as that takes. */
export const COUNTING = `${OWN}its GRES are counted anew`;

/** Why none may come although there is room, as the reason of a drain; undefined where they may. */
export function whyShut(
  { gpus, domainsKnown }: Pick<HostSupply, "gpus" | "domainsKnown">,
  limits: Limits,
): string | undefined {
  // One that offers nothing of what Slurm counts here, as a GPU without a driver or of another make, has nothing to do with what jobs are given.
  const offering = gpus.filter(({ offers }) => [...offers.keys()].some((quantity) => limits.has(quantity)));
  const asked = offering.length > 0 ? offering : gpus;
  if (asked.length === 0) return undefined;
  if (asked.every(({ drained }) => drained)) return `${OWN}every GPU of this host is drained`;
  if (!domainsKnown) return `${OWN}it is not known which domains there are`;
  if (asked.every(({ drained, closed }) => drained || closed))
    return `${OWN}no GPU of this host gives anything out`;
  return undefined;
}

/**
 * Why none may come for want of room: Slurm's counts stay as they are while jobs use them, and it would send more of which no machine can be
 * made. `over`: how much more jobs have than there is.
 */
export function whyCrowded(over: Quantities, { misled }: { readonly misled: boolean }): string | undefined {
  if (Object.keys(over).length > 0) return `${OWN}jobs have ${quantitiesText(over)} more than there is`;
  return misled ? `${OWN}there is no room for a further vGPU` : undefined;
}

type Order = { readonly state: "drain"; readonly reason: string } | { readonly state: "undrain" };

/** What there is to order of it, where jobs may not come for the reason `why`, or may; undefined where nothing is. */
export function nextDrain(told: NodeTold, why: string | undefined): Order | undefined {
  // One that slurmctld takes for unfit nobody can undrain. By the reason of one that is away slurmctld knows that it is let back by itself.
  if (told.invalid || told.away) return undefined;
  // Whatever somebody else has drained stays so.
  if (told.drained && !isEndedHere(told)) return undefined;
  if (why === undefined) return told.drained ? { state: "undrain" } : undefined;
  return told.drained && told.reason === why ? undefined : { state: "drain", reason: why };
}

/** Whether the drain is vgpud's own, or slurmctld's for a count of which only vgpud speaks. */
export function isEndedHere({ reason, fault }: Pick<NodeTold, "reason" | "fault">): boolean {
  return reason.startsWith(OWN) || (fault?.kind === "changed" && isOwnGres(fault.gres));
}
