// Start, stop and destroy from the request to the host and back, on a fake host.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { DomainResult } from "../../../agent/lifecycle/domain-service.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { domainId, foreignVgpuId } from "../../fakes/ids.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { destroy, nodeWithDomain, start, startRequest, stop } from "./one-domain.ts";

describe("stopping a domain", () => {
  it("asks the guest and ends when it is off, keeping claim and slice", async () => {
    const { node, claim } = await nodeWithDomain();
    const before = node.clock.now();
    const stopped = await stop(node);
    assert.equal(stopped.claim.state, "stopped");
    assert.equal(node.clock.now(), before, "an obedient guest is not waited for");
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("forces a deaf guest off at the deadline and not before", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const answer = node.service.stop(stopRequest(1, { graceMs: 60_000 }), patient);
    await node.clock.advance(59_999);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    await node.clock.advance(1);
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
    assert.equal((await answer).claim.state, "stopped");
  });

  it("asks a deaf guest again when the clock was set back meanwhile, and gives it no day more than its time", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const answer = node.service.stop(stopRequest(1, { graceMs: 60_000 }), patient);
    await node.clock.advance(30_000);
    node.clock.setWall(-24 * 60 * 60 * 1000);
    await node.clock.advance(30_000);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    await node.clock.advance(60_000);
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
    assert.equal((await answer).claim.state, "stopped");
  });

  it("never forces a deaf guest off when it must not", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const answer = node.service.stop(stopRequest(1, { mayForce: false }), patient);
    await node.clock.advance(60 * 60 * 1000);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    node.host.become(domainId(1), "shut-off");
    assert.equal((await node.clock.until(answer)).claim.state, "stopped");
  });

  it("takes the shorter deadline of two who ask", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const first = node.service.stop(stopRequest(1, { mayForce: false }), patient);
    await node.clock.rest();
    const second = node.service.stop(stopRequest(1, { graceMs: 0 }), patient);
    const [one, two] = await node.clock.until(Promise.all([first, second]));
    assert.equal(one.operation.id, two.operation.id);
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
  });

  it("pulls the plug at once when the guest gets no time", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const before = node.clock.now();
    assert.equal((await stop(node, { graceMs: 0 })).claim.state, "stopped");
    assert.equal(node.clock.now(), before);
  });

  it("tells a refusal of libvirt and still forces at the deadline", async () => {
    const { node } = await nodeWithDomain();
    node.host.refuse("ask-shutdown", new AgentError("LIBVIRT_REFUSED", "no guest agent"), 1_000);
    await assert.rejects(stop(node), { reason: "LIBVIRT_REFUSED" });
    await node.clock.advance(65_000); // a pause between two tries may span the deadline
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
  });

  it("writes nothing while libvirt is away", async () => {
    const { node } = await nodeWithDomain();
    const records = node.store.records;
    node.host.libvirtAway = "connection refused";
    await assert.rejects(stop(node), { reason: "LIBVIRT_UNAVAILABLE" });
    await assert.rejects(destroy(node), { reason: "LIBVIRT_UNAVAILABLE" });
    assert.deepEqual(node.store.records, records);
  });

  it("does nothing when the intent cannot be written down", async () => {
    const { node, claim } = await nodeWithDomain();
    node.store.breakDown();
    await assert.rejects(stop(node), { reason: "LEDGER_UNAVAILABLE" });
    await node.converge();
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    assert.deepEqual(node.ledger.all(), [claim]);
  });

  it("gives back on a disk that takes nothing, and has ended only when that is written down", async () => {
    const { node } = await nodeWithDomain();
    node.store.breakDown();
    await assert.rejects(destroy(node, { requestId: "d" }), {
      reason: "LEDGER_UNAVAILABLE",
      message: /that domain .* is gone cannot be written down yet/,
    });
    assert.equal(node.host.domain(domainId(1)), undefined);
    assert.equal(node.ledger.living()[0]?.state, "deleting");
    node.store.heal();
    await node.converge();
    const [claim] = node.ledger.all();
    assert.deepEqual([claim?.state, node.store.records], ["gone", [claim]]);
    assert.equal((await destroy(node, { requestId: "d" })).operation.id, claim?.operation?.id);
  });

  it("is done once for a request id, also after a restart", async () => {
    const { node } = await nodeWithDomain();
    const first = await stop(node, { requestId: "r" });
    await start(node);
    assert.equal((await stop(node, { requestId: "r" })).operation.id, first.operation.id);
    node.restart();
    await stop(node, { requestId: "r" });
    assert.equal(node.host.domain(domainId(1))?.state, "running");
  });
});

