import assert from "node:assert/strict";

import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { subscribe } from "../../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { type MessageHeader, encodeMessage } from "../../../agent/node-libvirt/message.ts";
import { errorCodec, procedures, remoteEvents } from "../../../agent/node-libvirt/remote.gen.ts";
import type { Codec, XdrEncoder } from "../../../agent/node-libvirt/xdr.ts";
import { handshake, reply, scriptedDaemon } from "../../fakes/libvirt-daemon.ts";
import { InventingDecoder } from "./inventing-decoder.ts";

const REPLIES = 10_000;
const SEED = 20_261_122;

/** xorshift32: the same bytes at every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A valid message, then up to three bytes changed, or its end cut off, or its length word changed. */
function mutate(message: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(message);
  const kind = next() % 10;
  if (kind === 0) return bytes;
  if (kind === 1) return bytes.subarray(0, next() % bytes.length);
  if (kind === 2) bytes.writeUInt32BE(next() % 2 === 0 ? next() : bytes.length - 4, 0);
  // Most changes go past the header: a changed serial is caught before a body is read.
  const from = kind < 5 ? 0 : Math.min(28, bytes.length - 1);
  for (let count = 1 + (next() % 3); count > 0; count -= 1) {
    bytes[from + (next() % (bytes.length - from))] = next() % 256;
  }
  return bytes;
}

const invented =
  <T>(codec: Codec<T>, next: () => number) =>
  (encoder: XdrEncoder): void => {
    codec.encode(encoder, codec.decode(new InventingDecoder(next)));
  };

const calls: readonly ((libvirt: Libvirt) => Promise<unknown>)[] = [
  (libvirt) => libvirt.listDomains({ timeoutMs: 5 }),
  (libvirt) => libvirt.allDomainStats(0, { timeoutMs: 5 }),
  (libvirt) => libvirt.nodeDevices.list({ timeoutMs: 5 }),
  (libvirt) => libvirt.capabilities({ timeoutMs: 5 }),
];

describe("the client, given mutated replies", () => {
  it(`settles ${REPLIES} calls, and keeps neither calls nor memory`, async function () {
    this.timeout(60_000);
    const next = generator(SEED);
    const answers: readonly { readonly number: number; readonly ret: Codec<unknown> }[] = [
      procedures.connectListAllDomains,
      procedures.connectGetAllDomainStats,
      procedures.connectListAllNodeDevices,
      procedures.connectGetCapabilities,
    ];
    await using daemon = await scriptedDaemon((header: MessageHeader, socket) => {
      const greeting = handshake(header);
      if (greeting) return greeting;
      if (header.procedure === procedures.connectDomainEventCallbackRegisterAny.number) {
        return reply(header, (e) => {
          e.int(1);
        });
      }
      const found = answers.find(({ number }) => number === header.procedure);
      if (!found) return undefined;
      const event = { type: 2, serial: 0, procedure: remoteEvents.domainEventCallbackLifecycle.number };
      const told = invented(remoteEvents.domainEventCallbackLifecycle.message, next);
      const right = [
        reply(header, invented(found.ret, next)),
        encodeMessage({ ...header, type: 1, status: 1 }, invented(errorCodec, next)),
        Buffer.concat([
          encodeMessage({ ...header, ...event }, told),
          reply(header, invented(found.ret, next)),
        ]),
      ][next() % 3];
      assert.ok(right);
      const wrong = mutate(right, next);
      // Whoever cuts a message off, closes as well; what else stays unanswered ends at the call's deadline.
      if (wrong.length < right.length) setImmediate(() => socket.end());
      return wrong;
    });
    const before = process.memoryUsage().rss;
    const outcomes = new Map<string, number>();
    let connection: Connection | undefined;
    for (let made = 0; made < REPLIES; made += 1) {
      if (!connection || connection.load.inFlight >= 3) {
        connection?.destroy();
        connection = await Connection.open({ socket: daemon.socket, uri: "x:///", keepAlive: false });
        await subscribe(connection, ["domain-lifecycle"], () => undefined);
      }
      const call = calls[made % calls.length];
      assert.ok(call);
      const outcome = await call(new Libvirt(connection)).then(
        () => "value",
        (error: unknown) => (error instanceof Error ? error.name : "not an error"),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === "ConnectionLostError") {
        assert.deepEqual(connection.load, { inFlight: 0, waiting: 0 });
        connection = undefined;
      }
    }
    connection?.destroy();
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 150, `memory grew by ${Math.round(grown)} MiB`);
    const names = [...outcomes.keys()].sort();
    assert.deepEqual(names, ["CallTimeoutError", "ConnectionLostError", "LibvirtError", "value"]);
    // Each kind of end is common: the mutations reach the header, the bodies and the errors.
    for (const [name, count] of outcomes) assert.ok(count > 50, `${name} only ${count} times`);
  });
});
