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
