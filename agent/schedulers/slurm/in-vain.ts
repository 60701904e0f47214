// What a Slurm that is told nothing gives out of this host although none of it can be made. Pure.
import { beyond, sumOf, type Quantity } from "../../capacity/quantities.ts";
import { IN_VAIN, type Untold } from "../scheduler.ts";
import type { GpuSupply } from "../supply.ts";
import type { Seen } from "./goal.ts";
import { kindsOf } from "./further.ts";
import { GRES } from "./names.ts";
import { heldIn, isShut, openOf, standingCounts } from "./wanted.ts";

/**
 * By node or by GPU. Nothing while no job comes to the node, as where somebody has drained it for that, and nothing that was taken off its
 * counts. What is taken of a GPU that gives something out is none of it: that is room that is lacking.
 */
export function givenOutInVain(seen: Seen, node: string): readonly Untold[] {
  const { told, supply } = seen;
  const kinds = told.drained || told.away ? [] : kindsBeyond(seen);
  if (kinds.length === 0) return [];
  const ofNode = (message: string): Untold => inVain(`node ${node}`, message);
  if (!supply.domainsKnown) return [ofNode("it is not known which domains there are, and none can be made")];
  const offer = ({ offers }: GpuSupply, kind: readonly Quantity[]): boolean =>
    kind.some((quantity) => offers.has(quantity));
  const nowhere = kinds.filter((kind) => !supply.gpus.some((gpu) => offer(gpu, kind)));
  const shut = supply.gpus.filter((gpu) => isShut(gpu) && offer(gpu, kinds.flat()));
  return [
    ...(nowhere.length > 0 ? [ofNode(`no GPU of it has any ${namesOf(nowhere)}`)] : []),
    ...shut.map((gpu) => inVain(`GPU ${gpu.gpu}`, whyShut(gpu))),
  ];
}

/**
 * Kinds of which Slurm counts more than can be made: what jobs have on GPUs that are shut, and all that the other GPUs have. Of each quantity of
 * a kind, since a job that gets none of one of them is not sent here.
 */
function kindsBeyond({ told, limits, supply: { gpus }, bookings }: Seen): readonly (readonly Quantity[])[] {
  const made = sumOf(gpus.map((gpu) => (isShut(gpu) ? heldIn(gpu, bookings) : openOf(gpu.offers))));
  const more = beyond(Object.fromEntries(standingCounts(told.gres, limits)), made);
  return kindsOf(limits).filter((kind) => kind.every((quantity) => more[quantity] !== undefined));
}

function inVain(what: string, message: string): Untold {
  return { kind: IN_VAIN, what, message };
}

/** Of each by the first that Slurm counts: without it nobody has any of the kind. */
function namesOf(kinds: readonly (readonly Quantity[])[]): string {
  return kinds.flatMap(([first]) => (first === undefined ? [] : GRES[first])).join(", nor any ");
}

function whyShut({ drained, closedBy }: GpuSupply): string {
  if (drained) return "it is drained";
  return closedBy.length > 0
    ? closedBy.join(", ")
    : "its kernel has nothing more, or does not say what it has";
}
