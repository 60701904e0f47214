// The loop that keeps intent and host together, and what it makes of a lost ledger.
import assert from "node:assert/strict";
import { FakeNode, TOMBSTONES_KEPT } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest, stopRequest, vgpuRequest } from "../../fakes/requests.ts";
import { claim, domainOf, foreignDomain } from "../../fakes/claims.ts";
import { claimId, domainId, ownVgpuId } from "../../fakes/ids.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { claimsToRebuild } from "../../../agent/lifecycle/rebuild.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import type { Domain, Inventory } from "../../../agent/inventory/model.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function showing(...domains: readonly Domain[]): Inventory {
  return {
    revision: 1,
    observedAt: 5,
    host: { hostname: "fake", bootId: "boot-1", kernelRelease: "6.1.0", hypervisor: "kvm" },
    gpus: new Map(),
    vgpus: new Map(),
    domains: { known: true, value: new Map(domains.map((domain) => [domain.id, domain])) },
    unread: [],
  };
}

describe("a lost ledger", () => {
  const rebuilt = (ledger: Ledger, ...domains: readonly Domain[]): ReturnType<typeof claimsToRebuild> =>
    claimsToRebuild(ledger, showing(...domains), () => "operation");
  const empty = (): Ledger => new Ledger(new MemoryStore(), []);

  it("is rebuilt from the marks that domains bear", () => {
    const { claimId, vgpuId, gpu, share, requestDigest } = claim(1);
    const [found, ...others] = rebuilt(empty(), domainOf(claim(1)));
    assert.deepEqual(others, []);
    assert.ok(found);
    assert.deepEqual({ ...found, ...{ claimId, vgpuId, gpu, share, requestDigest } }, found);
    assert.deepEqual([found.state, found.goal, found.domain.name], ["active", "running", "guest-1"]);
  });

  it("takes a domain that is off for stopped", () => {
    const [found] = rebuilt(empty(), domainOf(claim(1), { state: "shut-off" }));
    assert.deepEqual([found?.state, found?.goal], ["stopped", "stopped"]);
  });

  it("is not rebuilt from a mark that came with a copied definition", () => {
    assert.deepEqual(rebuilt(empty(), domainOf(claim(1), { id: domainId(2) })), []);
  });

  it("is not rebuilt from a mark whose slice the domain does not name", () => {
    assert.deepEqual(rebuilt(empty(), domainOf(claim(1), { vgpuIds: [ownVgpuId(7)] })), []);
  });

  it("is not rebuilt from foreign domains, nor while libvirt is away", () => {
    assert.deepEqual(rebuilt(empty(), foreignDomain(1)), []);
    const away: Inventory = {
      ...showing(domainOf(claim(1))),
      domains: { known: false, why: "away", away: "libvirt" },
    };
    assert.deepEqual(
      claimsToRebuild(empty(), away, () => "operation"),
      [],
    );
  });

  it("does not lose a claim that still stands, nor raise one that is gone", () => {
    for (const state of ["active", "gone"] as const) {
      const ledger = new Ledger(new MemoryStore(), [claim(1, { state })]);
      assert.deepEqual(rebuilt(ledger, domainOf(claim(1))), [], state);
    }
  });

  it("is whole again after one round, and a retry of the create finds its domain", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    for (const { vgpuId } of node.store.records) await node.store.erase(vgpuId);
    node.restart();
    assert.deepEqual(node.ledger.all(), []);
    await node.converge();
    const answer = await node.clock.until(node.service.create(createRequest(1), patient));
    assert.ok("claim" in answer && answer.claim.state === "active");
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    assert.deepEqual([node.host.domains, node.host.vgpuIds], [[], []]);
  });

  it("does not raise a failed create that was undone and forgotten during the look", async () => {
    const node = new FakeNode();
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    let round: Promise<void> | undefined;
    const look = node.host.look.bind(node.host);
    let undone: () => void = () => undefined;
    const created = new Promise<void>((resolve) => {
      undone = resolve;
    });
    node.host.after = (call) => {
      // A look begins while the domain is still defined, and takes until the create has been forgotten.
      if (call !== "remove-vgpu" || round) return Promise.resolve();
      node.host.look = async () => {
        const seen = await look();
        await created;
        return seen;
      };
      round = node.reconciler.round();
      node.host.look = look;
      return Promise.resolve();
    };
    const answer = node.service.create(createRequest(1), patient);
    const failed = assert.rejects(answer, { reason: "LIBVIRT_REFUSED" });
    await node.clock.rest();
    undone();
    await node.clock.until(failed);
    assert.ok(round);
    await node.clock.until(round);
    assert.deepEqual(node.store.records, []);
  });
});

