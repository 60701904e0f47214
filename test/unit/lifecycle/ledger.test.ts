// What the ledger promises: a claim counts from the moment it is asked for, and is as if never asked when it cannot be written.
import assert from "node:assert/strict";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { claim, reservation, vgpuClaim } from "../../fakes/claims.ts";
import { claimId } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";

const remembered = { requestId: "r", method: "CreateDomain", digest: "d", operationId: "operation-1" };

describe("the ledger", () => {
  it("finds a claim by every key that is asked for", () => {
    const own = claim(1, { requests: [remembered] });
    const ledger = new Ledger(new MemoryStore(), [own, claim(2)]);
    assert.equal(ledger.get(own.vgpuId), own);
    assert.equal(ledger.byClaimId(own.claimId), own);
    assert.equal(ledger.byDomainId(own.domain.id), own);
    assert.equal(ledger.byDomainName(own.domain.name), own);
    assert.equal(ledger.byOperation(own.operation.id), own);
    assert.deepEqual(ledger.byRequest("r"), { claim: own, request: remembered });
    assert.equal(ledger.byRequest("other"), undefined);
    assert.equal(ledger.byClaimId(claimId("other")), undefined);
  });

  it("finds a reservation by its name, also once it is bound under another", () => {
    const held = reservation(1);
    const bound = vgpuClaim(2, { reservation: reservation(3) });
    const ledger = new Ledger(new MemoryStore(), [held, bound]);
    assert.equal(ledger.byReservation(held.claimId), held);
    assert.equal(ledger.byReservation(claimId("claim-3")), bound);
    assert.equal(ledger.byReservation(bound.claimId), undefined);
    assert.equal(ledger.byClaimId(claimId("claim-3")), undefined);
  });

  it("does not take a vGPU for somebody else's domain for that domain's claim", () => {
    const own = claim(1);
    const lent = vgpuClaim(2, { forDomain: own.domain.id });
    assert.equal(new Ledger(new MemoryStore(), [lent, own]).byDomainId(own.domain.id), own);
    assert.equal(new Ledger(new MemoryStore(), [lent]).byDomainId(own.domain.id), undefined);
  });

  it("counts a claim from the call, before the disk has it", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    const goOn = store.hang();
    const put = ledger.put(claim(1));
    assert.equal(ledger.holdings().length, 1);
    assert.deepEqual(store.records, []);
    goOn();
    await put;
    assert.deepEqual(store.records, [claim(1)]);
  });

  it("shows as written only what the disk has, also of what is asked while somebody waits", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, [claim(1)]);
    const written = ledger.written(claim(1).vgpuId).then((found) => [found?.goal, store.records.length]);
    const goOn = store.hang();
    const put = ledger.put(claim(1, { goal: "absent" }));
    const first = await Promise.race([written, new Promise((resolve) => setImmediate(resolve, "waits"))]);
    assert.equal(first, "waits");
    goOn();
    assert.deepEqual(await written, ["absent", 1]);
    await put;
  });

  it("keeps nothing of a claim that cannot be written, and says so", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    store.breakDown("read-only file system");
    await assert.rejects(ledger.put(claim(1)), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, "LEDGER_UNAVAILABLE");
      assert.match(error.message, /claim-1/);
      assert.match(String(error.cause), /read-only file system/);
      return true;
    });
    assert.deepEqual(ledger.all(), []);
  });

  it("goes back to what the disk has when several changes in a row cannot be written", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, [claim(1)]);
    store.breakDown();
    const changes = [claim(1, { state: "stopped" }), claim(1, { state: "deleting" })];
    await Promise.allSettled(changes.map((change) => ledger.put(change)));
    assert.deepEqual(ledger.all(), [claim(1)]);
  });

  it("lets what gives back go ahead of a disk that takes nothing, and writes it when the disk is back", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, [claim(1)]);
    const doomed = claim(1, { state: "deleting", goal: "absent" });
    store.breakDown();
    await ledger.putAhead(doomed);
    assert.equal(await ledger.written(doomed.vgpuId), doomed);
    await assert.rejects(ledger.put(claim(1, { state: "gone", goal: "absent" })));
    assert.deepEqual(ledger.all(), [doomed], "not back to what it was before");
    store.heal();
    await ledger.heal();
    assert.deepEqual(store.records, [doomed]);
  });

  it("promises nothing new before the disk has taken back what it half heard", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    // Renamed, and its folder not synced: it is there, and it was refused.
    store.after = () => Promise.reject(new Error("input/output error"));
    await assert.rejects(ledger.put(claim(1)));
    assert.deepEqual([ledger.all(), store.records], [[], [claim(1)]]);
    store.heal();
    await ledger.put(claim(2));
    assert.deepEqual(store.records, [claim(2)]);
  });

  it("settles what the disk half heard before the next write of the same claim, not beside it", async () => {
    const store = new MemoryStore();
    const old = claim(1);
    const ledger = new Ledger(store, [old]);
    const heard: string[] = [];
    store.before = (record) => {
      heard.push(typeof record === "string" ? record : record.goal);
      return heard.length === 1 ? Promise.reject(new Error("input/output error")) : Promise.resolve();
    };
    const first = ledger.put({ ...old, goal: "stopped" });
    const second = ledger.put({ ...old, goal: "absent" });
    await assert.rejects(first);
    await second;
    assert.deepEqual(heard, ["stopped", "running", "absent"]);
    assert.deepEqual(
      store.records.map(({ goal }) => goal),
      ["absent"],
    );
  });

  it("says while the disk takes nothing, and that it does again once it was tried", async () => {
    const store = new MemoryStore();
    const heard: (string | undefined)[] = [];
    const ledger = new Ledger(store, [], (trouble) => heard.push(trouble));
    store.breakDown("no space left");
    await assert.rejects(ledger.put(claim(1)));
    const { version } = ledger;
    await assert.rejects(ledger.heal());
    assert.equal(ledger.trouble, "no space left");
    store.heal();
    await ledger.heal();
    assert.deepEqual([ledger.trouble, heard], [undefined, ["no space left", undefined]]);
    assert.notEqual(ledger.version, version);
  });

  it("writes again what the disk has lost meanwhile, and is in trouble until it has", async () => {
    const store = new MemoryStore();
    const kept = [claim(1), vgpuClaim(2), reservation(3), claim(4, { state: "gone", goal: "absent" })];
    const ledger = new Ledger(store, kept);
    for (const each of kept) await store.write(each);
    store.breakDown("no such folder");
    await assert.rejects(ledger.put(claim(5)));
    store.lose();
    store.heal();
    await ledger.put(claim(6));
    assert.equal(ledger.trouble, "no such folder");
    assert.equal(await ledger.heal(), kept.length);
    assert.equal(ledger.trouble, undefined);
    const ids = (claims: readonly Claim[]): string[] => claims.map(({ vgpuId }) => vgpuId).sort();
    assert.deepEqual(ids(store.records), ids([...kept, claim(6)]));
    assert.equal(await ledger.heal(), 0);
  });

  it("tells of a record that was taken in spite of a trouble, and of none without one", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    let reliefs = 0;
    ledger.onRelief(() => {
      reliefs += 1;
    });
    await ledger.put(claim(1));
    store.breakDown();
    await assert.rejects(ledger.put(claim(2)));
    assert.equal(reliefs, 0);
    store.heal();
    await ledger.put(claim(3));
    assert.equal(reliefs, 1);
  });

  it("stays in trouble for what fails while it is healed", async () => {
    const store = new MemoryStore();
    const kept = [claim(1), claim(2)];
    const ledger = new Ledger(store, kept);
    store.breakDown();
    await assert.rejects(ledger.put(claim(3)));
    store.heal();
    let refused: Promise<unknown> = Promise.resolve();
    store.after = (record) => {
      if (typeof record === "string" || record.vgpuId !== claim(1).vgpuId) return Promise.resolve();
      // Renamed, and its folder not synced: it is there, and it was refused.
      store.after = () => {
        store.heal();
        return Promise.reject(new Error("input/output error"));
      };
      refused = assert.rejects(ledger.put(claim(4)));
      return Promise.resolve();
    };
    await ledger.heal().catch(() => undefined);
    await refused;
    await ledger.heal();
    assert.deepEqual(
      store.records.map(({ vgpuId }) => vgpuId).sort(),
      kept.map(({ vgpuId }) => vgpuId).sort(),
    );
    assert.equal(ledger.trouble, undefined);
  });

  it("writes changes of one claim in the order they were asked for", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    const goOn = store.hang();
    const puts = [ledger.put(claim(1)), ledger.put(claim(1, { state: "stopped" }))];
    goOn();
    await Promise.all(puts);
    assert.deepEqual(store.records, [claim(1, { state: "stopped" })]);
  });

  it("tells apart what is asked for and what is on disk", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    const goOn = store.hang();
    const put = ledger.put(claim(1));
    const written = ledger.written(claim(1).vgpuId).then((found) => [found, store.records.length]);
    goOn();
    await put;
    assert.deepEqual(await written, [claim(1), 1]);
  });

  it("lets a tombstone keep its claim id and free its domain's UUID, its name and its room", () => {
    const dead = claim(1, { state: "gone", goal: "absent" });
    const ledger = new Ledger(new MemoryStore(), [dead]);
    assert.equal(ledger.byClaimId(dead.claimId), dead);
    assert.equal(ledger.byDomainId(dead.domain.id), undefined);
    assert.equal(ledger.byDomainName(dead.domain.name), undefined);
    assert.deepEqual(ledger.holdings(), []);
  });

  it("counts every living claim but a stopped one that released its slice", () => {
    const released = { ...claim(1).domain, onStop: "release" } as const;
    const holdings = (given: Parameters<typeof claim>[1]): number =>
      new Ledger(new MemoryStore(), [claim(1, given)]).holdings().length;
    for (const state of ["creating", "active", "stopped", "deleting", "failed"] as const)
      assert.equal(holdings({ state }), 1, state);
    assert.equal(new Ledger(new MemoryStore(), [vgpuClaim(1), reservation(2)]).holdings().length, 2);
    assert.equal(holdings({ state: "stopped", goal: "stopped", domain: released }), 0);
    assert.equal(holdings({ state: "stopped", goal: "running", domain: released }), 1, "promised again");
    assert.equal(holdings({ state: "active", goal: "stopped", domain: released }), 1, "not given back yet");
  });

  it("erases a claim from disk and memory", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, []);
    await ledger.put(claim(1));
    await ledger.erase(claim(1).vgpuId);
    assert.deepEqual([ledger.all(), store.records], [[], []]);
  });

  it("keeps a claim that cannot be erased", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, [claim(1)]);
    store.breakDown();
    await assert.rejects(ledger.erase(claim(1).vgpuId), { reason: "LEDGER_UNAVAILABLE" });
    assert.deepEqual(ledger.all(), [claim(1)]);
  });

  it("does not lose what is asked of a claim while it is being erased", async () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store, [claim(1)]);
    const goOn = store.hang();
    const erased = ledger.erase(claim(1).vgpuId);
    const put = ledger.put(claim(1, { state: "deleting" }));
    goOn();
    await Promise.all([erased, put]);
    assert.deepEqual(ledger.all(), [claim(1, { state: "deleting" })]);
    assert.deepEqual(store.records, ledger.all());
  });
});
