// What others do to a domain of ours.
import assert from "node:assert/strict";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId } from "../../fakes/ids.ts";
import { destroy, nodeWithDomain, stop } from "./one-domain.ts";

describe("what happens behind our back", () => {
  it("a guest that shuts down by itself is stopped, and keeps its slice", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.become(domainId(1), "shut-off");
    await node.converge();
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "stopped");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("a domain that somebody starts is active", async () => {
    const { node, claim } = await nodeWithDomain();
    await stop(node);
    node.host.become(domainId(1), "running");
    await node.converge();
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "active");
  });

  it("a domain that somebody undefines is failed, still holds its slice, and can be destroyed", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.forget(domainId(1));
    await node.converge();
    const failed = node.ledger.get(claim.vgpuId);
    assert.equal(failed?.state, "failed");
    assert.equal(failed.failure?.reason, "DOMAIN_VANISHED");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    assert.equal((await destroy(node)).claim.state, "gone");
    assert.deepEqual(node.host.vgpuIds, []);
  });

  it("a domain that takes the UUID of an undefined one is left alone by a destroy", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.forget(domainId(1));
    node.host.put(foreignDomain(1));
    await node.converge();
    assert.equal((await destroy(node)).claim.state, "gone");
    assert.deepEqual(node.host.domains, [foreignDomain(1)]);
    assert.ok(!node.host.vgpuIds.includes(claim.vgpuId));
  });

  it("libvirt going away changes nothing", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.libvirtAway = "connection refused";
    await node.converge();
    assert.deepEqual(node.ledger.all(), [claim]);
  });
});