describe("the reconciler", () => {
  it("writes down a guest that shut down, soon after it is told", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.become(domainId(1), "shut-off");
    node.reconciler.trigger();
    await node.clock.advance(100);
    assert.equal(node.ledger.all()[0]?.state, "stopped");
    node.stop();
    await running;
  });

  it("looks once for all events that come in a burst, and again for what comes after the look began", async () => {
    const node = new FakeNode();
    const running = node.reconciler.run();
    await node.clock.rest();
    const look = node.host.look.bind(node.host);
    let looks = 0;
    node.host.look = () => {
      looks += 1;
      if (looks === 1) node.reconciler.trigger();
      return look();
    };
    for (let event = 0; event < 5; event += 1) {
      node.reconciler.trigger();
      await node.clock.advance(19);
    }
    assert.equal(looks, 0);
    await node.clock.advance(5);
    assert.equal(looks, 1);
    await node.clock.advance(100);
    assert.equal(looks, 2);
    await node.clock.advance(1_000);
    assert.equal(looks, 2);
    node.stop();
    await running;
  });

  it("finds what no event told at the next resync", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.become(domainId(1), "shut-off");
    await node.clock.advance(60_000);
    assert.equal(node.ledger.all()[0]?.state, "stopped");
    node.stop();
    await running;
  });

  it("soon looks for a libvirt that somebody else found away in the middle of a pause", async () => {
    const node = new FakeNode();
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.libvirtAway = "it hangs";
    await node.lookout.fresh();
    await node.clock.rest();
    // It answers again, which nobody tells.
    node.host.libvirtAway = undefined;
    await node.clock.advance(5_000);
    assert.equal(node.lookout.current?.domains.known, true);
    node.stop();
    await running;
  });

  it("goes on after a round that failed, and says why it did", async () => {
    const node = new FakeNode();
    const look = node.host.look.bind(node.host);
    node.host.look = () => Promise.reject(new Error("input/output error"));
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.look = look;
    await node.clock.advance(60_000);
    assert.match(String(node.troubles[0]), /input\/output error/);
    assert.equal(node.troubles.length, 1);
    assert.ok(node.lookout.current);
    node.stop();
    await running;
  });

  it("leads every claim while the ledger takes no records", async () => {
    const node = new FakeNode(1024);
    await node.clock.until(node.service.create(createRequest(1), patient));
    await node.clock.until(node.service.create(createRequest(2), patient));
    await node.clock.until(node.service.destroy(stopRequest(2), patient));
    // The ledger lost a claim, and a tombstone's time is over.
    const lost = node.ledger.byClaimId(claimId("claim-1"));
    assert.ok(lost);
    await node.store.erase(lost.vgpuId);
    node.restart();
    const made = await node.clock.until(node.vgpus.create(vgpuRequest(3), patient));
    assert.ok("claim" in made);
    await node.clock.advance(4 * DAY_MS);
    node.host.gpus[0]?.unmake(made.claim.vgpuId);
    node.store.breakDown();
    await node.converge();
    assert.ok(node.host.vgpuIds.includes(made.claim.vgpuId));
    assert.deepEqual(node.troubles, []);
  });

  it("keeps a tombstone as long as a domain bears its mark", async () => {
    const node = new FakeNode();
    const over = claim(1, { state: "gone", goal: "absent" });
    await node.store.write(over);
    node.host.put(domainOf(claim(1)));
    node.restart();
    await node.clock.advance(4 * DAY_MS);
    await node.converge();
    await node.converge();
    assert.deepEqual(
      node.ledger.all().map(({ state }) => state),
      ["gone"],
    );
  });

  it("does not write a lost claim over what was asked of it since it was found again", async () => {
    const node = new FakeNode();
    for (const n of [1, 2]) {
      node.host.gpus[0]?.make(ownVgpuId(n), typeName("8"));
      node.host.put(domainOf(claim(n)));
    }
    const goOn = node.store.hang();
    const round = node.reconciler.round();
    await node.clock.until(node.lookout.fresh());
    await node.clock.until(node.lookout.fresh());
    // Somebody else finds it first, and is asked to let it go.
    const asked = node.ledger.put(claim(2, { state: "deleting", goal: "absent" }));
    goOn();
    await node.clock.until(asked);
    await node.clock.until(round);
    assert.equal(node.ledger.get(ownVgpuId(2))?.goal, "absent");
  });

  it("forgets the tombstone of a reservation after a day, others after three, and none before", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    await node.clock.until(node.reservations.create(reserveRequest(2), patient));
    await node.clock.until(node.reservations.release(reserveRequest(2).claimId, patient));
    const kept = async (ms: number): Promise<string[]> => {
      await node.clock.advance(ms);
      await node.converge();
      return node.store.records.map(({ kind }) => kind);
    };
    assert.deepEqual(await kept(DAY_MS), ["domain", "reservation"]);
    assert.deepEqual(await kept(1), ["domain"]);
    assert.deepEqual(await kept(2 * DAY_MS - 1), ["domain"]);
    assert.deepEqual(await kept(1), []);
  });

  it("keeps the youngest of too many tombstones, and of each what a late retry is known by", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    const [youngest] = node.ledger.all();
    assert.ok(youngest?.kind === "domain");
    assert.deepEqual([youngest.domain.spec, youngest.placement], [undefined, undefined]);
    for (let n = 102; n <= 100 + TOMBSTONES_KEPT + 2; n += 1)
      await node.ledger.put(claim(n, { state: "gone", goal: "absent", updatedAt: node.clock.wall() - n }));
    await node.converge();
    const left = node.ledger.all().map(({ claimId }) => claimId);
    assert.equal(left.length, TOMBSTONES_KEPT);
    for (const n of [1, 102, 100 + TOMBSTONES_KEPT])
      assert.ok(left.includes(claimId(`claim-${n}`)), `claim-${n}`);
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(1), patient)),
      (error) => error instanceof AgentError && error.reason === "CLAIM_ENDED",
    );
  });

  it("keeps its word while nothing happens, and while looks fail", async () => {
    const node = new FakeNode();
    node.host.look = () => Promise.reject(new Error("input/output error"));
    const running = node.reconciler.run();
    for (let minute = 0; minute < 60; minute += 1) {
      await node.clock.advance(60_000);
      assert.ok(node.pulse.beating, `after ${minute} minutes`);
    }
    node.stop();
    await running;
  });

  it("keeps its word while the kernel holds up a removal", async () => {
    const node = new FakeNode();
    await node.clock.until(node.service.create(createRequest(1), patient));
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.before = (call) => (call === "remove-vgpu" ? new Promise(() => undefined) : Promise.resolve());
    void node.service.destroy(stopRequest(1), patient).catch(() => undefined);
    for (let minute = 0; minute < 30; minute += 1) {
      await node.clock.advance(60_000);
      assert.ok(node.pulse.beating, `after ${minute} minutes`);
    }
    assert.equal(node.ledger.all()[0]?.state, "deleting");
    node.stop();
    await running;
  });

  it("does not keep its word when a look never ends", async () => {
    const node = new FakeNode();
    const running = node.reconciler.run();
    await node.clock.rest();
    node.host.look = () => new Promise(() => undefined);
    await node.clock.advance(60_000);
    assert.ok(node.pulse.beating);
    await node.clock.advance(180_001);
    assert.ok(!node.pulse.beating);
    node.stop();
    void running;
  });

  it("removes no orphan by itself", async () => {
    const node = new FakeNode();
    node.host.gpus[0]?.make(ownVgpuId(77), typeName("4"));
    await node.converge();
    assert.deepEqual(node.host.vgpuIds, [ownVgpuId(77)]);
  });
});
