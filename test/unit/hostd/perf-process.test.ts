// What hostd makes of a perf that ends otherwise than perf itself, or prints what it should not.
import assert from "node:assert/strict";
import { PerfProcess, type PerfEnd } from "../../../agent/hostd/perf-process.ts";

/** A shell's lines in the place of perf. */
async function ended(lines: string, onLine: (line: string) => void = () => undefined): Promise<PerfEnd> {
  return await new PerfProcess("/bin/sh", ["-c", lines], onLine).ended;
}

describe("a perf", () => {
  it("is ended when a line of it has no end", async () => {
    const lines: string[] = [];
    const end = await ended("echo one; exec tr '\\0' x < /dev/zero", (line) => lines.push(line));
    assert.deepEqual(end, {
      because: "failed",
      said: "it printed what is no figure: a line is longer than 4096 bytes",
    });
    assert.ok(lines.length <= 1);
  });
});
