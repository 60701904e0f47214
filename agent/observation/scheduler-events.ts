// What is counted of the scheduler in front of the host. All label sets are closed.
import type { Described } from "./definition.ts";

/** `publish`: what changed here is told. `heal`: all of it is read anew and compared. */
export const schedulerRounds = ["publish", "heal"] as const;
/** `partial`: all was told but a part. */
export const roundOutcomes = ["ok", "partial", "failed"] as const;

export const schedulerMethods = ["GET", "POST", "PUT", "DELETE"] as const;
/** Of HTTP; `none`: no answer came, or not all of it. */
export const statusClasses = ["2xx", "3xx", "4xx", "5xx", "none"] as const;

/** What came of verifying the claim of a create. */
export const verificationOutcomes = [
  "verified",
  "not-booked",
  "not-covered",
  /** The claim's id cannot be one of the scheduler's. */
  "invalid",
  "unavailable",
] as const;
export type VerificationOutcome = (typeof verificationOutcomes)[number];

export const schedulerEvents = {
  schedulerRounds: {
    name: "vgpud_scheduler_rounds_total",
    help: "Rounds with the scheduler that sent or read something, by kind (publish, heal) and outcome (ok, partial, failed).",
    type: "counter",
    labels: ["round", "outcome"],
  },
  schedulerFailures: {
    name: "vgpud_scheduler_round_failures_total",
    help: "Rounds with the scheduler that failed as a whole or in part, by what was the matter.",
    type: "counter",
    labels: ["failure"],
  },
  schedulerRequests: {
    name: "vgpud_scheduler_requests_total",
    help: "Requests to the scheduler's service that ended, by HTTP method and class of status; those for tokens are not counted.",
    type: "counter",
    labels: ["method", "status"],
  },
  schedulerDuration: {
    name: "vgpud_scheduler_request_duration_seconds",
    help: "How long requests to the scheduler's service took until their whole answer was there, or until they were given up.",
    type: "histogram",
    labels: ["method"],
    // Placement takes some 10 ms on a quiet machine; a request may take 10 s by default.
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
  },
  schedulerVerifications: {
    name: "vgpud_scheduler_verifications_total",
    help: "Creates, dry runs included, by what came of verifying their claim with the scheduler; those that found no room are not counted.",
    type: "counter",
    labels: ["outcome"],
  },
  schedulerGivenBack: {
    name: "vgpud_scheduler_bookings_given_back_total",
    help: "Bookings of vgpuctl that vgpud gave back, since no domain came for them.",
    type: "counter",
    labels: [],
  },
} as const satisfies Record<string, Described & { readonly buckets?: readonly number[] }>;
