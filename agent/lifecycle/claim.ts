// A claim: this host's durable promise of a slice, one record in the ledger. Pure data and the table of its states.
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, PciAddress, VgpuId } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { TraceContext } from "../core/trace.ts";
import type { Labels, OnStop } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import type { Placed } from "../capacity/place.ts";
import type { DomainSpec } from "./domain-spec.ts";

/** How far a claim has come. */
export type ClaimState = "reserved" | "creating" | "active" | "stopped" | "deleting" | "failed" | "gone";

/** A slice and the domain of ours that has it. */
export interface DomainClaim extends Led {
  readonly kind: "domain";
  readonly state: Exclude<ClaimState, "reserved">;
  readonly goal: "running" | "stopped" | "absent";
  readonly operation: Operation<"create" | "start" | "stop" | "destroy">;
  readonly domain: ClaimedDomain;
  /** How to switch the guest off; set while the goal asks for it. */
  readonly powerOff: PowerOff | undefined;
  /** The reboots of its guest that vgpud has followed since a caller last started it; undefined: none. */
  readonly restarts?: Restarts | undefined;
  /** Its owner gave it up: from when its domain's mark is off it is ours no more. */
  readonly givenUp?: true;
}

/** A slice whose domain somebody else manages: as far as the host is concerned, a slice and no more. */
export interface VgpuClaim extends Led {
  readonly kind: "vgpu";
  readonly state: "creating" | "active" | "deleting" | "failed" | "gone";
  readonly goal: "present" | "absent";
  readonly operation: Operation<"create-vgpu" | "delete-vgpu">;
  /** The domain that is to have it, as its maker said; nothing is done to it. */
  readonly forDomain: DomainId | undefined;
  readonly labels: Labels;
  readonly domain?: undefined;
}

/** Room that is held for a while; nothing is on the host for it. It becomes one of the other two when it is bound. */
export interface Reservation extends Promised {
  readonly kind: "reservation";
  readonly state: "reserved" | "gone";
  readonly goal: "reserved" | "absent";
  /** Milliseconds since the epoch: from then on it is over, whatever else happens. */
  readonly expiresAt: number;
  readonly domain?: undefined;
  readonly operation?: undefined;
  readonly failure?: undefined;
}

export type Claim = DomainClaim | VgpuClaim | Reservation;

/** A claim that is led somewhere on the host: its slice exists, or is being made or removed. */
export type SliceClaim = DomainClaim | VgpuClaim;

/** What the claim is meant to be. The planner leads there from wherever the host is (law 1). */
export type Goal = Claim["goal"];

/** What every claim says, whatever it is for. */
interface Promised {
  readonly claimId: ClaimId;
  /** Issued with the claim and never reused; the file name of the record. */
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly share: Share;
  /** Why it was placed here; undefined for a claim rebuilt from a domain's mark. */
  readonly placement: Placed | undefined;
  /** Of the canonical create request: same claim id and same digest is a retry, another digest is a mistake. */
  readonly requestDigest: string;
  /** Remembered request ids, newest last. */
  readonly requests: readonly RememberedRequest[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The boot that last wrote the record: what a slice was before a reboot is no longer there. */
  readonly bootId: string;
}

interface Led extends Promised {
  /** The latest thing asked of this claim. */
  readonly operation: Operation;
  /** Why it failed; set in `failed`, kept while it is being undone. */
  readonly failure: Failure | undefined;
  /** The reservation that it was bound from, which it goes back to when its create is undone. */
  readonly reservation: Bound | undefined;
}

/** What a reservation was when it was bound. The rest of it is the claim's own. */
type Bound = Pick<Reservation, "claimId" | "requestDigest" | "requests" | "createdAt" | "expiresAt">;

interface ClaimedDomain {
  readonly id: DomainId;
  readonly name: string;
  readonly onStop: OnStop;
  readonly labels: Labels;
  readonly autostart: boolean;
  /** Undefined for a claim rebuilt from the mark of a domain that is already defined. */
  readonly spec: DomainSpec | undefined;
}

/** How often a guest has rebooted in a row, and when it last did, milliseconds since the epoch. */
export interface Restarts {
  readonly inRow: number;
  readonly at: number;
}

export interface PowerOff {
  /** Milliseconds since the epoch; when the guest has not gone by then, it is forced. Undefined: never forced. */
  readonly forceAt: number | undefined;
  /** When the guest was last asked to shut down. */
  readonly askedAt: number | undefined;
}

/**
 * What holds at `wall`: when the clock was set back behind the moment at which the guest was asked, nobody knows how long ago that
 * was. It is to be asked again, and its time begins anew: an hour of the clock must not be an hour more for the guest.
 */
export function powerOffAt({ forceAt, askedAt }: PowerOff, wall: number): PowerOff {
  if (askedAt === undefined || askedAt <= wall) return { forceAt, askedAt };
  return { forceAt: forceAt === undefined ? undefined : wall + (forceAt - askedAt), askedAt: undefined };
}

export interface RememberedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly digest: string;
  /** Undefined for what is done as soon as it is written, as a reservation. */
  readonly operationId: string | undefined;
}

