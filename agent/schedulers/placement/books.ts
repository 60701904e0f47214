// What Placement's books and the host's ledger do not agree in, GPU by GPU. Pure.
import type { ClaimId, PciAddress } from "../../core/ids.ts";
import type { Findings } from "../scheduler.ts";
import type { GpuSupply, HostSupply } from "../supply.ts";
import type { Classes } from "./names.ts";
import { overbooked, type Bookings, type WantedProvider } from "./wanted.ts";

export interface Book {
  readonly gpu: GpuSupply;
  readonly bookings: Bookings;
  readonly wanted: WantedProvider;
}

export interface Disagreements extends Pick<Findings, "withoutDomain" | "withoutBooking"> {
  readonly overcommitted: NonNullable<Findings["overcommitted"]>;
}

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
        claimId === undefined || bookings.has(claimId)
          ? []
          : [{ claimId, gpu: gpu.gpu, missing: takes, bookedOn: bookedOn(claimId, books) }],
      ),
    ),
    overcommitted: books.flatMap(({ gpu, bookings, wanted }) => {
      const by = overbooked(gpu, wanted, { bookings, classes });
      return Object.keys(by).length === 0 ? [] : [{ gpu: gpu.gpu, by }];
    }),
  };
}

/** The first GPU with a booking of the claim's. */
function bookedOn(claimId: ClaimId, books: readonly Book[]): PciAddress | undefined {
  return books.find(({ bookings }) => bookings.has(claimId))?.gpu.gpu;
}

/** With what was found before of GPUs whose books could not be read now, as far as it can still be so; `firstSeen` as above. */
export function withUnread(
  found: Disagreements,
  before: Disagreements | undefined,
  {
    books,
    supply,
    firstSeen,
  }: {
    readonly books: readonly Book[];
    readonly supply: Pick<HostSupply, "gpus" | "living">;
    readonly firstSeen: (booking: string) => number;
  },
): Disagreements {
  if (!before) return found;
  const read = new Set(books.map(({ gpu }) => gpu.gpu));
  const unread = new Map(supply.gpus.flatMap((each) => (read.has(each.gpu) ? [] : [[each.gpu, each]])));
  const isUnread = ({ gpu }: { readonly gpu: PciAddress | undefined }): boolean =>
    gpu !== undefined && unread.has(gpu);
  const bookedBefore = (now: Disagreements["withoutBooking"][number]): PciAddress | undefined =>
    before.withoutBooking.find(
      ({ claimId, gpu, bookedOn }) =>
        claimId === now.claimId && gpu === now.gpu && isUnread({ gpu: bookedOn }),
    )?.bookedOn;
  return {
    withoutDomain: [
      ...found.withoutDomain,
      ...before.withoutDomain
        .filter((each) => isUnread(each) && !supply.living.has(each.booking))
        .map((each) => ({ ...each, since: firstSeen(each.booking) })),
    ],
    withoutBooking: [
      ...found.withoutBooking.map((each) => ({ ...each, bookedOn: each.bookedOn ?? bookedBefore(each) })),
      ...before.withoutBooking.filter(({ gpu, claimId }) =>
        unread.get(gpu)?.held.some((each) => each.claimId === claimId),
      ),
    ],
    overcommitted: [...found.overcommitted, ...before.overcommitted.filter(isUnread)],
  };
}
