// What a connection looks like that brings no answer: its exit code, with the lines that say what would work.
import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { lateSocket, refusedSocket } from "../../../agent/cli/client/reachable.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";
import { CREATE } from "./create-line.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { FRESH_ID, matchesGolden, vgpuctl } from "./vgpuctl.ts";

describe("a call without an answer", () => {
  it("says that a change goes on and how to look at it", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hang();
    const ran = await vgpuctl(vgpud.socketPath, [...CREATE, "--timeout", "200ms"]);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /^error: no answer from vgpud within 200ms\n/);
    assert.match(
      ran.stderr,
      new RegExp(`name of its operation: vgpuctl \\S+ \\S+ domains claim:${FRESH_ID}\n`),
    );
    assert.match(ran.stderr, new RegExp(`to wait for it: vgpuctl .* --claim-id ${FRESH_ID}\n$`));
    assert.ok(!ran.stderr.includes("--timeout"));
  });

  it("asks again without the time that was too short", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hang();
    const ran = await vgpuctl(vgpud.socketPath, ["gpus", "--timeout=200ms"]);
    assert.match(ran.stderr, /\nhint: again: vgpuctl --socket \S+ gpus\n$/);
  });

  it("ends with 130 when it is interrupted", async () => {
    await using vgpud = await fakeVgpud();
    const { asked } = vgpud.hang();
    const interrupt = new AbortController();
    const running = vgpuctl(vgpud.socketPath, ["destroy", "web-1"], { signal: interrupt.signal });
    await asked;
    interrupt.abort();
    const ran = await running;
    assert.equal(ran.exitCode, 130);
    assert.match(ran.stderr, /^error: interrupted\nhint: what vgpud accepted goes on without vgpuctl\n/);
    assert.match(ran.stderr, /domains web-1\n/);
  });

  it("does nothing when it is interrupted before it asks", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, CREATE, { signal: AbortSignal.abort() });
    assert.equal(ran.exitCode, 130);
    assert.deepEqual(vgpud.requests, []);
  });
});

describe("a socket that cannot be used", () => {
  it("ends with 8 where there is none", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["gpus"]);
    assert.equal(ran.exitCode, 8);
    await matchesGolden("unreachable.stderr.txt", ran.stderr);
  });

  it("ends with 8 where nobody listens", async () => {
    await using vgpud = await fakeVgpud();
    const stale = `${vgpud.socketPath}.stale`;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${stale}.first`, resolve));
    // Its path is unlinked when it closes; under another name it stays.
    await rename(`${stale}.first`, stale);
    await new Promise((resolve) => server.close(resolve));
    const ran = await vgpuctl(stale, ["gpus"]);
    assert.equal(ran.exitCode, 8);
    assert.match(
      ran.stderr,
      /nobody serves the socket .*\nhint: the vgpud that made it has ended: start vgpud, or try/,
    );
  });

  it("ends with 8 where the path is no socket, and blames no vgpud", async () => {
    await using vgpud = await fakeVgpud();
    const file = `${vgpud.socketPath}.txt`;
    await writeFile(file, "");
    const { exitCode, stderr } = await vgpuctl(file, ["gpus"]);
    assert.equal(exitCode, 8);
    assert.match(
      stderr,
      /^error: vgpud does not answer: \S+\.txt is not a socket\nhint: --socket takes .*\n$/,
    );
  });

  it("ends with 8 where too many wait already, and does not tell to start what is there", () => {
    const full = Object.assign(new Error("connect EAGAIN"), { code: "EAGAIN" });
    const { ending, message, hints } = refusedSocket("/run/x.sock", full);
    assert.equal(ending, "unreachable");
    assert.match(message, /as many connections wait at \/run\/x\.sock as may, and it takes none$/);
    assert.match(hints.join(), /^the host is overloaded, or vgpud is stuck: /);
  });

  it("calls --timeout too short only where the user gave it, and once", () => {
    const user = { ms: 1, isUsers: true };
    for (const [limit, hint] of [
      [user, /^--timeout is too short, the host is overloaded, or vgpud is stuck: /],
      [{ ...user, work: "a look at a host" }, /^the host is overloaded, or vgpud is stuck: /],
      [{ ms: 3000, isUsers: false }, /^the host is overloaded, or vgpud is stuck: /],
    ] as const) {
      const { ending, message, hints, kind, late } = lateSocket("/run/x.sock", limit, undefined);
      assert.equal(message, "vgpud does not answer: no connection to /run/x.sock came about in time");
      assert.deepEqual([ending, kind, late], ["unreachable", undefined, limit]);
      assert.match(hints.join(), hint);
    }
  });

  it("ends with 8 when the connection breaks during the call", async () => {
    await using vgpud = await fakeVgpud();
    const path = `${vgpud.socketPath}.rude`;
    const server = createServer((socket) => socket.on("data", () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const ran = await vgpuctl(path, ["gpus"]);
    server.close();
    assert.equal(ran.exitCode, 8);
    assert.match(ran.stderr, /the connection to vgpud broke/);
  });

  it("ends with 4 and the line with sudo where it may not be opened", async () => {
    const denied = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
    const ran = await vgpuctl("/run/x.sock", ["stop", "it's mine"], {
      connect: (options) => ({
        ...connect(options),
        stopDomain: () => Promise.reject(refusedSocket("/run/x.sock", denied)),
      }),
    });
    assert.equal(ran.exitCode, 4);
    assert.match(ran.stderr, /hint: sudo vgpuctl --socket \/run\/x\.sock stop 'it'\\''s mine'\n$/);
  });
});