export type OperationKind = "create" | "start" | "stop" | "destroy" | "create-vgpu" | "delete-vgpu";

export interface Operation<Kind extends OperationKind = OperationKind> {
  /** A UUID. */
  readonly id: string;
  readonly kind: Kind;
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
  // Given up, nothing is left to do.
  active: ["stopped", "failed", "deleting", "gone"],
  stopped: ["active", "failed", "deleting", "gone"],
  // A domain that vanished may be defined again by whoever took it away; a create that was undone leaves its reservation.
  failed: ["active", "stopped", "deleting", "gone", "reserved"],
  deleting: ["gone"],
  gone: [],
} as const satisfies Record<ClaimState, readonly ClaimState[]>;

/** Whether a claim may go from one state to another. Staying is always allowed. */
export function mayBecome(from: ClaimState, to: ClaimState): boolean {
  const row: readonly ClaimState[] = next[from];
  return from === to || row.includes(to);
}

/** A changed claim; throws when the table has no such transition. */
export function changed<Kind extends Claim>(
  claim: Kind,
  change: Partial<Omit<Kind, "kind">>,
  wall: number,
): Kind {
  refuseLeap(claim, change.state ?? claim.state);
  return { ...claim, ...change, updatedAt: wall };
}

/** What is kept of a claim that is over: all by which a late retry is known, and nothing of what it was made from. */
export function tombstone<Kind extends Claim>(claim: Kind): Kind {
  const { domain } = claim;
  return { ...claim, placement: undefined, ...(domain && { domain: { ...domain, spec: undefined } }) };
}

/** The claim that a reservation was bound from, as it was; its time went on. Undefined when there was none. */
export function reservationBehind(claim: SliceClaim, wall: number): Reservation | undefined {
  if (!claim.reservation) return undefined;
  refuseLeap(claim, "reserved");
  const { vgpuId, gpu, share, placement, bootId } = claim;
  return {
    ...claim.reservation,
    ...{ kind: "reservation", state: "reserved", goal: "reserved" },
    ...{ vgpuId, gpu, share, placement, bootId, updatedAt: wall },
  };
}

function refuseLeap({ claimId, state }: Claim, to: ClaimState): void {
  if (mayBecome(state, to)) return;
  throw new AgentError("INTERNAL", `a claim that is ${state} cannot become ${to}`, {
    details: { claim_id: claimId },
  });
}

/** Whether a reservation is over: nothing may be done with it any more, also while it has not been written down. */
export function hasEnded({ state, expiresAt }: Reservation, wall: number): boolean {
  return state === "gone" || wall >= expiresAt;
}

/** Whether a claim has a slice on the host, or is to have one. */
export function hasSlice(claim: Claim): claim is SliceClaim {
  return claim.kind !== "reservation";
}

/** The domain that a claim is for, whoever manages it; undefined when that was not said. */
export function domainIdOf(claim: Claim): DomainId | undefined {
  return claim.kind === "vgpu" ? claim.forDomain : claim.domain?.id;
}

/** A claim's slice, as it is made and removed. */
export function sliceOf(claim: Claim): Pick<Claim, "vgpuId" | "gpu" | "share"> & {
  readonly domainId: DomainId | undefined;
} {
  const { vgpuId, gpu, share } = claim;
  return { vgpuId, gpu, share, domainId: domainIdOf(claim) };
}

/** Whether nothing is left to do for this claim as far as the ledger knows. */
export function isSettled({ state, goal }: Pick<Claim, "state" | "goal">): boolean {
  switch (goal) {
    case "reserved":
      return state === "reserved";
    case "present":
    case "running":
      return state === "active" || state === "failed";
    case "stopped":
      return state === "stopped" || state === "failed";
    case "absent":
      return state === "gone";
  }
}
