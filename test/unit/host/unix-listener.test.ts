// The API's listener over a real UNIX socket.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { listenUnix } from "../../../agent/host/unix-listener.ts";

describe("the API's listener", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "vgpud-listener-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("ends although a peer that connected never says anything and never leaves", async () => {
    const accepted = new EventEmitter();
    const listener = await listenUnix(
      { path: path.join(dir, "vgpud.sock") },
      {
        maxConnections: 1,
        onConnection: () => accepted.emit("connection"),
        onFull: () => undefined,
      },
    );
    const peer = net.connect(listener.at);
    await once(accepted, "connection");
    await Promise.all([once(peer, "close"), listener[Symbol.asyncDispose]()]);
    await assert.rejects(once(net.connect(listener.at), "connect"), { code: "ENOENT" });
  });

  it("takes no more connections when told so, and lets those that it has go on", async () => {
    const accepted = new EventEmitter();
    const listener = await listenUnix(
      { path: path.join(dir, "vgpud.sock") },
      {
        maxConnections: 2,
        onConnection: (socket) => {
          socket.pipe(socket);
          accepted.emit("connection");
        },
        onFull: () => undefined,
      },
    );
    const peer = net.connect(listener.at);
    await once(accepted, "connection");
    listener.stopListening();
    await assert.rejects(once(net.connect(listener.at), "connect"), { code: "ENOENT" });
    peer.write("still there");
    assert.equal(String((await once(peer, "data"))[0]), "still there");
    await Promise.all([once(peer, "close"), listener[Symbol.asyncDispose]()]);
  });

  it("says that it is full once, until half of its connections have gone", async () => {
    const seen = new EventEmitter();
    let full = 0;
    const listener = await listenUnix(
      { path: path.join(dir, "vgpud.sock") },
      {
        maxConnections: 4,
        onConnection: (socket) => {
          socket.resume().once("close", () => seen.emit("left"));
          seen.emit("connection");
        },
        onFull: () => {
          full += 1;
        },
      },
    );
    const connected = async (): Promise<net.Socket> => {
      const [socket] = [net.connect(listener.at), await once(seen, "connection")];
      return socket;
    };
    const refused = (): Promise<unknown> => once(net.connect(listener.at).resume(), "close");
    const peers = [await connected(), await connected(), await connected(), await connected()];
    await refused();
    for (let n = 0; n < 3; n += 1) {
      const left = once(seen, "left");
      peers.pop()?.destroy();
      await left;
      peers.push(await connected());
      await refused();
    }
    assert.equal(full, 1);
    for (let n = 0; n < 2; n += 1) {
      const left = once(seen, "left");
      peers.pop()?.destroy();
      await left;
    }
    peers.push(await connected(), await connected());
    await refused();
    assert.equal(full, 2);
    await listener[Symbol.asyncDispose]();
  });

  it("closes connections beyond its number at once, says so once, and serves again when one has left", async () => {
    const seen = new EventEmitter();
    let full = 0;
    const listener = await listenUnix(
      { path: path.join(dir, "vgpud.sock") },
      {
        maxConnections: 1,
        onConnection: (socket) => {
          socket.resume().once("close", () => seen.emit("left"));
          seen.emit("connection");
        },
        onFull: () => {
          full += 1;
        },
      },
    );
    const connected = async (): Promise<net.Socket> => {
      const [socket] = [net.connect(listener.at), await once(seen, "connection")];
      return socket;
    };
    const first = await connected();
    for (let n = 0; n < 3; n += 1) await once(net.connect(listener.at).resume(), "close");
    assert.equal(full, 1);
    first.destroy();
    await once(seen, "left");
    await connected();
    await once(net.connect(listener.at).resume(), "close");
    assert.equal(full, 2);
    await listener[Symbol.asyncDispose]();
  });
});
