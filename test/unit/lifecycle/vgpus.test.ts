// A vGPU for a domain that somebody else manages: made, kept, and never taken from who holds it.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { claimId, domainId, foreignVgpuId, ownVgpuId } from "../../fakes/ids.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest, vgpuRequest } from "../../fakes/requests.ts";
import type { VgpuId } from "../../../agent/core/ids.ts";
import type { VgpuResult } from "../../../agent/lifecycle/vgpu-service.ts";

async function create(
  node: FakeNode,
  n: number,
  given: Parameters<typeof vgpuRequest>[1] = {},
): Promise<VgpuResult> {
  const made = await node.clock.until(node.vgpus.create(vgpuRequest(n, given), patient));
  assert.ok("claim" in made);
  return made;
}

function remove(node: FakeNode, vgpuId: VgpuId, requestId?: string): Promise<VgpuResult> {
  const request = { vgpuId, requestId, method: "DeleteVgpu", digest: `delete-${vgpuId}` };
  return node.clock.until(node.vgpus.delete(request, patient));
}

const QEMU = { pid: 7, command: "qemu (nova-1)" };

describe("a vGPU for a domain of others", () => {
  it("is made and no domain with it, without libvirt", async () => {
    const node = new FakeNode();
    node.host.libvirtAway = "connection refused";
    const { claim, operation } = await create(node, 1, { forDomain: domainId(5), labels: { job: "7" } });
    assert.deepEqual([claim.state, claim.forDomain, claim.labels], ["active", domainId(5), { job: "7" }]);
    assert.equal(operation.ended?.failure, undefined);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    assert.deepEqual(node.host.domains, []);
  });

  it("is one for a request that is repeated, and another request is refused its claim id", async () => {
    const node = new FakeNode();
    const made = await create(node, 1);
    assert.deepEqual(await create(node, 1), made);
    await assert.rejects(create(node, 1, { digest: "other" }), { reason: "CLAIM_REUSED" });
    await assert.rejects(node.clock.until(node.service.create(createRequest(1), patient)), {
      reason: "CLAIM_REUSED",
    });
  });

  it("leaves nothing when the kernel refuses it", async () => {
    const node = new FakeNode();
    node.host.refuse("create-vgpu", new AgentError("KERNEL_REFUSED", "EIO"));
    await assert.rejects(create(node, 1), { reason: "KERNEL_REFUSED" });
    assert.deepEqual([node.ledger.all(), node.host.vgpuIds], [[], []]);
    assert.equal((await create(node, 1)).claim.state, "active");
  });

  it("is made again under its UUID when it has gone, by a reboot or by somebody's hand", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    node.host.reboot();
    await node.converge();
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    node.host.gpus[0]?.unmake(claim.vgpuId);
    await node.converge();
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("is told what keeps it from being made again, as long as that does", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    node.host.gpus[0]?.unmake(claim.vgpuId);
    node.host.refuse("create-vgpu", new AgentError("KERNEL_REFUSED", "EIO"), 2);
    await node.clock.until(node.reconciler.round());
    await node.clock.rest();
    assert.equal(node.operations.stalledBy(claim.operation.id)?.reason, "KERNEL_REFUSED");
    await node.converge();
    assert.equal(node.operations.stalledBy(claim.operation.id), undefined);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
  });

  it("goes when it is deleted, leaves a tombstone, and says so again", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    for (let times = 0; times < 2; times += 1)
      assert.equal((await remove(node, claim.vgpuId)).claim.state, "gone");
    assert.deepEqual(node.host.vgpuIds, []);
    await assert.rejects(create(node, 1), { reason: "CLAIM_ENDED" });
  });

  it("is deleted once by two who ask at the same moment", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    const [first, second] = await Promise.all([remove(node, claim.vgpuId), remove(node, claim.vgpuId)]);
    assert.equal(first.operation.id, second.operation.id);
  });

  it("is never taken from who holds it: the answer names the holder, and the rest goes by itself", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    node.host.put(foreignDomain(5, { vgpuIds: [claim.vgpuId] }));
    node.host.keep(claim.vgpuId, QEMU);
    const { claim: deleting, stalled, operation } = await remove(node, claim.vgpuId);
    assert.equal(deleting.state, "deleting");
    assert.equal(stalled?.reason, "VGPU_IN_USE");
    assert.match(stalled.message, /qemu/);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    const again = await remove(node, claim.vgpuId);
    assert.equal(again.operation.id, operation.id);
    node.host.become(domainId(5), "shut-off");
    node.host.letGo(claim.vgpuId);
    await node.converge();
    assert.deepEqual(node.host.vgpuIds, []);
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "gone");
    assert.deepEqual(
      node.host.domains.map(({ id }) => id),
      [domainId(5)],
    );
  });

  it("gives its create up when it is deleted meanwhile", async () => {
    const node = new FakeNode();
    let deleting: Promise<VgpuResult> | undefined;
    node.host.before = async (call) => {
      if (call === "create-vgpu") deleting ??= remove(node, ownVgpuId(1));
      await node.clock.rest();
    };
    const creating = create(node, 1).catch((error: unknown) => AgentError.from(error).reason);
    assert.equal(await node.clock.until(creating), "SUPERSEDED");
    assert.equal((await deleting)?.claim.state, "gone");
    assert.deepEqual(node.host.vgpuIds, []);
  });

  it("is deleted without a word of the create that failed when that is being undone", async () => {
    const node = new FakeNode();
    let deleted: Promise<VgpuResult> | undefined;
    node.host.before = async (call) => {
      if (call === "create-vgpu") throw new AgentError("KERNEL_REFUSED", "EIO");
      const [claim] = node.ledger.all();
      if (call === "remove-vgpu" && claim) deleted ??= remove(node, claim.vgpuId, "r");
      await node.clock.rest();
    };
    await assert.rejects(create(node, 1));
    assert.ok(deleted);
    const { claim, operation } = await deleted;
    assert.deepEqual(
      [claim.state, operation.kind, operation.ended?.failure],
      ["gone", "delete-vgpu", undefined],
    );
  });

  it("that was given up is neither deleted nor made again by a late retry", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    const identity = { requestId: undefined, method: "ReleaseVgpu", digest: "release" };
    const given = { vgpu: { by: "id", id: claim.vgpuId }, ...identity } as const;
    const giveUp = (): Promise<{ readonly state: string }> =>
      node.clock.until(node.adoption.release(given, patient));
    await giveUp();
    await assert.rejects(create(node, 1), { reason: "CLAIM_ENDED" });
    await assert.rejects(remove(node, claim.vgpuId), { reason: "CLAIM_STATE" });
    node.host.gpus[0]?.unmake(claim.vgpuId);
    await assert.rejects(remove(node, claim.vgpuId), { reason: "VGPU_NOT_FOUND" });
    assert.equal((await giveUp()).state, "gone");
  });

  it("is not said to be on its way when only memory knows that it is to go", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, 1);
    node.host.keep(claim.vgpuId, QEMU);
    node.store.breakDown();
    await assert.rejects(remove(node, claim.vgpuId), { reason: "LEDGER_UNAVAILABLE" });
    node.host.letGo(claim.vgpuId);
    node.store.heal();
    await node.converge();
    assert.deepEqual([node.host.vgpuIds, (await remove(node, claim.vgpuId)).claim.state], [[], "gone"]);
  });

  it("is not taken for what belongs to others, to a domain of ours, or to nobody", async () => {
    const node = new FakeNode(1024);
    const foreign = foreignVgpuId(3);
    node.host.gpus[0]?.make(foreign, typeName("8"));
    await assert.rejects(remove(node, foreign), { reason: "CLAIM_STATE", message: /left alone/ });
    const domain = await node.clock.until(node.service.create(createRequest(1), patient));
    assert.ok("claim" in domain);
    await assert.rejects(remove(node, domain.claim.vgpuId), {
      reason: "CLAIM_STATE",
      message: /DestroyDomain/,
    });
    const held = await node.clock.until(node.reservations.create(reserveRequest(2), patient));
    await assert.rejects(remove(node, held.vgpuId), { reason: "CLAIM_STATE", message: /ReleaseReservation/ });
    await assert.rejects(remove(node, ownVgpuId(99)), { reason: "VGPU_NOT_FOUND" });
    assert.deepEqual(node.host.vgpuIds.sort(), [domain.claim.vgpuId, foreign].sort());
  });

  it("goes on after a crash, whichever step that came at", async () => {
    for (const [call, phase] of [
      ["create-vgpu", "before"],
      ["create-vgpu", "after"],
      ["remove-vgpu", "before"],
      ["remove-vgpu", "after"],
    ] as const) {
      const node = new FakeNode();
      const reached = new Promise<void>((resolve) => {
        node.host[phase] = (asked) => {
          if (asked !== call) return Promise.resolve();
          resolve();
          return new Promise<never>(() => undefined);
        };
      });
      const life = create(node, 1).then(({ claim }) => remove(node, claim.vgpuId));
      await node.clock.until(Promise.race([reached, life.catch(() => undefined)]));
      node.restart();
      await node.converge();
      const claim = node.ledger.byClaimId(claimId("claim-1"));
      const creating = call === "create-vgpu";
      assert.equal(claim?.state, creating ? "active" : "gone", `${phase} ${call}`);
      assert.deepEqual(node.host.vgpuIds, creating ? [claim.vgpuId] : []);
    }
  });
});
