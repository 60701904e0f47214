// What Placement's books and the host's ledger do not agree in, GPU by GPU. Pure.
import type { Findings } from "../scheduler.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import type { Classes } from "./names.ts";
import { overbooked, type Bookings, type WantedProvider } from "./wanted.ts";

export interface Book {
  readonly gpu: GpuSupply;
  readonly bookings: Bookings;
  readonly wanted: WantedProvider;
}

export type Disagreements = Pick<Findings, "withoutDomain" | "withoutBooking" | "overcommitted">;

/** `firstSeen`: when a booking was first seen without a claim. */
export function disagreementsOf(
  books: readonly Book[],
  { living }: Pick<HostSupply, "living">,
  { classes, firstSeen }: { readonly classes: Classes; readonly firstSeen: (booking: string) => number },
): Disagreements {
  return {
    withoutDomain: books.flatMap(({ gpu, bookings }) =>
      [...bookings]
        .filter(([booking]) => !living.has(booking))
        .map(([booking, amounts]) => ({ booking, gpu: gpu.gpu, amounts, since: firstSeen(booking) })),
    ),
    // What a claim has more than was booked for it, since types are of certain sizes, is no news: it is reserved.
    withoutBooking: books.flatMap(({ gpu, bookings }) =>
      gpu.held.flatMap(({ claimId, takes }) =>
        claimId === undefined || bookings.has(claimId) ? [] : [{ claimId, gpu: gpu.gpu, missing: takes }],
      ),
    ),
    overcommitted: books.flatMap(({ gpu, bookings, wanted }) => {
      const by = overbooked(gpu, wanted, { bookings, classes });
      return Object.keys(by).length === 0 ? [] : [{ gpu: gpu.gpu, by }];
    }),
  };
}
