// Whether Slurm would send one more job, and whether the host could make its vGPU. Pure.
import type { Quantities, Quantity } from "../../capacity/quantities.ts";
import type { HostSupply } from "../supply.ts";
import { isShut, type Bookings, type Room } from "./wanted.ts";

/** What one vGPU takes some of, in each mode. */
const KINDS: readonly (readonly Quantity[])[] = [
  ["slices", "lowGmMib", "highGmMib", "fences"],
  ["functions"],
  ["gpus"],
  ["seats"],
];

/**
 * Whether Slurm, by what it counts, sends a job with the least vGPU, and the host has no room for one of any kind. `counts`: of each that Slurm
 * counts here, which stay above what there is while jobs have some. Of a kind that is full beside another that is not Slurm has to be let
 * send jobs: it is the node that is drained, and not a kind.
 */
export function isMisled(
  { there, booked }: Room,
  counts: ReadonlyMap<Quantity, number>,
  { gpus, bookings }: Pick<HostSupply, "gpus"> & { readonly bookings: Bookings },
): boolean {
  const kinds = kindsOf(counts);
  const made = leastOf(gpus);
  const asked = (quantity: Quantity): number => Math.min(made(quantity), leastIn(bookings, quantity));
  const left = (all: number | undefined, quantity: Quantity): number => (all ?? 0) - (booked[quantity] ?? 0);
  const isSent = kinds.some((kind) =>
    kind.every((quantity) => left(counts.get(quantity), quantity) >= asked(quantity)),
  );
  return (
    isSent &&
    !kinds.some((kind) => kind.every((quantity) => left(there[quantity], quantity) >= made(quantity)))
  );
}

/** What Slurm counts here, by kind: who has none of one quantity of a kind has no vGPU of that kind. */
export function kindsOf(counts: ReadonlyMap<Quantity, number>): readonly (readonly Quantity[])[] {
  return KINDS.map((kind) => kind.filter((quantity) => counts.has(quantity))).filter(
    (kind) => kind.length > 0,
  );
}

/** What the least vGPU takes. */
function leastOf(gpus: HostSupply["gpus"]): (quantity: Quantity) => number {
  const open = gpus.filter((gpu) => !isShut(gpu));
  return (quantity) => {
    const all = open.flatMap(({ offers }) => offers.get(quantity)?.least ?? []);
    return all.length === 0 ? 1 : Math.min(...all);
  };
}

/** What the least job has, which may ask for less than any type has. */
function leastIn(bookings: Bookings, quantity: Quantity): number {
  const all = [...bookings.values()].flatMap((amounts: Quantities) => amounts[quantity] ?? []);
  return Math.min(...all);
}
