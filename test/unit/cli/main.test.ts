// The program itself, as a process: what only its rim can do.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { fakeVgpud } from "./fake-vgpud.ts";

const MAIN = fileURLToPath(new URL("../../../agent/cli/main.js", import.meta.url));

function start(argv: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (stderr += piece));
  return {
    ended: async () => {
      const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
      return { stdout, stderr, code: child.exitCode };
    },
    interrupt: () => child.kill("SIGINT"),
    /** Nobody reads what it says beside the answer. */
    closeStderr: () => child.stderr.destroy(),
  };
}

const CREATE = ["create", "a", "--mode", "gvt-g", "--vcpus", "1", "--memory", "64", "--kernel", "/k"];

describe("the vgpuctl program", () => {
  it("knows its version from the package", async () => {
    const { stdout, code } = await start(["version"]).ended();
    assert.match(stdout, /^vgpuctl \d+\.\d+\.\d+\n$/);
    assert.equal(code, 0);
  });

  it("writes data to stdout and messages to stderr, without colours into a pipe", async () => {
    await using vgpud = await fakeVgpud();
    const argv = [...CREATE, "--socket", vgpud.socketPath];
    const { stdout, stderr, code } = await start(argv).ended();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^GPU: /);
    assert.ok(!stdout.includes("\u001b"));
    assert.match(stderr, /^claim id: [0-9a-f-]{36}\nwarning: /);
  });

  it("does what it was asked though nobody reads its messages", async () => {
    await using vgpud = await fakeVgpud();
    const child = start([...CREATE, "--socket", vgpud.socketPath]);
    child.closeStderr();
    const { stdout, code } = await child.ended();
    assert.match(stdout, /^GPU: /);
    assert.equal(code, 0);
  });

  it("exits with 130 after SIGINT and says that the change goes on", async () => {
    await using vgpud = await fakeVgpud();
    const { asked } = vgpud.hang();
    const child = start(["stop", "web-1", "--socket", vgpud.socketPath]);
    const ended = child.ended();
    await asked;
    child.interrupt();
    const { stderr, code } = await ended;
    assert.match(stderr, /what vgpud accepted goes on without vgpuctl/);
    assert.equal(code, 130);
  });

  it("exits with 8 where no vgpud is", async () => {
    const { stderr, code } = await start(["gpus", "--socket", "/nonexistent/vgpud.sock"]).ended();
    assert.match(stderr, /hint: is vgpud running\? start vgpud, or try/);
    assert.equal(code, 8);
  });
});
