// A node with one domain, and what is asked of that.
import assert from "node:assert/strict";
import type { DomainId } from "../../../agent/core/ids.ts";
import type { DomainClaim } from "../../../agent/lifecycle/claim.ts";
import type { DomainResult } from "../../../agent/lifecycle/domain-service.ts";
import type { RequestIdentity } from "../../../agent/lifecycle/requests.ts";
import { domainId } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";

type StopRequest = ReturnType<typeof stopRequest>;

export async function nodeWithDomain(
  given: Parameters<typeof createRequest>[1] & { readonly aperture?: number } = {},
): Promise<{ node: FakeNode; claim: DomainClaim }> {
  const node = new FakeNode(given.aperture ?? 256);
  const result = await node.clock.until(node.service.create(createRequest(1, given), patient));
  assert.ok("claim" in result);
  return { node, claim: result.claim };
}

export function startRequest(given: Partial<RequestIdentity> = {}): RequestIdentity & { domainId: DomainId } {
  return { domainId: domainId(1), requestId: undefined, method: "StartDomain", digest: "start-1", ...given };
}

export function stop(node: FakeNode, given: Partial<StopRequest> = {}): Promise<DomainResult> {
  return node.clock.until(node.service.stop(stopRequest(1, given), patient));
}

export function start(node: FakeNode, given: Partial<RequestIdentity> = {}): Promise<DomainResult> {
  return node.clock.until(node.service.start(startRequest(given), patient));
}

export function destroy(node: FakeNode, given: Partial<StopRequest> = {}): Promise<DomainResult> {
  return node.clock.until(
    node.service.destroy(stopRequest(1, { method: "DestroyDomain", digest: "destroy-1", ...given }), patient),
  );
}
