// What Slurm's books and the host's ledger do not agree in. Pure.
import type { Findings } from "../scheduler.ts";
import type { HostSupply } from "../supply.ts";
import type { Limits } from "./node.ts";
import { overbooked, roomOf, type Bookings } from "./wanted.ts";

/** `firstSeen`: when a job was first seen without a claim. */
export function disagreementsOf(
  supply: HostSupply,
  bookings: Bookings,
  { limits, firstSeen }: { readonly limits: Limits; readonly firstSeen: (booking: string) => number },
): Pick<Findings, "withoutDomain" | "withoutBooking" | "overcommitted"> {
  const by = overbooked(roomOf(supply, bookings, limits));
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
    overcommitted: Object.keys(by).length === 0 ? [] : [{ gpu: undefined, by }],
  };
}

/** A job that is ending has nothing left although it is there. */
function isBooked(claimId: string, bookings: Bookings): boolean {
  return Object.keys(bookings.get(claimId) ?? {}).length > 0;
}
