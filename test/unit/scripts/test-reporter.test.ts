import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { StartedProcess } from "../../fakes/process.ts";

const MOCHA = "node_modules/mocha/bin/mocha.js";
const REPORTER = "dist/scripts/test-reporter.js";

interface Ended {
  readonly code: number | null;
  readonly failures: string;
  readonly totals: string;
}

interface How {
  readonly ended: boolean;
  /** How many files are run beside each other, in the order of their names. */
  readonly jobs?: number;
}

/** A run of files, one of which prints a line that starts with `ready`, and which may then be told to end. */
async function run(files: string | Readonly<Record<string, string>>, { ended, jobs }: How): Promise<Ended> {
  const folder = await mkdtemp(path.join(tmpdir(), "held-run-"));
  try {
    const [failures, totals] = ["failures", "totals"].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    const tests = Object.entries(typeof files === "string" ? { "run.test.mjs": files } : files);
    for (const [name, file] of tests) await writeFile(path.join(folder, name), file);
    for (const told of [failures, totals]) await writeFile(told, "");
    const options = [`failures=${failures}`, `totals=${totals}`, "closing=100"];
    const words = [MOCHA, "--no-config", "--reporter", REPORTER, "--reporter-option", options.join(",")];
    if (jobs !== undefined) words.push("--parallel", "--jobs", String(jobs));
    const paths = tests.map(([name]) => path.join(folder, name));
    await using mocha = await StartedProcess.start(["env", "CI=1", process.execPath, ...words, ...paths]);
    await (ended ? mocha.end() : mocha.ended);
    return {
      code: mocha.child.exitCode,
      failures: await readFile(failures, "utf8"),
      totals: await readFile(totals, "utf8"),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("a run of tests, as CI tells of it,", () => {
  it("ends by itself, and tells its totals, when its tests leave nothing", async () => {
    const file = `it("is over", () => { console.log("ready") });`;
    assert.deepEqual(await run(file, { ended: false }), { code: 0, failures: "", totals: "1 0 0\n" });
  });

  it("fails where CI skips a test that nobody has justified", async () => {
    const file = `it.skip("is not run"); it("is over", () => { console.log("ready") });`;
    const { code, failures, totals } = await run(file, { ended: false });
    assert.equal(code, 1);
    assert.equal(failures, "skipped without a reason in test/skips.json: is not run\n");
    assert.equal(totals, "1 1 1\n");
  });

  it("fails, and tells what is open, when a test leaves a server", async () => {
    const { code, failures, totals } = await run(
      `import net from "node:net";
      it("is over", (done) => { net.createServer().listen(0, "127.0.0.1", () => { console.log("ready"); done() }) });`,
      { ended: false },
    );
    assert.equal(code, 1);
    assert.match(failures, /^all tests are over, and one of them has left open .*\b1 TCPServerWrap\b/);
    assert.equal(totals, "1 0 0\n");
  });

  it("names the child that a test leaves", async () => {
    const { failures } = await run(
      `import { spawn } from "node:child_process";
      after(() => { process.once("exit", () => { child.kill() }) });
      let child;
      it("is over", () => { child = spawn("sleep", ["613"]); console.log("ready") });`,
      { ended: false },
    );
    assert.match(failures, /\(sleep 613\)$/m);
  });

  it("names the test at which it is told to end", async () => {
    const { code, failures } = await run(
      `describe("a server", () => { it("never answers", () => new Promise(() => {
        setInterval(() => undefined, 1_000_000);
        console.log("ready");
      })).timeout(0) });`,
      { ended: true },
    );
    assert.equal(code, 1);
    assert.match(failures, /^ended from without at: a server never answers; /);
  });

  it("names the files that are under way when it is told to end, and none that is over or has not begun", async () => {
    const stands = (says: string): string => `it("never ends", () => new Promise(() => {
      setInterval(() => undefined, 1_000_000);
      console.log("${says}");
    })).timeout(0);`;
    const files = {
      "a.test.mjs": `it("is over", () => undefined);`,
      "b.test.mjs": stands("begun"),
      "c.test.mjs": `describe("a suite", () => {
        before(() => { throw new Error("fails") });
        it("is over, too", () => undefined);
      });`,
      "d.test.mjs": stands("ready"),
      "e.test.mjs": stands("ready"),
    };
    const { code, failures } = await run(files, { ended: true, jobs: 2 });
    assert.equal(code, 1);
    const [said = ""] = /^ended from without .*?;/m.exec(failures) ?? [];
    assert.match(said, /^ended from without in one of: \S*\/b\.test\.mjs, \S*\/d\.test\.mjs;$/);
  });
});
