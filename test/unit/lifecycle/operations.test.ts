// Who waits for an operation hears how it goes on, and what has ended is remembered for a while.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { Operations, type Progress } from "../../../agent/lifecycle/operations.ts";
import { requestDigest } from "../../../agent/lifecycle/request-digest.ts";
import { waitFor } from "../../../agent/lifecycle/wait.ts";
import { claim } from "../../fakes/claims.ts";
import { FakeClock } from "../../fakes/clock.ts";

const running = { ...claim(1).operation, ended: undefined };
const away = new AgentError("LIBVIRT_UNAVAILABLE", "connection refused");
const held = new AgentError("VGPU_IN_USE", "held by qemu[7]");

const patient = new AbortController();

describe("operations", () => {
  it("tell every listener of their own operation, until it has enough", () => {
    const operations = new Operations();
    const heard: string[] = [];
    const listen = (name: string) => (progress: Progress) => heard.push(`${name} ${progress.kind}`);
    const enough = operations.follow("operation-1", listen("a"));
    operations.follow("operation-1", listen("b"));
    operations.follow("operation-2", listen("c"));
    operations.stall("operation-1", away);
    enough();
    operations.end(claim(1));
    assert.deepEqual(heard, ["a stalled", "b stalled", "b ended"]);
  });

  it("tell at once what has ended already", () => {
    const operations = new Operations();
    operations.end(claim(1));
    const heard: string[] = [];
    operations.follow("operation-1", ({ kind }) => heard.push(kind));
    assert.deepEqual(heard, ["ended"]);
  });

  it("remember what keeps one from getting on until it ends, and after that what keeps its claim from staying so", () => {
    const operations = new Operations();
    assert.equal(operations.stalledBy("operation-1"), undefined);
    operations.stall("operation-1", held);
    assert.equal(operations.stalledBy("operation-1"), held);
    operations.end(claim(1));
    assert.equal(operations.stalledBy("operation-1"), undefined);
    operations.stall("operation-1", held);
    assert.equal(operations.stalledBy("operation-1"), held);
    operations.advance("operation-1");
    assert.equal(operations.stalledBy("operation-1"), undefined);
  });

  it("forget the oldest of those that ended, after a thousand", () => {
    const operations = new Operations();
    for (let n = 0; n <= 1000; n += 1) operations.end(claim(n));
    assert.equal(operations.ended("operation-0"), undefined);
    assert.equal(operations.ended("operation-1")?.claim.claimId, "claim-1");
    assert.equal(operations.ended("operation-1000")?.claim.claimId, "claim-1000");
  });
});

describe("waiting for an operation", () => {
  it("ends with the claim as the operation left it", async () => {
    const [operations, clock] = [new Operations(), new FakeClock()];
    const waiting = waitFor({ operations, clock, operation: running }, patient.signal);
    operations.end(claim(1));
    assert.deepEqual(await waiting, claim(1));
    assert.equal(clock.sleepers, 0);
  });

  it("fails with what keeps it from getting on", async () => {
    const [operations, clock] = [new Operations(), new FakeClock()];
    const waiting = waitFor({ operations, clock, operation: running }, patient.signal);
    operations.stall(running.id, away);
    await assert.rejects(waiting, away);
  });

  it("gives a holder time to let go, and then answers without an end", async () => {
    const [operations, clock] = [new Operations(), new FakeClock()];
    const waiting = waitFor({ operations, clock, operation: running }, patient.signal);
    operations.stall(running.id, held);
    operations.stall(running.id, held);
    assert.equal(await clock.until(waiting), undefined);
    assert.equal(clock.now(), 15_000);
    assert.equal(clock.sleepers, 0, "no timer stays behind");
  });

  it("ends when the caller hangs up, also when it did so before", async () => {
    const [operations, clock] = [new Operations(), new FakeClock()];
    const caller = new AbortController();
    const waiting = waitFor({ operations, clock, operation: running }, caller.signal);
    caller.abort(new Error("hung up"));
    await assert.rejects(waiting, /hung up/);
    await assert.rejects(waitFor({ operations, clock, operation: running }, caller.signal), /hung up/);
  });
});

describe("the digest of a request", () => {
  it("does not depend on the order of keys, nor on what was not said", () => {
    const one = requestDigest({ a: 1, b: { c: [1, 2], d: 5n }, e: undefined });
    assert.equal(requestDigest({ b: { d: 5n, c: [1, 2] }, a: 1 }), one);
  });

  it("depends on every value and on the order of lists", () => {
    const digests = [
      { a: 1 },
      { a: 2 },
      { b: 1 },
      { a: "1" },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: {} },
      { a: null },
    ];
    assert.equal(new Set(digests.map(requestDigest)).size, digests.length);
  });
});
