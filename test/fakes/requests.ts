// What callers ask of a node: requests of which a test says what matters to it, and callers who wait or hang up.
import { setMaxListeners } from "node:events";
import type { Wish } from "../../agent/capacity/wish.ts";
import type { ClaimId } from "../../agent/core/ids.ts";
import type { CreateRequest } from "../../agent/lifecycle/admission.ts";
import type { Caller } from "../../agent/lifecycle/caller.ts";
import type { StopRequest } from "../../agent/lifecycle/domain-service.ts";
import type { DomainSpec } from "../../agent/lifecycle/domain-spec.ts";
import type { ReserveRequest } from "../../agent/lifecycle/reservation-service.ts";
import type { CreateVgpuRequest } from "../../agent/lifecycle/vgpu-service.ts";
import { domainSpec } from "./claims.ts";
import { typeName, type TypeSuffix } from "./fake-kernel.ts";
import { claimId, domainId } from "./ids.ts";

/** A request for the `n`th domain with a slice of a type, placed anywhere. */
export function createRequest(
  n: number,
  given: Partial<Omit<CreateRequest, "room">> & {
    readonly wish?: Wish;
    /** Its room is taken, whatever the wish. */
    readonly reservation?: ClaimId;
    readonly suffix?: TypeSuffix;
    readonly domain?: Partial<DomainSpec>;
  } = {},
): CreateRequest {
  const { suffix = "4", domain, reservation, wish = wishFor(suffix), ...request } = given;
  return {
    claimId: claimId(`claim-${n}`),
    requestId: undefined,
    method: "CreateDomain",
    digest: `create-${n}`,
    spec: domainSpec(n, domain),
    room: reservation ? { kind: "reserved", reservation, wish: given.wish } : { kind: "free", wish },
    validateOnly: false,
    ...request,
  };
}

/** A slice of a type, placed anywhere. */
export function wishFor(suffix: TypeSuffix): Wish {
  return { size: { by: "type", type: typeName(suffix) }, gpu: undefined, policy: "pack" };
}

/** A request to hold room for a slice of a type, by default for a minute. */
export function reserveRequest(n: number, given: Partial<ReserveRequest> = {}): ReserveRequest {
  return {
    ...{
      claimId: claimId(`claim-${n}`),
      requestId: undefined,
      method: "CreateReservation",
      digest: `reserve-${n}`,
    },
    ...{ wish: wishFor("4"), ttlMs: 60_000, validateOnly: false },
    ...given,
  };
}

/** A request for a slice of a type for somebody else's domain. */
export function vgpuRequest(n: number, given: Partial<CreateVgpuRequest> = {}): CreateVgpuRequest {
  return {
    ...{ claimId: claimId(`claim-${n}`), requestId: undefined, method: "CreateVgpu", digest: `create-${n}` },
    ...{ room: { kind: "free", wish: wishFor("4") }, forDomain: undefined, labels: {}, validateOnly: false },
    ...given,
  };
}

/** A request to stop or destroy the `n`th domain, with a minute for the guest. */
export function stopRequest(n: number, given: Partial<StopRequest> = {}): StopRequest {
  return {
    domainId: domainId(n),
    requestId: undefined,
    method: "StopDomain",
    digest: `stop-${n}`,
    graceMs: 60_000,
    mayForce: true,
    ...given,
  };
}

/** A caller that hangs up when the signal says so. */
export function callerWith(signal: AbortSignal): Caller {
  return { signal, trace: undefined, onClaim: () => undefined, onOperation: () => undefined };
}

const never = new AbortController().signal;
// One signal for many requests, of which those to an agent that died have no end.
setMaxListeners(0, never);

/** A caller that never hangs up. */
export const patient = callerWith(never);
