// How it stands with the scheduler in front of the host, for the checks. Only a running agent asks one.
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";

/** What can keep a scheduler from being told, whichever it is; the metrics count failed rounds by it. */
export const schedulerTroubles = [
  /** No connection, or no answer in time. */
  "unreachable",
  /** vgpud is not believed to be who it is, or may not do it. */
  "unauthorized",
  /** What would prove who vgpud is cannot be read on this host. */
  "no-secret",
  /** It speaks no version that is spoken here. */
  "version",
  /** What answers is not it, or is out of its mind. */
  "bad-answer",
  /** Its own fault. */
  "failed",
  /** Others change the same things without end. */
  "conflict",
  /** It takes the request for wrong, whatever the reason. */
  "refused",
  /** It does not serve this host as it is, by its own files or by what it found here. */
  "unserved",
  /** A program of its that vgpud runs failed, and nothing but its words tells why. */
  "program-failed",
  /** It does not know this host. */
  "no-root",
  /** This host's place in it is another's. */
  "root-taken",
  /** This host has no name. */
  "no-host",
  /** What vgpud has to remember of it cannot be written down; it is told all the same. */
  "unrecorded",
  /** It keeps a booking that no domain came for and that is to be given back; it is told all the same. */
  "not-given-back",
  /** By the configuration it is told nothing, and gives out what cannot be made here. */
  "in-vain",
  /** A fault of vgpud. */
  "internal",
] as const;
export type SchedulerTrouble = (typeof schedulerTroubles)[number];

/** Why it is not told a part alone, as one of several GPUs. What costs most first: guests that fail, those that may, room, and what goes wrong later at most. */
export const untoldTroubles = [
  "in-vain",
  "refused",
  "conflict",
  "failed",
  "bad-answer",
  "not-given-back",
  "unrecorded",
] as const satisfies readonly SchedulerTrouble[];
export type UntoldTrouble = (typeof untoldTroubles)[number];
/** What can keep it from being told anything. */
export type FailingTrouble = Exclude<SchedulerTrouble, "unrecorded" | "not-given-back" | "in-vain">;

export type SchedulerReading =
  | { readonly kind: "not-configured" }
  | ({ readonly kind: "not-asked" } & Named)
  | ({
      readonly kind: "failing";
      readonly trouble: FailingTrouble;
      readonly why: string;
      /** Rounds that failed one after the other. */
      readonly times: number;
    } & Named)
  | ({
      readonly kind: "told";
      /** Undefined: all is told. */
      readonly untold: UntoldOfHost | undefined;
      /** Whether nothing is to be given out, since it is not known which domains there are. */
      readonly withoutDomains: boolean;
      readonly closed: readonly ClosedGpu[];
      readonly books: SchedulerBooks;
    } & Named);

/** Nothing of this GPU is to be given out until these conditions are mended. */
interface ClosedGpu {
  readonly gpu: PciAddress;
  readonly closedBy: readonly Reason[];
}

/** What of this host the scheduler is not told, while it is told all else. */
export interface UntoldOfHost {
  /** At least one, what costs most first; `what`: as the scheduler calls it. */
  readonly parts: readonly { readonly trouble: UntoldTrouble; readonly what: string; readonly why: string }[];
  /** How often they were tried, but for what is in vain, without all of them being told; 0 where nothing was. */
  readonly times: number;
}

/** Whether nothing is made here without the scheduler's word, or the ledger alone decides. */
export type SchedulerPolicyWord = "require" | "trust-ledger";

interface Named {
  /** As the configuration calls it. */
  readonly name: string;
  readonly policy: SchedulerPolicyWord;
  /** Whether it is told what this host has; otherwise it is only asked, and goes on giving out what it knows of itself. */
  readonly isTold: boolean;
  /** Whether anybody may make a booking for a claim, or each is a job that the claim is named after. */
  readonly booksBy: "allocation" | "job";
}

/** What its books and the host's ledger did not agree in when they were compared last. Amounts in words. */
export interface SchedulerBooks {
  /** How long a booking may be without a domain, seconds. */
  readonly graceSeconds: number;
  /** The same as the configuration has it. */
  readonly grace: string;
  readonly withoutDomain: readonly WaitingBooking[];
  readonly withoutBooking: readonly UnbookedClaim[];
  /** Undefined while that cannot be known. */
  readonly overbooked: readonly OverbookedGpu[] | undefined;
  readonly vanished: readonly VanishedProvider[];
  readonly publishedTwice: readonly TwicePublishedGpu[];
  /** What its own files give this host; undefined where it has none that do. */
  readonly configured:
    | {
        /** How much more that is than the host ever has for others; undefined where that is nothing. */
        readonly beyond: string | undefined;
      }
    | undefined;
}

export interface WaitingBooking {
  readonly booking: string;
  /** Undefined where the scheduler counts the GPUs of a host together. */
  readonly gpu: PciAddress | undefined;
  readonly amounts: string;
  /** Since vgpud first saw it so. */
  readonly seconds: number;
  /** Whether vgpuctl is known to have booked it. */
  readonly isOurs: boolean;
}

interface UnbookedClaim {
  readonly claimId: string;
  readonly gpu: PciAddress;
  /** Another GPU of this host that it is booked on. */
  readonly bookedOn: PciAddress | undefined;
  readonly amounts: string;
}

/** `amounts`: by how much. */
type OverbookedGpu =
  | { readonly gpu: PciAddress; readonly amounts: string }
  | {
      /** As above. */
      readonly gpu: undefined;
      readonly amounts: string;
      /** Who has some of it, first those without a claim. */
      readonly having: readonly HavingSome[];
    };

interface HavingSome {
  readonly booking: string;
  readonly amounts: string;
  readonly hasClaim: boolean;
}

/** Of a GPU that the host does not have any more. */
interface VanishedProvider {
  /** As the scheduler calls it. */
  readonly name: string;
  readonly bookings: number;
}

/** Its room is given out by somebody else, too. */
interface TwicePublishedGpu {
  readonly gpu: PciAddress;
  /** The other's provider, as the scheduler calls it. */
  readonly by: { readonly name: string; readonly id: string };
}
