// The claims by every key, against a walk over all of them.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { VgpuId } from "../../../agent/core/ids.ts";
import { hasSlice, type Claim, type RememberedRequest } from "../../../agent/lifecycle/claim.ts";
import { ClaimIndex, requestsOf } from "../../../agent/lifecycle/claim-index.ts";
import { claim, reservation, vgpuClaim } from "../../fakes/claims.ts";
import { claimId, ownVgpuId } from "../../fakes/ids.ts";

const few = fc.constantFrom(1, 2, 3);
const requests = fc.uniqueArray(few, { maxLength: 2 }).map((ns) => ns.map(remembered));

/** Claims that differ in all that is asked for, and often have it in common. */
const claims: fc.Arbitrary<Claim> = fc
  .record({ kind: fc.constantFrom("domain", "vgpu", "reservation"), at: few, named: few, gone: fc.boolean() })
  .chain(({ kind, at, named, gone }) =>
    fc
      .record({ requests, bound: fc.option(fc.record({ named: few, requests })), operation: few })
      .map((given) => {
        const promised = { claimId: claimId(`claim-${named}`), requests: given.requests };
        if (kind === "reservation")
          return reservation(at, { ...promised, ...(gone ? { state: "gone", goal: "absent" } : {}) });
        const { bound } = given;
        const behind = bound
          ? reservation(at, { claimId: claimId(`claim-${bound.named}`), requests: bound.requests })
          : undefined;
        const over = gone ? ({ state: "gone", goal: "absent" } as const) : {};
        const operation = { id: `operation-${given.operation}` };
        if (kind === "vgpu") {
          const made = vgpuClaim(at, { ...promised, ...over, reservation: behind });
          return { ...made, operation: { ...made.operation, ...operation } };
        }
        const made = claim(at, { ...promised, ...over, reservation: behind });
        return { ...made, operation: { ...made.operation, ...operation } };
      }),
  );
const changes = fc.array(fc.oneof(claims, few.map(ownVgpuId)), { maxLength: 20 });

function remembered(n: number): RememberedRequest {
  return { requestId: `request-${n}`, method: "CreateDomain", digest: "d", operationId: undefined };
}

function isReserved(one: Claim, name: string): boolean {
  return (hasSlice(one) ? one.reservation?.claimId : one.claimId) === name;
}

describe("the claims by key", () => {
  it("answer as a walk over all of them does, whatever was put and erased", () => {
    fc.assert(
      fc.property(changes, (made) => {
        const index = new ClaimIndex();
        const all = new Map<VgpuId, Claim>();
        for (const change of made) {
          if (typeof change === "string") {
            index.delete(change);
            all.delete(change);
          } else {
            index.set(change.vgpuId, change);
            all.set(change.vgpuId, change);
          }
        }
        const isOneOf = (found: Claim | undefined, matches: (one: Claim) => boolean): void => {
          const right = [...all.values()].filter(matches);
          assert.ok(found ? right.includes(found) : right.length === 0);
        };
        for (const n of [1, 2, 3]) {
          const name = claimId(`claim-${n}`);
          const [operation, request] = [`operation-${n}`, `request-${n}`];
          assert.equal(index.get(ownVgpuId(n)), all.get(ownVgpuId(n)));
          isOneOf(index.byClaimId(name), (one) => one.claimId === name);
          isOneOf(index.byReservation(name), (one) => isReserved(one, name));
          isOneOf(index.byOperation(operation), (one) => hasSlice(one) && one.operation.id === operation);
          isOneOf(index.byRequest(request), (one) =>
            requestsOf(one).some(({ requestId }) => requestId === request),
          );
        }
        const ended = [...all.values()].filter(({ state }) => state === "gone");
        const living = [...all.values()].filter(({ state }) => state !== "gone");
        assert.deepEqual(new Set(index.ended()), new Set(ended));
        assert.deepEqual(new Set(index.living()), new Set(living));
      }),
    );
  });
});