describe("stopping a domain that is being started", () => {
  it("takes the start back, which hears it, and does not ask a guest that has not begun to run", async () => {
    const { node } = await nodeWithDomain();
    await stop(node);
    node.host.deaf.add(domainId(1));
    let stopping: Promise<DomainResult> | undefined;
    node.host.before = (call) => {
      if (call === "start-domain")
        stopping ??= node.service.stop(stopRequest(1, { digest: "stop-2", mayForce: false }), patient);
      return node.clock.rest();
    };
    await assert.rejects(start(node), { reason: "SUPERSEDED", kind: "aborted" });
    assert.ok(stopping);
    assert.equal((await node.clock.until(stopping)).claim.state, "stopped");
    assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
  });
});

describe("starting a domain", () => {
  it("runs it again with the slice it held", async () => {
    const { node, claim } = await nodeWithDomain();
    await stop(node);
    assert.equal((await start(node)).claim.state, "active");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("answers at once for one that runs", async () => {
    const { node, claim } = await nodeWithDomain();
    assert.deepEqual((await start(node)).claim, claim);
  });

  it("that fails leaves it stopped, and a retry with the same request id tries again", async () => {
    const { node } = await nodeWithDomain();
    await stop(node);
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no memory"));
    await assert.rejects(start(node, { requestId: "r" }), { reason: "LIBVIRT_REFUSED" });
    assert.equal(node.ledger.all()[0]?.state, "stopped");
    assert.equal((await start(node, { requestId: "r" })).claim.state, "active");
  });

  it("is refused while it is being stopped", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const stopping = node.service.stop(stopRequest(1), patient);
    await node.clock.rest();
    await assert.rejects(node.service.start(startRequest(), patient), { reason: "CLAIM_STATE" });
    await node.clock.until(stopping);
  });
});

describe("a domain that releases its slice when it stops", () => {
  const released = { domain: { onStop: "release" } } as const;

  it("gives it back, and makes it again at the next start", async () => {
    const { node, claim } = await nodeWithDomain(released);
    await stop(node);
    assert.deepEqual(node.host.vgpuIds, []);
    await start(node);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("cannot start while others have the room, and changes nothing then", async () => {
    const { node } = await nodeWithDomain(released);
    await stop(node);
    node.host.gpus[0]?.make(foreignVgpuId(1), typeName("4"));
    const records = node.store.records;
    await assert.rejects(start(node), { reason: "APERTURE_EXHAUSTED", kind: "no-room" });
    assert.deepEqual(node.store.records, records);
  });

  it("races with a create for the last room, and exactly one wins", async () => {
    const { node } = await nodeWithDomain(released);
    await stop(node);
    const results = await node.clock.until(
      Promise.allSettled([
        node.service.start(startRequest(), patient),
        node.service.create(createRequest(2), patient),
      ]),
    );
    const [winner, loser] = results;
    assert.equal(winner.status, "fulfilled");
    assert.ok(loser.status === "rejected" && loser.reason instanceof AgentError);
    assert.equal(loser.reason.reason, "APERTURE_EXHAUSTED");
    assert.equal(node.host.vgpuIds.length, 1);
    assert.equal(node.store.records.length, 1, "the loser left no record");
  });
});

describe("destroying a domain", () => {
  it("leaves nothing on the host and a tombstone in the ledger", async () => {
    const { node } = await nodeWithDomain();
    assert.equal((await destroy(node)).claim.state, "gone");
    assert.deepEqual([node.host.vgpuIds, node.host.domains], [[], []]);
    assert.deepEqual(
      node.store.records.map(({ state }) => state),
      ["gone"],
    );
  });

  it("twice at the same moment is one operation for both", async () => {
    const { node } = await nodeWithDomain();
    const [first, second] = await Promise.all([destroy(node), destroy(node)]);
    assert.equal(first.operation.id, second.operation.id);
    assert.deepEqual([first.claim.state, second.claim.state], ["gone", "gone"]);
  });

  it("is not said to have ended before that is on disk", async () => {
    const { node, claim } = await nodeWithDomain();
    let second: Promise<unknown> | undefined;
    node.store.before = (record) => {
      if (second !== undefined || typeof record === "string" || record.state !== "gone")
        return Promise.resolve();
      second = destroy(node, { requestId: "r-2" }).catch((error: unknown) => AgentError.from(error).reason);
      return node.clock.rest().then(() => Promise.reject(new Error("input/output error")));
    };
    await assert.rejects(destroy(node), { reason: "LEDGER_UNAVAILABLE" });
    assert.equal(await second, "LEDGER_UNAVAILABLE");
    await node.converge();
    assert.deepEqual(
      node.store.records.map(({ vgpuId, state }) => [vgpuId, state]),
      [[claim.vgpuId, "gone"]],
    );
  });

  it("a second time answers with the tombstone", async () => {
    const { node } = await nodeWithDomain();
    const first = await destroy(node);
    assert.deepEqual(await destroy(node), first);
    await assert.rejects(start(node), { reason: "CLAIM_STATE" });
  });

  it("while it is being made takes over, and the create hears it", async () => {
    const { node } = await nodeWithDomain({ aperture: 512 });
    let destroyed: Promise<DomainResult> | undefined;
    node.host.before = (call) => {
      if (call === "define-domain")
        destroyed ??= node.service.destroy(stopRequest(2, { domainId: domainId(2) }), patient);
      return node.clock.rest();
    };
    const created = node.service.create(createRequest(2), patient);
    await assert.rejects(node.clock.until(created), { reason: "SUPERSEDED", kind: "aborted" });
    assert.ok(destroyed);
    assert.equal((await node.clock.until(destroyed)).claim.state, "gone");
    assert.equal(node.host.domain(domainId(2)), undefined);
    assert.equal(node.host.vgpuIds.length, 1);
  });

  it("while the kernel refuses the create does not hear of that", async () => {
    const { node } = await nodeWithDomain({ aperture: 512 });
    let destroyed: Promise<DomainResult> | undefined;
    node.host.before = async (call) => {
      if (call !== "create-vgpu") return;
      destroyed = node.service.destroy(stopRequest(2, { domainId: domainId(2) }), patient);
      await node.clock.rest();
      throw new AgentError("GM_FRAGMENTED", "no range in one piece");
    };
    const created = node.service.create(createRequest(2), patient);
    await assert.rejects(node.clock.until(created), { reason: "SUPERSEDED" });
    assert.ok(destroyed);
    assert.equal((await node.clock.until(destroyed)).claim.state, "gone");
  });

  it("takes over from a stop that waits for a deaf guest", async () => {
    const { node } = await nodeWithDomain();
    node.host.deaf.add(domainId(1));
    const stopping = node.service.stop(stopRequest(1, { mayForce: false }), patient);
    const superseded = assert.rejects(stopping, { reason: "SUPERSEDED" });
    await node.clock.rest();
    assert.equal((await destroy(node, { graceMs: 0 })).claim.state, "gone");
    await superseded;
  });

  it("of a held slice answers in time that it is being deleted, names the holder, and ends when it lets go", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.keep(claim.vgpuId, { pid: 99, command: "vfio-test" });
    const before = node.clock.now();
    const { claim: answered, operation, stalled } = await destroy(node, { graceMs: 0 });
    assert.equal(answered.state, "deleting");
    assert.equal(operation.ended, undefined);
    assert.equal(stalled?.reason, "VGPU_IN_USE");
    assert.match(stalled.message, /vfio-test\[99\]/);
    assert.equal(node.operations.stalledBy(operation.id), stalled);
    assert.ok(node.clock.now() - before <= 30_000);
    assert.ok(node.host.domain(domainId(1)), "the domain's mark stays as long as the slice");
    node.host.letGo(claim.vgpuId);
    await node.clock.until(node.driver.idle());
    assert.deepEqual([node.host.vgpuIds, node.host.domains], [[], []]);
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "gone");
    assert.equal(node.operations.stalledBy(operation.id), undefined);
  });

  it("refuses what somebody else made, and what nobody made", async () => {
    const { node } = await nodeWithDomain();
    node.host.put(foreignDomain(7));
    await assert.rejects(destroy(node, { domainId: domainId(7) }), { reason: "DOMAIN_FOREIGN" });
    await assert.rejects(destroy(node, { domainId: domainId(8) }), { reason: "DOMAIN_NOT_FOUND" });
    assert.deepEqual(node.host.domain(domainId(7)), foreignDomain(7));
  });

  it("refuses a domain that somebody else made under the UUID of one that is gone", async () => {
    const { node } = await nodeWithDomain();
    await destroy(node);
    node.host.put(foreignDomain(1));
    await assert.rejects(destroy(node), { reason: "DOMAIN_FOREIGN" });
    assert.deepEqual(node.host.domains, [foreignDomain(1)]);
  });
});
