// What the status page says, before it is said in HTML: plain data, computed from one view of the host.
import type { AgentError } from "../../core/errors.ts";
import type { DomainId } from "../../core/ids.ts";
import type { Reason } from "../../core/reasons.ts";
import type { Diagnosis } from "../../diagnosis/diagnose.ts";
import type { SliceSizes } from "../../inventory/share.ts";
import type { Claim, Failure } from "../../lifecycle/claim.ts";
import type { Ownership } from "../../lifecycle/views.ts";
import type { MetricsView } from "../view.ts";

/** Everything the page is made from, all of the same moment. */
export interface StatusSource {
  readonly view: MetricsView;
  readonly agent: {
    readonly version: string;
    /** Milliseconds since the epoch. */
    readonly startedAt: number;
    readonly simulated: boolean;
    /** Ledger records that could not be read. */
    readonly unreadableRecords: number;
  };
  readonly libvirt: {
    readonly uri: string;
    readonly connected: boolean;
    /** Since when it is so, milliseconds since the epoch. */
    readonly since: number;
    readonly version: string | undefined;
    /** Why it is not connected. */
    readonly error: string | undefined;
  };
  /** Why the ledger cannot be written; undefined when it can. */
  readonly ledgerTrouble: string | undefined;
  /** What the last examination of the host found; undefined before the first. */
  readonly diagnosis: Diagnosis | undefined;
  /** What holds up the latest thing asked of a claim. */
  readonly stalledBy: (claim: Claim) => AgentError | undefined;
  /** What domains did in the last minutes. */
  readonly history: History;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Rates and amounts of every domain at common moments, oldest first. */
export interface History {
  /** How far back it reaches at most, milliseconds. */
  readonly spanMs: number;
  readonly readings: readonly Reading[];
}

export interface Reading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Domains that do not run are absent. */
  readonly domains: ReadonlyMap<DomainId, Activity>;
}

/** What one domain did between two readings. Undefined: libvirt did not say, or there is no earlier reading. */
export interface Activity {
  /** Processor time per time: 1 is one core. */
  readonly cores: number | undefined;
  /** What it occupies on the host, bytes; where that is not told, what the balloon leaves it. */
  readonly memoryBytes: number | undefined;
  readonly diskReadPerSecond: number | undefined;
  readonly diskWritePerSecond: number | undefined;
  readonly receivedPerSecond: number | undefined;
  readonly sentPerSecond: number | undefined;
}

/** A slice in the drawing and the table of its GPU. */
export interface SliceView {
  /** Ties the drawing to the table; from 1. */
  readonly number: number;
  readonly id: string;
  readonly type: string;
  readonly ownership: Ownership;
  /** Undefined when the kernel does not describe its type (any more). */
  readonly sizes: SliceSizes | undefined;
  /** The claim's state, or for others' slices whether a domain uses it. */
  readonly state: string;
  /** `promised`: not in the kernel yet; `leaving`: on its way out. */
  readonly phase: "promised" | "present" | "leaving";
  /** Undefined: no domain is known to name it. */
  readonly domain: string | undefined;
  /** Why it failed, or what holds it up. */
  readonly troubled: Failure | undefined;
}

export type Resource = keyof SliceSizes;

export interface Segment {
  readonly kind: "host" | "free" | "slice";
  readonly slice: SliceView | undefined;
  readonly amount: number;
  /** Per cent of the bar. */
  readonly x: number;
  readonly width: number;
}

export interface Bar {
  readonly resource: Resource;
  readonly total: number;
  readonly free: number;
  readonly segments: readonly Segment[];
}

/** Something an operator should know. */
export interface Notice {
  readonly severity: "error" | "warning" | "information";
  /** Undefined for what no call could be refused for. */
  readonly reason: Reason | undefined;
  /** The GPU, domain or part it is about. */
  readonly about: string;
  readonly message: string;
  readonly remedy: string | undefined;
}
