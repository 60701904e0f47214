// The moments between taking a request and answering it at which the process may end. The steps of the planner are among
// them by their type, so that a new one is. Whoever composes the agent may have them told; nothing here acts on them.
import type { StepKind } from "./plan.ts";

/** What a write and an erasure are made of (host/ledger-files.ts), each named for what is done by then. */
type LedgerPoint =
  | `ledger write ${"begun" | "filled" | "synced" | "renamed" | "durable"}`
  | `ledger erasure ${"begun" | "unlinked" | "durable"}`;

/** A wait does nothing that could be cut off. */
type StepPoint = `${"before" | "after"} ${Exclude<StepKind, "wait">}`;

/** Of a call that changes something: before anything is looked at, and before its answer goes out. */
type RequestPoint = "request taken" | "answer ready";

export type CrashPoint = RequestPoint | LedgerPoint | StepPoint;

/** Told of each passing, before the agent goes on. */
export type OnPoint = (point: CrashPoint) => void;

export const nobodyListens: OnPoint = () => undefined;
