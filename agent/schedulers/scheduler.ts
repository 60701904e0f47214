// What any scheduler in front of this host is to vgpud: somebody who is told what there is, who books for callers, and whose books
// are compared with what stands on the host. An adapter for each implements it.
import type { Booking, Quantities } from "../capacity/quantities.ts";
import type { ClaimId, PciAddress } from "../core/ids.ts";
import type { HostSupply } from "./supply.ts";

/** For how long after their signal, milliseconds, rounds may go on that would leave something half done: whoever stops has to wait. */
export const FINISH_MS = 10_000;

export interface Scheduler {
  /** For messages, metrics and conditions. */
  readonly name: string;
  readonly manner: Manner;
  /** What it calls this host; undefined while that is not known. */
  host(): string | undefined;
  /**
   * Makes what the scheduler knows of this host what the supply says: what there is, what is reserved, what is drained. Sends
   * nothing where it knows that already. What it refused before is left out until `heal`. Throws SchedulerError where it cannot be told
   * anything. Ends with the signal, or at most FINISH_MS later.
   */
  publish(supply: HostSupply, signal: AbortSignal): Promise<Published>;
  /**
   * Reads anew what the scheduler has of this host and publishes; then says what its books and the host's ledger do not agree in.
   * Throws SchedulerError. Ends as `publish` does.
   */
  heal(supply: HostSupply, signal: AbortSignal): Promise<Findings>;
  /**
   * What was booked for a claim on this host. Throws an AgentError: FIELD_INVALID for a claim id that cannot be one of the
   * scheduler's, CLAIM_NOT_BOOKED where nothing was booked here, SCHEDULER_UNAVAILABLE where that cannot be found out.
   */
  bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking>;
}

/** In what it differs from other schedulers, for those who speak of it and know no adapter. */
export interface Manner {
  /** Whether it is told what this host has; otherwise it is only asked, and goes on giving out what it knows of itself. */
  readonly isTold: boolean;
  /** Whether anybody may make a booking for a claim, or each is a job that the claim is named after. */
  readonly booksBy: "allocation" | "job";
  /** Whether it may send here what there is no room for, until it is compared with again. */
  readonly mayOversend: boolean;
}

/** What came of a publish that did not fail. */
export interface Published {
  /** Whether the scheduler was told or asked anything: where it knew all, that says nothing of whether it still answers. */
  readonly answered: boolean;
  /** As in Findings. */
  readonly untold: readonly Untold[];
  /** As in Findings. */
  readonly isPassing: boolean;
}

/** The scheduler could not be told or asked. */
export class SchedulerError extends Error {
  override readonly name = "SchedulerError";
  /** In one word what is the matter, for metrics; each adapter has a closed list. */
  readonly kind: string;
  readonly retry: Retry;

  constructor(kind: string, message: string, options: ErrorOptions & { readonly retry?: Retry } = {}) {
    super(message, options);
    this.kind = kind;
    this.retry = options.retry ?? "later";
  }
}

/** When it is told or asked again after it could not be. */
type Retry =
  /** By default: less and less often, whatever changes here, since it may be away, or nothing here ends what it says. */
  | "later"
  /** It answers, and what is the matter may end with a change of this host: as soon as there is one, and otherwise as above. */
  | "at-change"
  /** The same, but always soon: somebody is to do something about it and waits for what comes of that, or it ends where this host does not see it. */
  | "soon";

/** What the scheduler's books and the host's ledger do not agree in. */
export interface Findings {
  /** Booked on this host, and no claim of the ledger bears the name. */
  readonly withoutDomain: readonly BookedWithoutDomain[];
  /** A claim of the ledger that nothing was booked for where it is: what it takes was taken from what others may book. */
  readonly withoutBooking: readonly ClaimWithoutBooking[];
  /** More is booked and reserved than there is; undefined while that cannot be known. */
  readonly overcommitted: readonly Overbooked[] | undefined;
  /** What the scheduler has of GPUs that are not there any more and cannot be taken back, since it is booked. */
  readonly vanished: readonly VanishedGpu[];
  /** How much more the scheduler's own files give this host than it ever has for others; undefined where it has no such files. */
  readonly configuredBeyond: Quantities | undefined;
  /** GPUs that somebody else gives out with the scheduler, too: the same room, twice. */
  readonly publishedTwice: readonly PublishedTwice[];
  /** How many bookings of vgpud's own kind were given back, since no domain came for them. */
  readonly givenBack: number;
  /**
   * What the scheduler is not told, while it is told all else; or what it gives out here in vain, where by the configuration it is told
   * nothing.
   */
  readonly untold: readonly Untold[];
  /** Whether what it was told may hold only until something ends that this host does not see: it is compared again soon. */
  readonly isPassing: boolean;
}

/** The kind of what a scheduler that is told nothing gives out in vain: nothing was tried that may be done the next time. */
export const IN_VAIN = "in-vain";

/** A part of what there is to tell that was not told. */
export interface Untold {
  /** As in SchedulerError; or IN_VAIN. */
  readonly kind: string;
  /** What it is about, as the scheduler calls it. */
  readonly what: string;
  readonly message: string;
}

interface BookedWithoutDomain {
  readonly booking: string;
  /** Undefined where the scheduler counts all GPUs of a host together. */
  readonly gpu: PciAddress | undefined;
  readonly amounts: Quantities;
  /** Milliseconds of the clock that never steps back, when it was first seen so. */
  readonly since: number;
  /** Whether vgpud's own tools have booked it; left out while nobody had to look at whose it is. */
  readonly isOurs?: boolean | undefined;
}

interface ClaimWithoutBooking {
  readonly claimId: ClaimId;
  readonly gpu: PciAddress;
  readonly missing: Quantities;
  /** Another GPU of this host that has a booking of the claim's: there its room is taken a second time. */
  readonly bookedOn: PciAddress | undefined;
}

type Overbooked =
  | { readonly gpu: PciAddress; readonly by: Quantities }
  | {
      /** As above. */
      readonly gpu: undefined;
      readonly by: Quantities;
      /** Who has some of it, first those without a claim. */
      readonly having: readonly HavingSome[];
    };

interface HavingSome {
  readonly booking: string;
  /** All that it has. */
  readonly amounts: Quantities;
  readonly hasClaim: boolean;
}

export interface VanishedGpu {
  /** As the scheduler calls it. */
  readonly name: string;
  readonly bookings: number;
}

export interface PublishedTwice {
  readonly gpu: PciAddress;
  /** What the other has published it as, as the scheduler calls it. */
  readonly by: { readonly name: string; readonly id: string };
}

export const nothingFound: Findings = {
  withoutDomain: [],
  withoutBooking: [],
  overcommitted: [],
  vanished: [],
  configuredBeyond: undefined,
  publishedTwice: [],
  givenBack: 0,
  untold: [],
  isPassing: false,
};
