// Claims as they are written down for the first time. Pure.
import type { ClaimId, DomainId } from "../core/ids.ts";
import type { Labels } from "../inventory/model.ts";
import type { DomainClaim, Reservation, SliceClaim, VgpuClaim } from "./claim.ts";
import type { DomainSpec } from "./domain-spec.ts";
import { remember, type RequestIdentity } from "./requests.ts";
import type { Room } from "./room.ts";

export interface NewClaim {
  readonly request: RequestIdentity & { readonly claimId: ClaimId };
  readonly room: Room;
  /** Milliseconds since the epoch. */
  readonly wall: number;
  readonly bootId: string;
}

export function newDomainClaim(
  claim: NewClaim,
  operation: DomainClaim["operation"],
  spec: DomainSpec,
): DomainClaim {
  const { id, name, onStop, labels, autostart } = spec;
  return {
    ...promised(claim, operation),
    ...{ kind: "domain", state: "creating", goal: "running", operation, failure: undefined },
    reservation: claim.room.reservation,
    domain: { id, name, onStop, labels, autostart, spec },
    powerOff: undefined,
  };
}

export function newVgpuClaim(
  claim: NewClaim,
  operation: VgpuClaim["operation"],
  { forDomain, labels }: { readonly forDomain: DomainId | undefined; readonly labels: Labels },
): VgpuClaim {
  return {
    ...promised(claim, operation),
    ...{ kind: "vgpu", state: "creating", goal: "present", operation, failure: undefined },
    reservation: claim.room.reservation,
    ...{ forDomain, labels },
  };
}

export function newReservation(claim: NewClaim, expiresAt: number): Reservation {
  return {
    ...promised(claim, undefined),
    kind: "reservation",
    state: "reserved",
    goal: "reserved",
    expiresAt,
  };
}

function promised({ request, room, wall, bootId }: NewClaim, operation: SliceClaim["operation"] | undefined) {
  const { vgpuId, gpu, share, placement } = room;
  return {
    ...{
      claimId: request.claimId,
      requestDigest: request.digest,
      requests: remember([], request, operation),
    },
    ...{ vgpuId, gpu, share, placement, bootId },
    ...{ createdAt: wall, updatedAt: wall },
  };
}
