// The tour of scripts/demo leaves nothing behind, however it is ended.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { until } from "./harness/until.ts";

const script = fileURLToPath(import.meta.resolve("../../scripts/tour.js"));

/** Whether any process has this in its command line. */
async function isAlive(word: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.some((line) => line.includes(word));
}

describe("the tour", () => {
  it("ends what it has started when nobody reads on", async () => {
    const tour = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "ignore"] });
    const over = once(tour, "exit");
    const [first] = (await once(tour.stdout, "data")) as [Buffer];
    tour.stdout.destroy();
    const folder = /vgpud-simulated-\w+/.exec(String(first))?.[0] ?? "";
    assert.notEqual(folder, "");
    assert.deepEqual(await over, [141, null]);
    await until("the simulated host has ended", async () => !(await isAlive(folder)));
  });

  it("takes no flag that it does not know, and says which there are", async () => {
    const tour = spawn(process.execPath, [script, "--help"], { stdio: ["ignore", "ignore", "pipe"] });
    const said = text(tour.stderr);
    assert.deepEqual(await once(tour, "exit"), [64, null]);
    assert.match(await said, /'--help'[\s\S]*usage: scripts\/demo \[--once\]/);
  });
});
