// Each call is reported once, whatever ends it, over real sockets with a real client.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { status } from "@grpc/grpc-js";
import { AgentError } from "../../../agent/core/errors.ts";
import type { EndedCall } from "../../../agent/api/call-record.ts";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
  type CreateDomainRequest,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { draft } from "../../e2e/harness/requests.ts";
import { refusal } from "../../e2e/harness/rpc.ts";
import { framed, held, Served } from "./served.ts";

const request: CreateDomainRequest = draft("/images", "desk").request;
const destroyed = DestroyDomainRequest.fromPartial({ domain: { ref: { $case: "name", value: "desk" } } });
const told = ({ code, reason, begun }: EndedCall): unknown => [status[code], reason, begun.access];
const soon = () => ({ deadline: Date.now() + 50 });

describe("the report of a call", () => {
  it("says who asked for what, under which trace, and how it ended", async () => {
    await using served = await Served.start({ handlers: { createDomain: () => Promise.resolve({}) } });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await served.rpc.call(Domains.createDomain, request, { headers: { traceparent } });
    await served.rpc.call(Domains.createDomain, request, { headers: { traceparent: "00-0-0-00" } });
    const [first, second] = await served.told(2);
    assert.ok(first && second);
    assert.deepEqual(first.about, { domain: "desk", claim: "claim-desk" });
    assert.deepEqual(first.begun.caller.trace, {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
    });
    assert.equal(second.begun.caller.trace, undefined);
    assert.match(first.begun.caller.userAgent ?? "", /^grpc-node-js/);
    assert.deepEqual([first.begun.socket, first.begun.connection, second.begun.connection], ["admin", 1, 1]);
    assert.deepEqual([told(first), first.message], [["OK", undefined, "changes"], ""]);
  });

  it("is made of a refused one: not served here, no message, too large", async () => {
    await using reader = await Served.start({ socket: "read" });
    await refusal(reader.rpc.call(Domains.destroyDomain, destroyed));
    await refusal(reader.rpc.bytes(Domains.destroyDomain.path, Buffer.from([0x0a, 0x7f])));
    const tooLarge = await refusal(reader.rpc.bytes(Domains.destroyDomain.path, Buffer.alloc(16 * 1024 + 1)));
    assert.deepEqual([tooLarge.code, tooLarge.reason], ["INVALID_ARGUMENT", "REQUEST_TOO_LARGE"]);
    assert.deepEqual((await reader.told(3)).map(told), [
      ["PERMISSION_DENIED", "SOCKET_READ_ONLY", "changes"],
      ["PERMISSION_DENIED", "SOCKET_READ_ONLY", "changes"],
      ["INVALID_ARGUMENT", "REQUEST_TOO_LARGE", "changes"],
    ]);
    assert.equal(reader.ended[0]?.about.domain, "desk");
  });

  it("waits for what a mutation does after its caller has gone or its deadline passed", async () => {
    let goOn: () => void = () => undefined;
    const writing = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const left: Promise<unknown>[] = [];
    await using served = await Served.start({
      handlers: {
        createDomain: async (_request, { signal, onOperation }) => {
          left.push(once(signal, "abort"));
          await writing;
          onOperation({ id: "7", kind: "create", startedAt: 0, ended: undefined });
          return {};
        },
      },
    });
    const late = await refusal(served.rpc.call(Domains.createDomain, request, soon()));
    assert.equal(late.code, "DEADLINE_EXCEEDED");
    const cancel = new AbortController();
    const gone = refusal(served.rpc.call(Domains.createDomain, request, { signal: cancel.signal }));
    await refusal(served.rpc.bytes(Domains.createDomain.path, Buffer.from([0x0a, 0x7f])));
    cancel.abort();
    assert.equal((await gone).code, "CANCELLED");
    assert.deepEqual((await served.told(1)).map(told), [
      ["INVALID_ARGUMENT", "REQUEST_UNREADABLE", "changes"],
    ]);
    await Promise.all(left);
    assert.equal(left.length, 2);
    goOn();
    const [, ...others] = await served.told(3);
    // The client keeps to the deadline too, and its going may arrive first.
    for (const { code, begun } of others) {
      assert.ok([status.CANCELLED, status.DEADLINE_EXCEEDED].includes(code), status[code]);
      assert.equal(begun.access, "changes");
    }
    for (const { about } of others) assert.equal(about.operation, "operations/7");
  });

  it("is made when a mutation is done, whether or not its caller takes the answer", async () => {
    await using served = await Served.start({ handlers: { destroyDomain: () => Promise.resolve({}) } });
    const goAway = served.unread(
      Domains.destroyDomain.path,
      framed(Buffer.from(DestroyDomainRequest.encode(destroyed).finish())),
    );
    assert.deepEqual((await served.told(1)).map(told), [["OK", undefined, "changes"]]);
    goAway();
  });

  it("is made of a mutation that hangs beyond the end of the agent", async () => {
    // As a write to a disk that does not answer: it hears no signal.
    const begun = new EventEmitter();
    const hangs = (): Promise<unknown> =>
      new Promise(() => {
        begun.emit("begun");
      });
    await using served = await Served.start({ handlers: { destroyDomain: hangs } });
    const reached = once(begun, "begun");
    void refusal(served.rpc.call(Domains.destroyDomain, destroyed));
    await reached;
    await served.server.stop(0);
    assert.deepEqual((await served.told(1)).map(told), [["UNAVAILABLE", "STOPPING", "changes"]]);
  });

  it("carries no more of a text than is legible and short", async () => {
    await using served = await Served.start({ handlers: { createDomain: () => Promise.resolve({}) } });
    const spec = { ...request.domain, name: `a\n\u001b[2J\u009b\u202e${"b".repeat(100_000)}` };
    const hostile = { ...request, requestId: "\u2028", domain: spec } as CreateDomainRequest;
    await served.rpc.call(Domains.createDomain, hostile);
    const { domain = "", requestId } = (await served.told(1))[0]?.about ?? {};
    assert.match(domain, /^a\uFFFD\uFFFD\[2J\uFFFD\uFFFDb+…$/);
    assert.equal(requestId, "\uFFFD");
    assert.ok(Buffer.byteLength(domain) < 300);
    const refusing = await Served.start({
      handlers: { createDomain: () => Promise.reject(new AgentError("CLAIM_STATE", "no \u202e\u0007")) },
    });
    await refusal(refusing.rpc.call(Domains.createDomain, request));
    assert.equal((await refusing.told(1))[0]?.message, "no \uFFFD\uFFFD");
    await refusing[Symbol.asyncDispose]();
  });
});

describe("a grpc-timeout", () => {
  it("of any value ends its own call at most", async () => {
    const waiting = held();
    await using served = await Served.start({ handlers: { createDomain: waiting.handler } });
    const call = (timeout: string) =>
      served.byHand(Domains.createDomain.path, {
        headers: { "grpc-timeout": timeout },
        body: framed(Buffer.from([])),
        finish: true,
      });
    for (const none of ["abc", "9".repeat(30)])
      assert.equal((await call(none)).code, String(status.INVALID_ARGUMENT), none);
    for (const short of ["0n", "00000001n"])
      assert.equal((await call(short)).code, String(status.DEADLINE_EXCEEDED), short);
    // 999 hours are more than 32 bits of milliseconds; the transport reads the last two as 1 and 5 seconds.
    const long = ["99999999H", "999H", "-1S", "1.5S"].map(call);
    await waiting.begun(4);
    void Promise.all(long);
    const cut = await refusal(served.rpc.call(Domains.createDomain, request, soon()));
    assert.equal(cut.code, "DEADLINE_EXCEEDED");
  });

  it("that is none is the request's fault", async () => {
    await using served = await Served.start({ handlers: { createDomain: held().handler } });
    const { code, packed } = await served.byHand(Domains.createDomain.path, {
      headers: { "grpc-timeout": "soon" },
      body: framed(Buffer.from([])),
      finish: true,
    });
    assert.deepEqual([code, packed], [String(status.INVALID_ARGUMENT), true]);
  });
});
