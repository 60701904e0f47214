// A GPU whose kernel does not say what it would make, where room was promised before: as a rule its driver hangs, and whoever
// asked it for a slice would hang with it.
import assert from "node:assert/strict";
import { claimId, domainId, pciAddress } from "../../fakes/ids.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest, vgpuRequest } from "../../fakes/requests.ts";
import { nodeWithDomain, start, stop } from "./one-domain.ts";

const REFUSED = {
  reason: "VGPU_COUNT_UNREADABLE",
  message: `${pciAddress()} has a count of ${typeName("4")} that cannot be read; vgpuctl doctor says why`,
};

/** From now on the kernel does not count; each time that it is asked for a slice all the same is noted. */
function hang(node: FakeNode): readonly string[] {
  const asked: string[] = [];
  for (const gpu of node.host.gpus) gpu.uncounted = true;
  node.host.before = (call) => {
    if (call === "create-vgpu") asked.push(call);
    return Promise.resolve();
  };
  return asked;
}

function answer(node: FakeNode): void {
  for (const gpu of node.host.gpus) gpu.uncounted = false;
}

/** One round, and what it begins as far as it comes by itself. */
async function round(node: FakeNode): Promise<void> {
  await node.clock.until(node.reconciler.round());
  await node.clock.rest();
}

describe("on a GPU that does not count", () => {
  it("a reservation is not bound, is kept, and can be bound when the GPU counts again", async () => {
    const node = new FakeNode();
    await node.clock.until(node.reservations.create(reserveRequest(1), patient));
    const [held] = node.ledger.all();
    const asked = hang(node);
    const reservation = claimId("claim-1");
    const domain = (validateOnly: boolean): Promise<unknown> =>
      node.clock.until(node.service.create(createRequest(2, { reservation, validateOnly }), patient));
    const vgpu = node.vgpus.create(
      vgpuRequest(3, { room: { kind: "reserved", reservation, wish: undefined } }),
      patient,
    );
    await assert.rejects(domain(true), REFUSED);
    await assert.rejects(domain(false), REFUSED);
    await assert.rejects(node.clock.until(vgpu), REFUSED);
    assert.deepEqual([node.ledger.all(), asked], [[held], []]);
    answer(node);
    await domain(false);
    assert.deepEqual(node.host.vgpuIds, [held?.vgpuId]);
  });

  it("a create that was admitted before is undone without the kernel being asked, and its reservation is there again", async () => {
    const node = new FakeNode();
    await node.clock.until(node.reservations.create(reserveRequest(1), patient));
    let asked: readonly string[] = [];
    node.store.before = () => {
      asked = hang(node);
      return Promise.resolve();
    };
    const reservation = claimId("claim-1");
    const create = node.service.create(createRequest(2, { reservation }), patient);
    await assert.rejects(node.clock.until(create), REFUSED);
    assert.deepEqual(
      node.ledger.all().map(({ kind, state }) => [kind, state]),
      [["reservation", "reserved"]],
    );
    assert.deepEqual(asked, []);
  });

  it("a domain whose slice has gone stays off, says why, is not started, and has its slice again by itself", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.reboot();
    node.restart();
    const asked = hang(node);
    await round(node);
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "stopped");
    assert.equal(node.operations.stalledBy(claim.operation.id)?.reason, REFUSED.reason);
    await assert.rejects(start(node), REFUSED);
    assert.deepEqual([asked, node.host.vgpuIds], [[], []]);
    answer(node);
    await node.converge();
    assert.equal(node.operations.stalledBy(claim.operation.id), undefined);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("a domain whose slice is there is started", async () => {
    const { node, claim } = await nodeWithDomain();
    await stop(node);
    hang(node);
    assert.equal((await start(node)).claim.state, "active");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  for (const onStop of ["hold", "release"] as const)
    it(`autostart of a domain whose vGPU is on ${onStop} waits for the GPU, and for no longer`, async () => {
      const { node, claim } = await nodeWithDomain({ domain: { autostart: true, onStop } });
      if (onStop === "release") await stop(node);
      node.host.reboot();
      node.restart();
      const asked = hang(node);
      await round(node);
      assert.deepEqual([asked, node.host.domain(domainId(1))?.state], [[], "shut-off"]);
      assert.equal(
        node.operations.stalledBy(node.ledger.get(claim.vgpuId)?.operation?.id ?? "")?.reason,
        REFUSED.reason,
      );
      answer(node);
      await node.converge();
      assert.equal(node.ledger.get(claim.vgpuId)?.state, "active");
    });

  it("a vGPU for a domain of others is made again when the GPU counts again, and says until then why it is not", async () => {
    const node = new FakeNode();
    const made = await node.clock.until(node.vgpus.create(vgpuRequest(1), patient));
    assert.ok("claim" in made);
    const { vgpuId, operation } = made.claim;
    node.host.gpus[0]?.unmake(vgpuId);
    const asked = hang(node);
    await round(node);
    assert.deepEqual([node.operations.stalledBy(operation.id)?.reason, asked], [REFUSED.reason, []]);
    answer(node);
    await node.converge();
    assert.deepEqual([node.operations.stalledBy(operation.id), node.host.vgpuIds], [undefined, [vgpuId]]);
  });
});
