import assert from "node:assert/strict";
import { once } from "node:events";
import { type Socket } from "node:net";

import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { CallAbortedError, CallTimeoutError, LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { type MessageHeader, encodeMessage } from "../../../agent/node-libvirt/message.ts";
import { procedures, remoteEvents } from "../../../agent/node-libvirt/remote.gen.ts";
import { handshake, reply, scriptedDaemon, servedDaemon } from "../../fakes/libvirt-daemon.ts";
import { lost, open } from "./opened.ts";

/** A handler whose calls wait until they are let go. */
function gate(): {
  readonly pass: () => Promise<void>;
  readonly open: () => void;
  readonly entered: () => number;
} {
  let waiting: (() => void)[] = [];
  let entered = 0;
  return {
    pass: () =>
      new Promise((resolve) => {
        entered += 1;
        waiting.push(resolve);
      }),
    open: () => {
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    entered: () => entered,
  };
}

describe("a call", () => {
  it("is rejected with the daemon's whole error", async () => {
    const fields = { code: 42, domain: 10, level: 2, message: "Domain not found: no domain 'x'" };
    const detail = { str1: "Domain not found: %s", str2: "no domain 'x'", str3: "three", int1: 7, int2: -3 };
    await using daemon = await servedDaemon({
      domainLookupByName: () => {
        throw new LibvirtError({ ...fields, ...detail });
      },
    });
    const connection = await open(daemon.socket);
    const procedure = "domain_lookup_by_name";
    await assert.rejects(connection.call(procedures.domainLookupByName, { name: "x" }), {
      name: "LibvirtError",
      ...fields,
      ...detail,
      procedure,
    });
    await connection.close();
  });

  it("waits while four others are with the daemon", async () => {
    const gated = gate();
    let most = 0;
    let now = 0;
    await using daemon = await servedDaemon({
      connectGetHostname: async () => {
        now += 1;
        most = Math.max(most, now);
        await gated.pass();
        now -= 1;
        return { hostname: "h" };
      },
      connectGetType: () => ({ type: "TEST" }),
    });
    const connection = await open(daemon.socket);
    const calls = Array.from({ length: 20 }, () => connection.call(procedures.connectGetHostname, undefined));
    assert.deepEqual(connection.load, { inFlight: 4, waiting: 16 });
    const all = Promise.all(calls);
    const state = { done: false };
    void all.then(() => (state.done = true));
    while (!state.done) {
      gated.open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await all).length, 20);
    assert.equal(most, 4);
    assert.deepEqual(connection.load, { inFlight: 0, waiting: 0 });
    await connection.close();
  });

  it("gets its own reply when replies come in another order", async () => {
    const slow = gate();
    await using daemon = await servedDaemon({
      domainLookupByName: async ({ name }) => {
        if (name === "slow") await slow.pass();
        return { dom: { name, uuid: new Uint8Array(16), id: -1 } };
      },
    });
    const connection = await open(daemon.socket);
    const first = connection.call(procedures.domainLookupByName, { name: "slow" });
    const second = await connection.call(procedures.domainLookupByName, { name: "quick" });
    slow.open();
    assert.deepEqual([(await first).dom.name, second.dom.name], ["slow", "quick"]);
    await connection.close();
  });

  it("ends at its deadline, and the connection goes on and drops the late reply", async () => {
    const slow = gate();
    await using daemon = await servedDaemon({
      connectGetHostname: async () => {
        await slow.pass();
        return { hostname: "late" };
      },
      connectGetType: () => ({ type: "TEST" }),
    });
    const connection = await open(daemon.socket);
    await assert.rejects(
      connection.call(procedures.connectGetHostname, undefined, { timeoutMs: 20 }),
      (error) => {
        assert.ok(error instanceof CallTimeoutError);
        assert.deepEqual([error.outcome, error.procedure], ["unknown", "connect_get_hostname"]);
        return true;
      },
    );
    assert.equal(connection.load.inFlight, 1, "the daemon is still busy with it");
    slow.open();
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    assert.equal(connection.load.inFlight, 0);
    await connection.close();
  });

  it("is known not to have happened when its deadline passes before its turn", async () => {
    await using daemon = await scriptedDaemon(handshake);
    const connection = await open(daemon.socket).catch((error: unknown) => error);
    assert.ok(connection instanceof Connection);
    const hung = Array.from({ length: 4 }, () =>
      connection.call(procedures.connectGetType, undefined).catch((error: unknown) => error),
    );
    await assert.rejects(connection.call(procedures.connectGetType, undefined, { timeoutMs: 20 }), {
      name: "CallTimeoutError",
      outcome: "not-sent",
    });
    connection.destroy();
    for (const error of await Promise.all(hung)) lost("closed-by-us", "unknown")(error);
  });

  it("ends when its signal aborts, before, while waiting and while with the daemon", async () => {
    await using daemon = await scriptedDaemon(handshake);
    const connection = await open(daemon.socket);
    const abort = new AbortController();
    const call = (signal: AbortSignal): Promise<unknown> =>
      connection.call(procedures.connectGetType, undefined, { signal }).catch((error: unknown) => error);
    const calls = Array.from({ length: 5 }, () => call(abort.signal));
    abort.abort(new Error("no longer wanted"));
    calls.push(call(abort.signal));
    const errors = await Promise.all(calls);
    const outcomes = errors.map((error) =>
      error instanceof CallAbortedError ? error.outcome : String(error),
    );
    assert.deepEqual(outcomes, ["unknown", "unknown", "unknown", "unknown", "not-sent", "not-sent"]);
    connection.destroy();
  });

  it("without a deadline in sight outlives one that has it", async () => {
    const slow = gate();
    await using daemon = await servedDaemon({
      connectGetType: () => slow.pass().then(() => ({ type: "TEST" })),
    });
    const connection = await open(daemon.socket);
    const endless = connection.call(procedures.connectGetType, undefined, { timeoutMs: Infinity });
    await assert.rejects(
      connection.call(procedures.connectGetType, undefined, { timeoutMs: 20 }),
      CallTimeoutError,
    );
    slow.open();
    assert.equal((await endless).type, "TEST");
    await connection.close();
  });

  it("is rejected alone when its arguments do not fit the protocol", async () => {
    await using daemon = await servedDaemon({ connectGetType: () => ({ type: "TEST" }) });
    const connection = await open(daemon.socket);
    await assert.rejects(connection.call(procedures.domainLookupByName, { name: "a\0b" }), {
      name: "XdrError",
    });
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    await connection.close();
  });

  it("after the end says that it was not sent, and why", async () => {
    await using daemon = await servedDaemon({});
    const connection = await open(daemon.socket);
    await connection.close();
    await assert.rejects(
      connection.call(procedures.connectGetType, undefined),
      lost("closed-by-us", "not-sent"),
    );
    assert.equal((await connection.lost).reason, "closed-by-us");
  });
});

describe("a daemon that breaks the protocol", () => {
  const typeReply = (header: MessageHeader): Buffer =>
    reply(header, (e) => {
      procedures.connectGetType.ret.encode(e, { type: "TEST" });
    });
  const cases: Readonly<Record<string, (header: MessageHeader) => Buffer>> = {
    "answers a call that was never made": (header) => typeReply({ ...header, serial: 999 }),
    "names another procedure": (header) => typeReply({ ...header, procedure: 2 }),
    "leaves bytes over": (header) =>
      reply(header, (e) => {
        e.string("TEST", 10);
        e.uint(1);
      }),
    "ends a reply early": (header) => reply(header),
    "uses a status that does not exist": (header) => encodeMessage({ ...header, type: 1, status: 2 }),
    "claims an impossible length": () => Buffer.from("ffffffff", "hex"),
    "sends an error that cannot be read": (header) => encodeMessage({ ...header, type: 1, status: 1 }),
  };
  for (const [title, broken] of Object.entries(cases)) {
    it(`costs the connection and rejects the call when it ${title}`, async () => {
      await using daemon = await scriptedDaemon((header) => handshake(header) ?? broken(header));
      const connection = await open(daemon.socket);
      await assert.rejects(
        connection.call(procedures.connectGetType, undefined),
        lost("bad-frame", "unknown"),
      );
      assert.equal((await connection.lost).reason, "bad-frame");
      assert.deepEqual(connection.load, { inFlight: 0, waiting: 0 });
    });
  }

  it("costs nothing when it sends events and programs that are not known here: they are counted", async () => {
    const strange = (header: MessageHeader): Buffer[] => [
      encodeMessage({ ...header, procedure: 4000, type: 2, serial: 0, status: 0 }),
      encodeMessage({ ...header, program: 0x20008087, procedure: 1, type: 2, serial: 0, status: 0 }),
      encodeMessage({ ...header, type: 3, serial: 0, status: 0 }),
    ];
    await using daemon = await scriptedDaemon(
      (header) => handshake(header) ?? Buffer.concat([...strange(header), typeReply(header)]),
    );
    const connection = await open(daemon.socket);
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    assert.equal(connection.counters.unknown, 3);
    connection.destroy();
  });

  it("costs the connection when an event that is listened to cannot be read", async () => {
    const event = { type: 2, serial: 0, status: 0, procedure: remoteEvents.nodeDeviceEventUpdate.number };
    await using daemon = await scriptedDaemon(
      (header) => handshake(header) ?? encodeMessage({ ...header, ...event }),
    );
    const connection = await open(daemon.socket);
    connection.on(remoteEvents.nodeDeviceEventUpdate, () => undefined);
    await assert.rejects(connection.call(procedures.connectGetType, undefined), lost("bad-frame", "unknown"));
  });
});

describe("keepalive", () => {
  it("answers the daemon's pings", async () => {
    await using daemon = await servedDaemon({ connectGetType: () => ({ type: "TEST" }) });
    const connection = await open(daemon.socket, { keepAlive: { intervalMs: 60_000, count: 1 } });
    const [session] = daemon.server.sessions;
    assert.ok(session);
    session.ping();
    session.ping();
    // Replies and pongs share one stream: once the second call is answered, both pongs have arrived.
    await connection.call(procedures.connectGetType, undefined);
    await connection.call(procedures.connectGetType, undefined);
    assert.deepEqual([session.pongs, connection.counters.pingsAnswered], [2, 2]);
    await connection.close();
  });

  it("keeps a silent connection whose daemon answers pings", async () => {
    await using daemon = await servedDaemon({ connectGetType: () => ({ type: "TEST" }) });
    const connection = await open(daemon.socket, { keepAlive: { intervalMs: 5, count: 2 } });
    while (connection.counters.pingsSent < 6) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await connection.call(procedures.connectGetType, undefined), { type: "TEST" });
    await connection.close();
  });

  it("rejects every call, sent or waiting, when the daemon is dead", async () => {
    await using daemon = await scriptedDaemon(handshake);
    const connection = await open(daemon.socket, { keepAlive: { intervalMs: 20, count: 2 } });
    const calls = Array.from({ length: 8 }, () =>
      connection.call(procedures.connectGetType, undefined).catch((error: unknown) => error),
    );
    const errors = await Promise.all(calls);
    for (const error of errors.slice(0, 4)) lost("keepalive", "unknown")(error);
    for (const error of errors.slice(4)) lost("keepalive", "not-sent")(error);
  });

  it("rejects every call when the daemon closes the socket", async () => {
    const sockets: Socket[] = [];
    await using daemon = await scriptedDaemon((header, socket) => {
      sockets.push(socket);
      return handshake(header);
    });
    const connection = await open(daemon.socket);
    const call = assert.rejects(
      connection.call(procedures.connectGetType, undefined),
      lost("closed-by-peer", "unknown"),
    );
    const [socket] = sockets;
    assert.ok(socket);
    const closed = once(socket, "close");
    socket.destroy();
    await Promise.all([call, closed]);
  });
});
