// A claim never looks well while its vGPU is not where it says.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Domain } from "../../../agent/inventory/model.ts";
import { typeOf } from "../../../agent/inventory/share.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";

const start = { domainId: domainId(1), requestId: undefined, method: "s", digest: "s" };

describe("a domain that lost its vGPU", () => {
  let node: FakeNode;
  beforeEach(async () => {
    node = new FakeNode(1024);
    await node.clock.until(node.service.create(createRequest(1), patient));
  });

  const claim = (): Claim => {
    const [only] = node.ledger.all();
    assert.ok(only);
    return only;
  };
  const shown = async (): Promise<readonly unknown[]> => {
    await node.converge();
    const { state, goal, failure } = claim();
    return [state, goal, failure?.reason];
  };
  const redefined = (change: Partial<Domain>): void => {
    const domain = node.host.domain(domainId(1));
    assert.ok(domain);
    node.host.put({ ...domain, ...change });
  };
  const refusedFor = (reason: string) => (error: unknown) =>
    error instanceof AgentError && error.reason === reason;

  it("while it runs has a claim that says so, keeps its room, and gets another by a stop and a start", async () => {
    node.host.gpus[0]?.unmake(claim().vgpuId);
    assert.deepEqual(await shown(), ["failed", "running", "DOMAIN_WITHOUT_VGPU"]);
    assert.match(
      claim().failure?.message ?? "",
      /gone from the kernel while domain guest-1 .* stop the domain/,
    );
    assert.equal(node.ledger.holdings().length, 1);
    await assert.rejects(node.service.start(start, patient), refusedFor("DOMAIN_WITHOUT_VGPU"));
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    assert.deepEqual(await shown(), ["stopped", "stopped", undefined]);
    assert.deepEqual(node.host.vgpuIds, [claim().vgpuId]);
    await node.clock.until(node.service.start(start, patient));
    assert.deepEqual(await shown(), ["active", "running", undefined]);
  });

  it("by a new definition has a claim that says so until the device is back", async () => {
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    redefined({ vgpuIds: [] });
    assert.deepEqual(await shown(), ["failed", "stopped", "DOMAIN_WITHOUT_VGPU"]);
    await assert.rejects(node.service.start(start, patient), refusedFor("DOMAIN_WITHOUT_VGPU"));
    // Somebody starts it all the same: it is neither called well nor forced off.
    redefined({ vgpuIds: [], state: "running" });
    assert.deepEqual(await shown(), ["failed", "running", "DOMAIN_WITHOUT_VGPU"]);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    redefined({ vgpuIds: [claim().vgpuId] });
    assert.deepEqual(await shown(), ["active", "running", undefined]);
  });

  it("to another domain has a claim that names that one until it lets go", async () => {
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    const taker = foreignDomain(7, { vgpuIds: [claim().vgpuId] });
    node.host.put(taker);
    assert.deepEqual(await shown(), ["failed", "stopped", "VGPU_IN_USE"]);
    assert.match(claim().failure?.message ?? "", /used by domain foreign-7/);
    await assert.rejects(node.service.start(start, patient), refusedFor("VGPU_IN_USE"));
    assert.deepEqual(node.host.domain(taker.id), taker);
    node.host.put({ ...taker, state: "shut-off" });
    assert.deepEqual(await shown(), ["stopped", "stopped", undefined]);
  });

  it("can be destroyed, and leaves nothing", async () => {
    node.host.gpus[0]?.unmake(claim().vgpuId);
    await shown();
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    assert.deepEqual([claim().state, node.host.domains, node.host.vgpuIds], ["gone", [], []]);
  });

  it("is no trouble while the vGPU of a stopped domain has only to be made again", async () => {
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    node.host.gpus[0]?.unmake(claim().vgpuId);
    assert.deepEqual(await shown(), ["stopped", "stopped", undefined]);
    assert.deepEqual(node.host.vgpuIds, [claim().vgpuId]);
    assert.equal(node.host.gpus[0]?.address, pciAddress());
    assert.equal(typeOf(claim().share), typeName("4"));
  });
});
