// The limits of docs/reference/limits.md, made small, with clients that go against them.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { status } from "@grpc/grpc-js";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
  ListDomainsResponse,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { EndedCall } from "../../../agent/api/call-record.ts";
import { limitValues } from "../../../agent/api/limits.ts";
import { refusal, Rpc, type RpcError } from "../../e2e/harness/rpc.ts";
import { framed, held, Served } from "./served.ts";

const destroyed = DestroyDomainRequest.fromPartial({ domain: { ref: { $case: "name", value: "desk" } } });
const page = { pageSize: 0, pageToken: "", withUsage: false };
/** The client's part of the beginning of HTTP/2, and empty SETTINGS. */
const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

const reasonsOf = (calls: readonly EndedCall[]): unknown[] => calls.map(({ reason }) => reason);

describe("the limits of the API", () => {
  it("let no more changes run at a time than they say, and reads all the same", async () => {
    const { handler, begun, finish } = held();
    await using served = await Served.start({
      handlers: { destroyDomain: handler, listDomains: () => Promise.resolve({ domains: [] }) },
      limits: { changes: 2 },
    });
    const running = [1, 2].map(() => served.rpc.call(Domains.destroyDomain, destroyed));
    await begun(2);
    const throttled = await refusal(served.rpc.call(Domains.destroyDomain, destroyed));
    assert.deepEqual([throttled.code, throttled.reason], ["UNAVAILABLE", "TOO_MANY_CALLS"]);
    assert.ok((throttled.retrySeconds ?? 0) > 0);
    await served.rpc.call(Domains.listDomains, page);
    finish();
    await Promise.all(running);
    const again = served.rpc.call(Domains.destroyDomain, destroyed);
    await begun(3);
    finish();
    await again;
    const [first] = served.ended;
    assert.deepEqual([first?.reason, first?.about.domain], ["TOO_MANY_CALLS", "desk"]);
  });

  it("let no connection have more changes under way than it may, and others go on", async () => {
    const { handler, begun, finish } = held();
    await using served = await Served.start({
      handlers: { destroyDomain: handler },
      limits: { connectionChanges: 1 },
    });
    const first = served.rpc.call(Domains.destroyDomain, destroyed);
    await begun(1);
    const throttled = await refusal(served.rpc.call(Domains.destroyDomain, destroyed));
    assert.deepEqual([throttled.code, throttled.reason], ["UNAVAILABLE", "TOO_MANY_CALLS"]);
    assert.match(throttled.message, /of one connection/);
    using other = new Rpc(served.path);
    const second = other.call(Domains.destroyDomain, destroyed);
    await begun(2);
    finish();
    await Promise.all([first, second]);
  });

  it("let no connection ask for changes faster than it may, and reads all the same", async () => {
    await using served = await Served.start({
      handlers: {
        destroyDomain: () => Promise.resolve({}),
        listDomains: () => Promise.resolve({ domains: [] }),
      },
      limits: { connectionRate: 1 },
    });
    // However slowly they run: the tenth comes within ten seconds of the first.
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => served.rpc.call(Domains.destroyDomain, destroyed)),
    );
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as RpcError] : [],
    );
    assert.ok(refusals.length > 0 && refusals.length < 10);
    for (const error of refusals) {
      assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "TOO_MANY_CALLS"]);
      assert.ok((error.retrySeconds ?? 0) > 0);
    }
    await served.rpc.call(Domains.listDomains, page);
    using other = new Rpc(served.path);
    await other.call(Domains.destroyDomain, destroyed);
  });

  it("end a change that lasts, for a client that has set no deadline, and say that it goes on", async () => {
    const { handler } = held();
    await using served = await Served.start({
      handlers: { destroyDomain: handler },
      limits: { changeMs: 30 },
    });
    const error = await refusal(served.rpc.call(Domains.destroyDomain, destroyed, { deadline: Infinity }));
    assert.deepEqual([error.code, error.reason], ["DEADLINE_EXCEEDED", "CALL_TIMEOUT"]);
    assert.match(error.message, /goes on/);
  });

  it("end a change that hangs in what knows no end, and count it and keep its line until it ends all the same", async () => {
    const { handler, begun, finish } = held({ deaf: true });
    await using served = await Served.start({
      handlers: { destroyDomain: handler },
      limits: { changes: 1, changeMs: 30 },
    });
    const destroy = () => served.rpc.call(Domains.destroyDomain, destroyed, { deadline: Infinity });
    const error = await refusal(destroy());
    assert.deepEqual([error.code, error.reason], ["DEADLINE_EXCEEDED", "CALL_TIMEOUT"]);
    assert.equal((await refusal(destroy())).reason, "TOO_MANY_CALLS");
    assert.deepEqual(reasonsOf(await served.told(1)), ["TOO_MANY_CALLS"]);
    finish();
    assert.deepEqual(reasonsOf(await served.told(2)), ["TOO_MANY_CALLS", "CALL_TIMEOUT"]);
    const again = destroy();
    await begun(2);
    finish();
    await again;
  });

  it("count a change that goes on although its client has left, and keep its line until it ends", async () => {
    const { handler, begun, finish } = held({ deaf: true });
    await using served = await Served.start({
      handlers: { destroyDomain: handler },
      limits: { changes: 1 },
    });
    const left = new AbortController();
    const call = refusal(served.rpc.call(Domains.destroyDomain, destroyed, { signal: left.signal }));
    await begun(1);
    left.abort();
    assert.equal((await call).code, "CANCELLED");
    assert.equal((await refusal(served.rpc.call(Domains.destroyDomain, destroyed))).reason, "TOO_MANY_CALLS");
    finish();
    assert.deepEqual(
      (await served.told(2)).map(({ code }) => status[code]),
      ["UNAVAILABLE", "CANCELLED"],
    );
  });

  it("cut a client that does not take its answer", async () => {
    await using served = await Served.start({
      handlers: {
        listDomains: () => Promise.resolve(ListDomainsResponse.fromPartial({ domains: [{ name: "desk" }] })),
      },
      limits: { takeMs: 30 },
    });
    const session = http2.connect("http://localhost", {
      createConnection: () => net.connect(served.path),
      settings: { initialWindowSize: 0 },
    });
    session.on("error", () => undefined);
    const method = { ":method": "POST", ":path": Domains.listDomains.path };
    const stream = session.request({ ...method, "content-type": "application/grpc", te: "trailers" });
    stream.on("error", () => undefined).end(framed(Buffer.alloc(0)));
    await once(session, "close");
    await served.rpc.call(Domains.listDomains, page);
  });

  it("end a call whose request does not arrive whole", async () => {
    await using served = await Served.start({ limits: { requestMs: 30 } });
    const half = framed(Buffer.from([0x0a]), 1_000);
    const answer = await served.byHand(Domains.destroyDomain.path, { body: half, finish: false });
    assert.deepEqual(answer, { code: String(status.DEADLINE_EXCEEDED), packed: true });
    const [ended] = await served.told(1);
    assert.deepEqual([ended?.reason, ended?.begun.access], ["CALL_TIMEOUT", "changes"]);
  });

  it("end a read that hangs, for a client that has set no deadline", async () => {
    const hung = () => new Promise<never>(() => undefined);
    await using served = await Served.start({ handlers: { listDomains: hung }, limits: { readMs: 30 } });
    const error = await refusal(served.rpc.call(Domains.listDomains, page, { deadline: Infinity }));
    assert.deepEqual([error.code, error.reason], ["DEADLINE_EXCEEDED", "CALL_TIMEOUT"]);
  });

  it("cut a client that answers no ping", async () => {
    await using served = await Served.start({ limits: { keepaliveMs: 30, keepaliveTimeoutMs: 30 } });
    const stuck = net.connect(served.path).resume();
    stuck.write(PREFACE);
    await once(stuck, "close");
  });

  it("close a connection without calls, and serve the next call of its client", async () => {
    await using served = await Served.start({
      handlers: { listDomains: () => Promise.resolve({ domains: [] }) },
      limits: { idleMs: 30 },
    });
    const idle = net.connect(served.path).resume();
    idle.write(PREFACE);
    await once(idle, "close");
    await served.rpc.call(Domains.listDomains, page);
  });

  it("refuse more headers than Node.js takes, and go on serving", async () => {
    await using served = await Served.start({
      handlers: { listDomains: () => Promise.resolve({ domains: [] }) },
    });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, "y"]));
    const { code, info } = await refusal(served.rpc.call(Domains.listDomains, page, { headers: many }));
    // What a client makes of HTTP/2's ENHANCE_YOUR_CALM.
    assert.deepEqual([code, info], ["RESOURCE_EXHAUSTED", undefined]);
    await served.rpc.call(Domains.listDomains, page);
  });
});

