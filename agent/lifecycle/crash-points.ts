// The moments between taking a request and answering it at which the process may end. The steps of the planner are among
// them by their type, and what an adoption asks of libvirt, so that a new one is. Whoever composes the agent may have them
// told; nothing here acts on them.
import type { StepKind } from "./plan.ts";
import type { DomainMarks, GpuFunctions } from "./ports.ts";

/** What a write is made of (host/record-file.ts), of a claim, or of a record as what is drained: each named for what is done by then. */
type WritePoint = `${"ledger" | "record"} write ${"begun" | "filled" | "synced" | "renamed" | "durable"}`;

/** What an erasure is made of (host/ledger-files.ts). */
type ErasurePoint = `ledger erasure ${"begun" | "unlinked" | "durable"}`;

/** A wait does nothing that could be cut off. */
type StepPoint = `${"before" | "after"} ${Exclude<StepKind, "wait">}`;

/** An adoption has no plan: it is a row of these, with writes in between. */
type MarkPoint = `${"before" | "after"} ${keyof DomainMarks}-domain`;

/** What is done to a GPU as a PCI function, by whoever is to have it as it was set. */
export type FunctionChange = Exclude<keyof GpuFunctions, "cutInto" | "driverShares">;
type FunctionPoint = `${"before" | "after"} ${FunctionChange} of a GPU`;

/** Of a call that changes something: before anything is looked at, and before its answer goes out. */
type RequestPoint = "request taken" | "answer ready";

/** What a change of a GPU's mode or virtual functions passes between its request and its answer. */
export type SettingPoint = FunctionPoint | Extract<WritePoint, `record ${string}`>;

/** What changes of claims and drains pass. */
export type ClaimPoint = RequestPoint | WritePoint | ErasurePoint | StepPoint | MarkPoint;

export type CrashPoint = ClaimPoint | FunctionPoint;

/** Told of each passing, before the agent goes on. */
export type OnPoint = (point: CrashPoint) => void;

export const nobodyListens: OnPoint = () => undefined;
