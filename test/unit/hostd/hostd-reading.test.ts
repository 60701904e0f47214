// Whether hostd is there, as the diagnosis asks it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { askHostd, findHostd } from "../../../agent/host/hostd-reading.ts";
import { Bench } from "./bench.ts";

/** Whoever takes connections at a socket in place of hostd, and what is said of it. */
async function readingOf(serve: (socket: net.Socket) => void, patienceMs?: number): Promise<unknown> {
  const dir = await mkdtemp(path.join(tmpdir(), "no-hostd-"));
  const peers = new Set<net.Socket>();
  const server = net.createServer((peer) => {
    peers.add(peer.on("error", () => undefined));
    serve(peer);
  });
  try {
    const socket = path.join(dir, "hostd.sock");
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const reading = await askHostd(socket, patienceMs);
    return reading.kind === "away" ? reading.why : reading;
  } finally {
    for (const peer of peers) peer.destroy();
    server.close();
    await rm(dir, { recursive: true });
  }
}

describe("whether hostd is there", () => {
  it("is told by its greeting, and by the socket where nobody answers", async () => {
    await using bench = await Bench.make();
    const socket = bench.socketPath;
    assert.deepEqual(await askHostd(socket), { kind: "answers", socket });
    await bench.process.end("SIGKILL");
    assert.deepEqual(await askHostd(socket), {
      ...{ kind: "away", socket },
      why: `connect ECONNREFUSED ${socket}`,
    });
    const nowhere = `${socket}.not`;
    assert.deepEqual(await askHostd(nowhere), {
      ...{ kind: "away", socket: nowhere },
      why: `connect ENOENT ${nowhere}`,
    });
  });

  it("is told by its socket where nobody is to be woken", async () => {
    await using bench = await Bench.make();
    const socket = bench.socketPath;
    assert.deepEqual(await findHostd(socket), { kind: "waits", socket });
    const missing = await findHostd(`${socket}.not`);
    assert.match(missing.kind === "away" ? missing.why : "", /^ENOENT/);
  });

  it("is not believed of who says nothing, hangs up, or is somebody else", async () => {
    assert.equal(await readingOf(() => undefined, 20), "no greeting within 20 ms");
    assert.equal(await readingOf((peer) => peer.end()), "it closed the connection");
    assert.match(String(await readingOf((peer) => peer.write("220 mail\n"))), /220 mail|JSON|hello/);
  });
});
