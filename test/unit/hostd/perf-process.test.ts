// What hostd makes of a perf that ends otherwise than perf itself, or prints what it should not.
import assert from "node:assert/strict";
import { PerfProcess, type PerfEnd } from "../../../agent/hostd/perf-process.ts";

/** A shell's lines in the place of perf. */
async function ended(lines: string, onLine: (line: string) => void = () => undefined): Promise<PerfEnd> {
  return await new PerfProcess("/bin/sh", ["-c", lines], onLine).ended;
}

describe("a perf", () => {
  it("is not there where Ubuntu's wrapper says that it has none for the kernel", async () => {
    const { because, said } = await ended(`
      echo "WARNING: perf not found for kernel 7.1.0-12" >&2
      echo >&2
      echo "  You may need to install the following packages for this specific kernel:" >&2
      exit 2`);
    assert.equal(because, "no-perf");
    assert.match(said, /^WARNING: perf not found for kernel 7\.1\.0-12 You may need to install/);
  });

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
