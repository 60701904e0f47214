// What a caller of a mutation is owed: it is told what it waits for, and may go at any time (law 6).
import assert from "node:assert/strict";
import type { TraceContext } from "../../../agent/core/trace.ts";
import type { Caller } from "../../../agent/lifecycle/caller.ts";
import { FakeNode } from "../../fakes/node.ts";
import { callerWith, createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { domainId } from "../../fakes/ids.ts";

const TRACE: TraceContext = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const hungUp = new Error("hung up");

/** Writes down what it is told. */
function noting(trace?: TraceContext): { readonly caller: Caller; readonly told: string[] } {
  const told: string[] = [];
  const caller: Caller = {
    signal: patient.signal,
    trace,
    onClaim: ({ claimId }) => told.push(claimId),
    onOperation: ({ id }) => told.push(id),
  };
  return { caller, told };
}

async function withDomain(): Promise<FakeNode> {
  const node = new FakeNode();
  await node.clock.until(node.service.create(createRequest(1), patient));
  return node;
}

describe("a caller that hangs up", () => {
  it("before the claim is durable has done nothing", async () => {
    const node = new FakeNode();
    const caller = new AbortController();
    const answer = node.service.create(createRequest(1), callerWith(caller.signal));
    caller.abort(hungUp);
    await assert.rejects(node.clock.until(answer), /hung up/);
    await node.converge();
    assert.deepEqual([node.host.vgpuIds, node.host.domains, node.store.records], [[], [], []]);
    assert.deepEqual(node.ledger.all(), []);
  });

  it("while the host is looked at is let go at once, and has done nothing", async () => {
    const node = await withDomain();
    const before = node.ledger.all();
    let goOn: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    node.host.looking = () => hanging;
    for (const ask of [
      (caller: Caller) => node.service.create(createRequest(2), caller),
      (caller: Caller) => node.service.stop(stopRequest(1), caller),
      (caller: Caller) => node.service.destroy(stopRequest(1), caller),
    ]) {
      const caller = new AbortController();
      const answer = ask(callerWith(caller.signal));
      caller.abort(hungUp);
      await assert.rejects(answer, /hung up/);
    }
    goOn();
    await node.converge();
    assert.deepEqual(node.ledger.all(), before);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
  });

  it("after the claim is durable does not stop it, and a retry joins it", async () => {
    const node = new FakeNode();
    const caller = new AbortController();
    node.host.before = (call) => {
      if (call === "create-vgpu") caller.abort(hungUp);
      return Promise.resolve();
    };
    const answer = node.service.create(createRequest(1), callerWith(caller.signal));
    await assert.rejects(node.clock.until(answer), /hung up/);
    const retried = await node.clock.until(node.service.create(createRequest(1), patient));
    assert.ok("claim" in retried);
    assert.equal(retried.claim.state, "active");
    assert.equal(node.host.domains.length, 1);
  });
});

describe("a caller that waits", () => {
  it("is told the claim and the operation that it began or joined", async () => {
    const node = new FakeNode();
    const [first, second, third] = [noting(), noting(), noting()];
    const creating = node.service.create(createRequest(1), first.caller);
    await node.clock.until(creating);
    await node.clock.until(node.service.create(createRequest(1), second.caller));
    await node.clock.until(node.service.destroy(stopRequest(1), third.caller));
    const [created, destroyed] = [first.told[1], third.told.at(-1)];
    assert.deepEqual(first.told, ["claim-1", created]);
    assert.deepEqual(second.told, ["claim-1", created]);
    assert.equal(destroyed, node.ledger.all()[0]?.operation?.id);
    assert.notEqual(destroyed, created);
  });

  it("is told the claim alone where its request is refused", async () => {
    const node = await withDomain();
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    const { caller, told } = noting();
    const start = node.service.start(stopRequest(1), caller);
    await assert.rejects(node.clock.until(start), { reason: "CLAIM_STATE" });
    assert.deepEqual(told, ["claim-1"]);
  });
});

describe("the trace of a request", () => {
  it("stays with the operation that it began, over a restart too, and not with the next", async () => {
    const node = new FakeNode();
    const hung = new Promise<void>(() => undefined);
    node.host.before = (call) => (call === "start-domain" ? hung : Promise.resolve());
    void node.service.create(createRequest(1), noting(TRACE).caller).catch(() => undefined);
    await node.clock.rest();
    node.restart();
    node.events.length = 0;
    await node.converge();
    assert.deepEqual(
      node.events.map(({ kind, claim }) => [kind, claim.operation?.trace]),
      [
        ["step-done", TRACE],
        ["settled", TRACE],
        ["step-done", TRACE],
      ],
    );
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    assert.equal(node.ledger.all()[0]?.operation?.trace, undefined);
  });

  it("is that of the first of two that ask for the same", async () => {
    const node = await withDomain();
    const stopping = node.service.stop(stopRequest(1), noting(TRACE).caller);
    const joining = node.service.stop(stopRequest(1), patient);
    await node.clock.until(Promise.all([stopping, joining]));
    assert.deepEqual(node.ledger.all()[0]?.operation?.trace, TRACE);
  });
});
