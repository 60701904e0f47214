// Room that is held ahead of a create: made, bound, given back, and over when its time is.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import { claimId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { FakeNode } from "../../fakes/node.ts";
import {
  createRequest,
  patient,
  reserveRequest,
  stopRequest,
  vgpuRequest,
  wishFor,
} from "../../fakes/requests.ts";

const R = claimId("claim-1");

async function reserve(
  node: FakeNode,
  n: number,
  given: Parameters<typeof reserveRequest>[1] = {},
): Promise<Claim> {
  const made = await node.clock.until(node.reservations.create(reserveRequest(n, given), patient));
  assert.ok("claimId" in made);
  return made;
}

const states = (node: FakeNode): string[] => node.ledger.all().map(({ kind, state }) => `${kind} ${state}`);

/** An agent that looks after the ends of its reservations, as it does while it runs. */
function watchful(node: FakeNode): FakeNode {
  void node.expiry.run();
  return node;
}

describe("a reservation", () => {
  it("holds room and nothing on the host, and is durable once it is answered", async () => {
    const node = new FakeNode(512);
    const held = await reserve(node, 1, { wish: wishFor("2") });
    assert.deepEqual(node.store.records, [held]);
    assert.deepEqual(node.host.vgpuIds, []);
    await assert.rejects(reserve(node, 2, { wish: wishFor("2") }), { reason: "APERTURE_EXHAUSTED" });
    await assert.rejects(node.clock.until(node.service.create(createRequest(3, { suffix: "2" }), patient)), {
      reason: "APERTURE_EXHAUSTED",
    });
  });

  it("needs no libvirt", async () => {
    const node = new FakeNode();
    node.host.libvirtAway = "connection refused";
    assert.equal((await reserve(node, 1)).state, "reserved");
  });

  it("is placed and not made when it shall only be validated", async () => {
    const node = new FakeNode();
    const room = await node.clock.until(
      node.reservations.create(reserveRequest(1, { validateOnly: true }), patient),
    );
    assert.equal(room.placement?.gpu, pciAddress());
    assert.deepEqual(node.ledger.all(), []);
  });

  it("is found by the same request, which does not lengthen it, and by no other", async () => {
    const node = new FakeNode();
    const held = await reserve(node, 1);
    await node.clock.advance(10_000);
    assert.equal(await reserve(node, 1), held);
    await assert.rejects(reserve(node, 1, { digest: "other" }), { reason: "CLAIM_REUSED" });
    await assert.rejects(node.clock.until(node.service.create(createRequest(1), patient)), {
      reason: "CLAIM_REUSED",
    });
  });

  it("is one for many callers that ask for the same at once, also when the first could not be written", async () => {
    const node = new FakeNode();
    let writes = 0;
    node.store.before = () => {
      writes += 1;
      return writes === 1 ? Promise.reject(new Error("full")) : Promise.resolve();
    };
    const asked = Array.from({ length: 50 }, () => node.reservations.create(reserveRequest(1), patient));
    const answers = await node.clock.until(Promise.allSettled(asked));
    const made = new Set(
      answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.vgpuId] : [])),
    );
    assert.equal(made.size, 1);
    assert.equal(answers.filter(({ status }) => status === "rejected").length, 1);
    assert.equal(node.ledger.all().length, 1);
  });

  it("ends at its time by itself, and its room is free", async () => {
    const node = watchful(new FakeNode(512));
    await reserve(node, 1, { wish: wishFor("2"), ttlMs: 5_000 });
    await node.clock.advance(4_999);
    assert.deepEqual(states(node), ["reservation reserved"]);
    await node.clock.advance(1);
    assert.deepEqual(states(node), ["reservation gone"]);
    assert.equal((await reserve(node, 2, { wish: wishFor("2") })).state, "reserved");
    await assert.rejects(reserve(node, 1, { wish: wishFor("2"), ttlMs: 5_000 }), { reason: "CLAIM_ENDED" });
  });

  it("ends at its time also when the agent was away then", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    node.stop();
    await node.clock.advance(60_000);
    node.restart();
    await node.converge();
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("survives a restart with the rest of its time", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    node.stop();
    await node.clock.advance(30_000);
    node.restart();
    watchful(node);
    await node.converge();
    assert.deepEqual(states(node), ["reservation reserved"]);
    await node.clock.advance(30_000);
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("can be given more time and less, and none once it is over", async () => {
    const node = watchful(new FakeNode());
    await reserve(node, 1, { ttlMs: 5_000 });
    await node.clock.until(node.reservations.renew(R, 20_000, patient));
    await node.clock.advance(15_000);
    assert.deepEqual(states(node), ["reservation reserved"]);
    await node.clock.until(node.reservations.renew(R, 1_000, patient));
    const end = new Date(node.clock.wall() + 1_000).toISOString();
    await node.clock.advance(1_000);
    assert.deepEqual(states(node), ["reservation gone"]);
    await assert.rejects(node.reservations.renew(R, 1_000, patient), {
      reason: "RESERVATION_NOT_FOUND",
      message: `reservation ${R} ran out at ${end}`,
    });
  });

  it("ends at its old time when more could not be written down, and that was known only after it", async () => {
    const node = watchful(new FakeNode());
    await reserve(node, 1, { ttlMs: 5_000 });
    let fail: (error: Error) => void = () => undefined;
    node.store.before = (record) => {
      if (typeof record === "string" || record.state === "gone") return Promise.resolve();
      return new Promise((_, reject) => {
        fail = reject;
      });
    };
    const renewed = node.reservations.renew(R, 1_000_000, patient);
    const refused = assert.rejects(renewed, { reason: "LEDGER_UNAVAILABLE" });
    await node.clock.advance(6_000);
    assert.deepEqual(states(node), ["reservation reserved"]);
    node.store.heal();
    fail(new Error("input/output error"));
    await refused;
    await node.clock.rest();
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("is tried at the driver's pace while its end cannot be written down", async () => {
    const node = watchful(new FakeNode());
    await reserve(node, 1, { ttlMs: 5_000 });
    node.store.breakDown();
    await node.clock.advance(65_000);
    const tries = node.events.filter(({ kind }) => kind === "step-failed").length;
    assert.ok(tries > 0 && tries < 60, `${tries} tries in a minute`);
    node.store.heal();
    await node.clock.advance(5_000);
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("is over at its time for whoever asks, also while that cannot be written down", async () => {
    const node = new FakeNode();
    await reserve(node, 1, { ttlMs: 1_000 });
    await node.clock.advance(1_000);
    assert.throws(() => node.reservations.get(R), { reason: "RESERVATION_NOT_FOUND" });
    assert.deepEqual(node.reservations.list(), []);
    await assert.rejects(node.reservations.renew(R, 1_000, patient), { reason: "RESERVATION_NOT_FOUND" });
    const create = node.service.create(createRequest(2, { reservation: R }), patient);
    await assert.rejects(node.clock.until(create), { reason: "RESERVATION_NOT_FOUND" });
  });

  it("gives its room back when it is released, and says so again", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    for (let times = 0; times < 2; times += 1)
      assert.equal((await node.reservations.release(R, patient)).state, "gone");
    assert.deepEqual(node.ledger.holdings(), []);
    assert.throws(() => node.reservations.get(R), {
      message: `reservation ${R} was released at ${new Date(node.clock.wall()).toISOString()}`,
    });
    await assert.rejects(node.reservations.release(claimId("other"), patient), {
      reason: "RESERVATION_NOT_FOUND",
    });
  });
});

describe("a reservation that is bound", () => {
  it("becomes the claim of a domain, under its own name or another, in its own record", async () => {
    for (const n of [1, 2]) {
      const node = new FakeNode(512);
      const held = await reserve(node, 1, { wish: wishFor("2") });
      const records: number[] = [];
      node.store.after = () => Promise.resolve(void records.push(node.store.records.length));
      const request = createRequest(n, { reservation: R, suffix: "2" });
      const made = await node.clock.until(node.service.create(request, patient));
      assert.ok("claim" in made);
      assert.deepEqual([made.claim.vgpuId, made.claim.claimId], [held.vgpuId, claimId(`claim-${n}`)]);
      assert.deepEqual(node.host.vgpuIds, [held.vgpuId]);
      assert.ok(records.every((count) => count === 1));
      assert.equal(node.reservations.get(R), node.ledger.get(held.vgpuId));
      assert.deepEqual(await node.clock.until(node.service.create(request, patient)), made);
      assert.equal(await reserve(node, 1, { wish: wishFor("2") }), node.ledger.get(held.vgpuId));
    }
  });

  it("becomes a vGPU for a domain of others", async () => {
    const node = new FakeNode();
    const held = await reserve(node, 1);
    const request = vgpuRequest(1, { room: { kind: "reserved", reservation: R, wish: undefined } });
    const made = await node.clock.until(node.vgpus.create(request, patient));
    assert.ok("claim" in made);
    assert.deepEqual([made.claim.kind, made.claim.state, made.claim.vgpuId], ["vgpu", "active", held.vgpuId]);
  });

  it("cannot be bound, renewed or released a second time, and its name is taken", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    await node.clock.until(node.service.create(createRequest(2, { reservation: R }), patient));
    const second = node.service.create(createRequest(3, { reservation: R }), patient);
    await assert.rejects(node.clock.until(second), { reason: "CLAIM_STATE" });
    await assert.rejects(node.reservations.renew(R, 1_000, patient), { reason: "CLAIM_STATE" });
    await assert.rejects(node.reservations.release(R, patient), { reason: "CLAIM_STATE" });
    await assert.rejects(node.clock.until(node.service.create(createRequest(1), patient)), {
      reason: "CLAIM_REUSED",
    });
  });

  it("is bound by one of two that come at once", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    const both = [2, 3].map((n) => node.service.create(createRequest(n, { reservation: R }), patient));
    const answers = await node.clock.until(Promise.allSettled(both));
    assert.deepEqual(answers.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal(node.host.vgpuIds.length, 1);
  });

  it("is refused to who asks for another type or GPU than it holds", async () => {
    const node = new FakeNode(512, 512);
    await reserve(node, 1, { wish: { ...wishFor("4"), gpu: pciAddress(0) } });
    const asked = async (wish: ReturnType<typeof wishFor>): Promise<unknown> =>
      node.clock.until(
        node.service.create(createRequest(2, { reservation: R, wish, validateOnly: true }), patient),
      );
    await assert.rejects(asked(wishFor("8")), {
      reason: "RESERVATION_MISMATCH",
      message: `reservation claim-1 holds room for ${typeName("4")} on GPU ${pciAddress(0)}, and a vGPU of type ${typeName("8")}, which is ${typeName("8")} there, is asked for`,
    });
    await assert.rejects(asked({ ...wishFor("4"), gpu: pciAddress(1) }), { reason: "RESERVATION_MISMATCH" });
    await asked({ ...wishFor("4"), gpu: pciAddress(0) });
  });

  it("is there again with the rest of its time when the create fails, and serves the retry", async () => {
    const node = watchful(new FakeNode(512));
    const held = await reserve(node, 1, { wish: wishFor("2") });
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    const request = createRequest(2, { reservation: R, suffix: "2", requestId: "r" });
    await assert.rejects(node.clock.until(node.service.create(request, patient)), {
      reason: "LIBVIRT_REFUSED",
    });
    assert.deepEqual(node.host.vgpuIds, []);
    assert.deepEqual(node.ledger.all(), [{ ...held, updatedAt: node.ledger.all()[0]?.updatedAt }]);
    const again = await node.clock.until(node.service.create(request, patient));
    assert.ok("claim" in again);
    assert.equal(again.claim.vgpuId, held.vgpuId);
  });

  it("is over when its time passed while the create that failed was undone", async () => {
    const node = new FakeNode();
    await reserve(node, 1, { ttlMs: 1_000 });
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    node.host.after = (call) => (call === "remove-vgpu" ? node.clock.advance(1_000) : Promise.resolve());
    const create = node.service.create(createRequest(2, { reservation: R }), patient);
    await assert.rejects(node.clock.until(create), { reason: "LIBVIRT_REFUSED" });
    await node.converge();
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("ends at its time when a create that was undone gave it back, not at the next round", async () => {
    const node = watchful(new FakeNode());
    await reserve(node, 1, { ttlMs: 100_000 });
    let fail: (error: AgentError) => void = () => undefined;
    const started = new Promise<never>((_, reject) => {
      fail = reject;
    });
    node.host.before = (call) => (call === "start-domain" ? started : Promise.resolve());
    const create = node.service.create(createRequest(2, { reservation: R }), patient);
    await node.clock.advance(65_000);
    assert.deepEqual(states(node), ["domain creating"]);
    fail(new AgentError("LIBVIRT_REFUSED", "no"));
    await assert.rejects(create, { reason: "LIBVIRT_REFUSED" });
    await node.clock.advance(34_999);
    assert.deepEqual(states(node), ["reservation reserved"]);
    await node.clock.advance(1);
    assert.deepEqual(states(node), ["reservation gone"]);
  });

  it("is over with its claim: neither name raises it again", async () => {
    const node = new FakeNode();
    await reserve(node, 1);
    await node.clock.until(node.service.create(createRequest(2, { reservation: R }), patient));
    await node.clock.until(node.service.destroy(stopRequest(2, { graceMs: 0 }), patient));
    const { claimId: bound } = createRequest(2);
    assert.throws(() => node.reservations.get(R), {
      reason: "RESERVATION_NOT_FOUND",
      message: `reservation ${R} was bound to claim ${bound}, which is over`,
    });
    await assert.rejects(reserve(node, 1), { reason: "CLAIM_ENDED" });
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(2, { reservation: R }), patient)),
      {
        reason: "CLAIM_ENDED",
      },
    );
  });

  for (const phase of ["before", "after"] as const)
    it(`is either held or bound when the agent dies ${phase} that is written, and its room is nobody else's`, async () => {
      const node = new FakeNode(512);
      const held = await reserve(node, 1, { wish: wishFor("2") });
      const request = createRequest(2, { reservation: R, suffix: "2" });
      await new Promise<void>((reached) => {
        node.store[phase] = () => {
          reached();
          return new Promise<never>(() => undefined);
        };
        void node.service.create(request, patient).catch(() => undefined);
        void node.clock.rest();
      });
      node.restart();
      assert.deepEqual(states(node), [phase === "before" ? "reservation reserved" : "domain creating"]);
      await assert.rejects(reserve(node, 3, { wish: wishFor("2") }), { reason: "APERTURE_EXHAUSTED" });
      await node.converge();
      const made = await node.clock.until(node.service.create(request, patient));
      assert.ok("claim" in made);
      assert.deepEqual([made.claim.vgpuId, made.claim.state], [held.vgpuId, "active"]);
      assert.deepEqual(node.host.vgpuIds, [held.vgpuId]);
    });
});

describe("reservations and creates at once", () => {
  it("are promised what the kernel has left once, also where it has less than is free", async () => {
    const node = new FakeNode(512);
    await node.clock.until(node.service.create(createRequest(9), patient));
    node.host.gpus[0]?.leak("4");
    const held = await reserve(node, 1);
    await assert.rejects(reserve(node, 2), { reason: "KERNEL_REPORTS_NO_ROOM" });
    await assert.rejects(node.clock.until(node.service.create(createRequest(3), patient)), {
      reason: "KERNEL_REPORTS_NO_ROOM",
    });
    const made = await node.clock.until(node.service.create(createRequest(4, { reservation: R }), patient));
    assert.ok("claim" in made);
    assert.deepEqual([made.claim.vgpuId, made.claim.state], [held.vgpuId, "active"]);
  });

  it("never take more than there is, and exactly what fits", async () => {
    const node = new FakeNode(512);
    const asked = Array.from({ length: 30 }, (_, index) => {
      const n = index + 1;
      if (n % 3 === 0) return node.reservations.create(reserveRequest(n), patient);
      if (n % 3 === 1) return node.vgpus.create(vgpuRequest(n), patient);
      return node.service.create(createRequest(n), patient);
    });
    const answers = await node.clock.until(Promise.allSettled(asked));
    const refused = answers.flatMap((answer) =>
      answer.status === "rejected" ? [AgentError.from(answer.reason).reason] : [],
    );
    assert.deepEqual(new Set(refused), new Set(["APERTURE_EXHAUSTED"]));
    assert.equal(answers.length - refused.length, 3);
    assert.equal(node.ledger.holdings().length, 3);
    assert.ok(node.host.vgpuIds.every((id) => id.startsWith(ownVgpuId(1).slice(0, 8))));
  });
});
