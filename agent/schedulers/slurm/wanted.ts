// What Slurm ought to count of this host: all GPUs together, since it knows none of them by its address. Pure.
import { beyond, quantities, sumOf, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import { GRES, isOwnGres } from "./names.ts";
import type { Limits } from "./node.ts";
import type { NodeTold } from "./told.ts";

/** What jobs on this node have, by the name of the claim that is each one's. */
export type Bookings = ReadonlyMap<string, Quantities>;

/** Of each that Slurm counts here how many jobs may have in all. */
export function wantedCounts(
  { gpus }: Pick<HostSupply, "gpus">,
  bookings: Bookings,
  limits: Limits,
): ReadonlyMap<Quantity, number> {
  return new Map(
    [...limits].map(([quantity, limit]) => {
      const all = gpus.map(
        (gpu) => (isShut(gpu) ? bookedOn(gpu, bookings) : openIn(gpu, bookings))[quantity],
      );
      return [quantity, Math.min(limit, sum(all))];
    }),
  );
}

/** How much more jobs have than there is for them. */
export function overbooked(
  { gpus }: Pick<HostSupply, "gpus">,
  bookings: Bookings,
  limits: Limits,
): Quantities {
  const there = sumOf(gpus.map((gpu) => openIn(gpu, bookings)));
  const booked = sumOf([...bookings.values()]);
  const counted = Object.fromEntries([...limits.keys()].map((quantity) => [quantity, booked[quantity] ?? 0]));
  return beyond(counted, there);
}

/** The list for `scontrol update`, with what others have on the node; undefined when Slurm counts that already. */
export function gresToSet(
  { gres }: Pick<NodeTold, "gres">,
  wanted: ReadonlyMap<Quantity, number>,
): readonly string[] | undefined {
  // Of what there is none Slurm shows nothing, or 0.
  const counted = (name: string): number =>
    sum(gres.map((each) => (each.name === name ? each.count : undefined)));
  if ([...wanted].every(([quantity, count]) => counted(GRES[quantity]) === count)) return undefined;
  const others = gres.filter(({ name }) => !isOwnGres(name)).map(({ words }) => words);
  return [...others, ...[...wanted].map(([quantity, count]) => `${GRES[quantity]}:${count}`)];
}

/** Why no job is to come to the host, since nothing more is to be had of it; undefined where jobs may. */
export function whyNoJobs({
  gpus,
  domainsKnown,
}: Pick<HostSupply, "gpus" | "domainsKnown">): string | undefined {
  if (gpus.length === 0) return undefined;
  if (gpus.every(({ drained }) => drained)) return "every GPU of this host is drained";
  return domainsKnown ? undefined : "libvirt is away";
}

function isShut({ drained, closed }: GpuSupply): boolean {
  return drained || closed;
}

/** What jobs may have of it, those included that have it: what somebody takes without a job of his own nobody else may book. */
function openIn({ offers, held }: GpuSupply, bookings: Bookings): Quantities {
  const unbooked = sumOf(held.map(({ claimId, takes }) => beyond(takes, of(claimId, bookings))));
  return Object.fromEntries(
    quantities.map((quantity) => {
      const { total = 0, kept = 0 } = offers.get(quantity) ?? {};
      return [quantity, Math.max(0, total - kept - (unbooked[quantity] ?? 0))];
    }),
  );
}

function bookedOn({ held }: GpuSupply, bookings: Bookings): Quantities {
  return sumOf(held.map(({ claimId }) => of(claimId, bookings)));
}

function of(claimId: string | undefined, bookings: Bookings): Quantities {
  return (claimId === undefined ? undefined : bookings.get(claimId)) ?? {};
}

function sum(all: readonly (number | undefined)[]): number {
  return all.reduce<number>((total, each) => total + (each ?? 0), 0);
}
