// What Slurm's books and the host's ledger do not agree in. Pure.
import { quantities, type Quantities } from "../../capacity/quantities.ts";
import type { Findings } from "../scheduler.ts";
import type { HostSupply } from "../supply.ts";
import { whyShut } from "./drains.ts";
import type { Limits } from "./node.ts";
import { overbooked, roomOf, type Bookings } from "./wanted.ts";

/** `firstSeen`: when a job was first seen without a claim. */
export function disagreementsOf(
  supply: HostSupply,
  bookings: Bookings,
  { limits, firstSeen }: { readonly limits: Limits; readonly firstSeen: (booking: string) => number },
): Pick<Findings, "withoutDomain" | "withoutBooking" | "overcommitted"> {
  return {
    withoutDomain: [...bookings]
      .filter(([booking, amounts]) => !supply.living.has(booking) && Object.keys(amounts).length > 0)
      .map(([booking, amounts]) => ({ booking, gpu: undefined, amounts, since: firstSeen(booking) })),
    withoutBooking: supply.gpus.flatMap(({ gpu, held }) =>
      held.flatMap(({ claimId, takes }) =>
        claimId === undefined || isBooked(claimId, bookings)
          ? []
          : [{ claimId, gpu, missing: takes, bookedOn: undefined }],
      ),
    ),
    overcommitted: overcommittedOn(supply, bookings, limits),
  };
}

function overcommittedOn(supply: HostSupply, bookings: Bookings, limits: Limits): Findings["overcommitted"] {
  // It is known neither what others take nor which jobs have their machine: who cancels one then may cancel one with a guest.
  if (!supply.domainsKnown) return undefined;
  // With all shut, a job without a machine lacks no room that another job has: it is not let have any.
  const isAllShut = whyShut(supply, limits) !== undefined;
  const by = overbooked(roomOf(isAllShut ? opened(supply) : supply, bookings, limits));
  return Object.keys(by).length === 0
    ? []
    : [{ gpu: undefined, by, having: havingSome(by, bookings, supply) }];
}

function opened({ gpus }: Pick<HostSupply, "gpus">): Pick<HostSupply, "gpus"> {
  return { gpus: gpus.map((gpu) => ({ ...gpu, drained: false, closed: false })) };
}

/** Of those without a claim one was refused, as a rule. */
function havingSome(by: Quantities, bookings: Bookings, { living }: Pick<HostSupply, "living">) {
  const all = [...bookings].flatMap(([booking, amounts]) =>
    isSomeOf(by, amounts) ? [{ booking, amounts, hasClaim: living.has(booking) }] : [],
  );
  return all.toSorted((one, other) => Number(one.hasClaim) - Number(other.hasClaim));
}

function isSomeOf(by: Quantities, amounts: Quantities): boolean {
  return quantities.some((quantity) => (by[quantity] ?? 0) > 0 && (amounts[quantity] ?? 0) > 0);
}

/** A job that is ending has nothing left although it is there. */
function isBooked(claimId: string, bookings: Bookings): boolean {
  return Object.keys(bookings.get(claimId) ?? {}).length > 0;
}
