// A claim: this host's durable promise of a slice, one record in the ledger. Pure data and the table of its states.
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, PciAddress, VgpuId } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { TraceContext } from "../core/trace.ts";
import type { Labels, OnStop, SliceSizes } from "../inventory/model.ts";
import type { Placed } from "../capacity/place.ts";
import type { DomainSpec } from "./domain-spec.ts";

/** How far a claim has come. */
export type ClaimState = "reserved" | "creating" | "active" | "stopped" | "deleting" | "failed" | "gone";

/** What the claim is meant to be. The planner leads there from wherever the host is (law 1). */
export type Goal = "running" | "stopped" | "absent";

export interface Claim {
  readonly claimId: ClaimId;
  /** Issued with the claim and never reused; the file name of the record. */
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly type: string;
  readonly sizes: SliceSizes;
  readonly domain: ClaimedDomain;
  /** Why it was placed here; undefined for a claim rebuilt from a domain's mark. */
  readonly placement: Placed | undefined;
  readonly state: ClaimState;
  readonly goal: Goal;
  /** How to switch the guest off; set while the goal asks for it. */
  readonly powerOff: PowerOff | undefined;
  /** Of the canonical create request: same claim id and same digest is a retry, another digest is a mistake. */
  readonly requestDigest: string;
  /** Remembered request ids, newest last. */
  readonly requests: readonly RememberedRequest[];
  /** The latest thing asked of this claim. */
  readonly operation: Operation;
  /** Why it failed; set in `failed`, kept while it is being undone. */
  readonly failure: Failure | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The boot that last wrote the record: what a slice was before a reboot is no longer there. */
  readonly bootId: string;
}

interface ClaimedDomain {
  readonly id: DomainId;
  readonly name: string;
  readonly onStop: OnStop;
  readonly labels: Labels;
  readonly autostart: boolean;
  /** Undefined for a claim rebuilt from the mark of a domain that is already defined. */
  readonly spec: DomainSpec | undefined;
}

interface PowerOff {
  /** Milliseconds since the epoch; when the guest has not gone by then, it is forced. Undefined: never forced. */
  readonly forceAt: number | undefined;
  /** When the guest was last asked to shut down. */
  readonly askedAt: number | undefined;
}

export interface RememberedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly digest: string;
  readonly operationId: string;
}

export type OperationKind = "create" | "start" | "stop" | "destroy";

export interface Operation {
  /** A UUID. */
  readonly id: string;
  readonly kind: OperationKind;
  /** Of the request that began it; what is done for it later, also after a restart, is told under it. */
  readonly trace?: TraceContext | undefined;
  readonly startedAt: number;
  /** Undefined while it runs. */
  readonly ended: { readonly at: number; readonly failure: Failure | undefined } | undefined;
}

export interface Failure {
  readonly reason: Reason;
  readonly message: string;
}

const next = {
  reserved: ["creating", "deleting", "gone"],
  creating: ["active", "failed", "deleting"],
  active: ["stopped", "failed", "deleting"],
  stopped: ["active", "failed", "deleting"],
  // A domain that vanished may be defined again by whoever took it away.
  failed: ["active", "stopped", "deleting", "gone"],
  deleting: ["gone"],
  gone: [],
} as const satisfies Record<ClaimState, readonly ClaimState[]>;

/** Whether a claim may go from one state to another. Staying is always allowed. */
export function mayBecome(from: ClaimState, to: ClaimState): boolean {
  const row: readonly ClaimState[] = next[from];
  return from === to || row.includes(to);
}

/** A changed claim; throws when the table has no such transition. */
export function changed(claim: Claim, change: Partial<Claim>, wall: number): Claim {
  const to = change.state ?? claim.state;
  if (!mayBecome(claim.state, to))
    throw new AgentError("INTERNAL", `a claim that is ${claim.state} cannot become ${to}`, {
      details: { claim_id: claim.claimId },
    });
  return { ...claim, ...change, updatedAt: wall };
}

/** Whether nothing is left to do for this claim as far as the ledger knows. */
export function isSettled({ state, goal }: Claim): boolean {
  switch (goal) {
    case "running":
      return state === "active" || state === "failed";
    case "stopped":
      return state === "stopped" || state === "failed";
    case "absent":
      return state === "gone";
  }
}
