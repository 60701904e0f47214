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
});