describe("the calls at a time on one connection", () => {
  for (const [socket, limit] of [
    ["admin", limitValues.streams] as const,
    ["read", limitValues.readStreams] as const,
  ])
    it(`are told to a client of the ${socket} socket: ${limit}`, async () => {
      await using served = await Served.start({ socket });
      assert.equal(await served.streams(), limit);
    });
});

describe("a server that stops", () => {
  it("refuses new calls, lets those under way finish, and says NOT_SERVING meanwhile", async () => {
    const { handler, begun, finish } = held();
    await using served = await Served.start({ handlers: { destroyDomain: handler } });
    const identity = (bytes: Buffer): Buffer => bytes;
    const health = {
      path: "/grpc.health.v1.Health/Check",
      requestSerialize: identity,
      responseDeserialize: identity,
    };
    served.server.setServing(true);
    assert.deepEqual(await served.rpc.call(health, Buffer.alloc(0)), Buffer.from([0x08, 1]));
    const running = served.rpc.call(Domains.destroyDomain, destroyed);
    await begun(1);
    const stopped = served.server.stop(60_000);
    served.server.setServing(true);
    assert.deepEqual(await served.rpc.call(health, Buffer.alloc(0)), Buffer.from([0x08, 2]));
    const refused = await refusal(served.rpc.call(Domains.listDomains, page));
    assert.equal(refused.reason, "NOT_IMPLEMENTED");
    const stopping = await refusal(served.rpc.call(Domains.destroyDomain, destroyed));
    assert.deepEqual([stopping.code, stopping.reason], ["UNAVAILABLE", "STOPPING"]);
    assert.ok((stopping.retrySeconds ?? 0) > 0);
    finish();
    await running;
    assert.deepEqual(await stopped, { cut: 0 });
  });

  it("gives no kept answer any more", async () => {
    const { handler, begun, finish } = held();
    const handlers = { destroyDomain: handler, listDomains: () => Promise.resolve({ domains: [] }) };
    await using served = await Served.start({ handlers, basis: () => ["as ever"] });
    await served.rpc.call(Domains.listDomains, page);
    const running = served.rpc.call(Domains.destroyDomain, destroyed);
    await begun(1);
    const stopped = served.server.stop(60_000);
    const stopping = await refusal(served.rpc.call(Domains.listDomains, page));
    assert.deepEqual([stopping.code, stopping.reason], ["UNAVAILABLE", "STOPPING"]);
    finish();
    await running;
    await stopped;
  });

  it("tells the calls that are left at the end of the grace that it goes down", async () => {
    const { handler, begun } = held();
    await using served = await Served.start({ handlers: { destroyDomain: handler } });
    const running = refusal(served.rpc.call(Domains.destroyDomain, destroyed));
    await begun(1);
    assert.deepEqual(await served.server.stop(0), { cut: 1 });
    const error = await running;
    assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "STOPPING"]);
    assert.ok((error.retrySeconds ?? 0) > 0);
    assert.match(error.message, /goes on after its restart/);
  });
});
