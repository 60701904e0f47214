// How vgpud ends at once while a driver hangs in a file that is read: exit(3) would wait for the thread.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(import.meta.resolve("./hung-program.js"));

describe("a process of which a read hangs", () => {
  let dir: string;
  let fifo: string;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "hung-"));
    fifo = path.join(dir, "fifo");
    await promisify(execFile)("mkfifo", [fifo]);
  });
  after(async () => {
    await rm(dir, { recursive: true });
  });

  it("ends by SIGTERM when it is told again to stop, which for systemd is well", async () => {
    const child = spawn(process.execPath, [program, fifo], { stdio: ["ignore", "pipe", "ignore"] });
    const closed = once(child, "close");
    await once(child.stdout, "data");
    // The first are taken for one.
    const again = setInterval(() => child.kill("SIGTERM"), 100);
    await closed;
    clearInterval(again);
    assert.deepEqual([child.exitCode, child.signalCode], [null, "SIGTERM"]);
  });
});
