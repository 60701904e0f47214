// The simulator's arithmetic is not the agent's: an agent that believes its host keeps nothing for itself must be found out.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const RULE = "dist/agent/inventory/gvt-g.js";
/** Where it is run from. */
const BUNDLES = ["dist/agent/bundle", "dist/agent/bundle-for-tests"];
const HOST_SHARE = "HOST_SHARE = { lowGmMib: 128, highGmMib: 384, fences: 4 }";
const NOTHING = "HOST_SHARE = { lowGmMib: 0, highGmMib: 0, fences: 0 }";

/** A copy of the built project whose agent has no host share. */
async function withoutHostShare(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(path.join(tmpdir(), "vgpud-mutant-"));
  for (const part of ["dist", "proto", "test", "agent/simulator/machines", "package.json", ".mocharc.json"])
    await cp(path.join(repository, part), path.join(dir, part), { recursive: true });
  await symlink(path.join(repository, "node_modules"), path.join(dir, "node_modules"));
  assert.ok(await takeShare(path.join(dir, RULE)), `${RULE} no longer says what the host keeps as expected`);
  for (const folder of BUNDLES) {
    const files = (await readdir(path.join(dir, folder))).filter((name) => name.endsWith(".js"));
    const taken = await Promise.all(files.map((name) => takeShare(path.join(dir, folder, name))));
    assert.ok(taken.includes(true), `no file in ${folder} says what the host keeps`);
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

/** Whether the file said what the host keeps. */
async function takeShare(file: string): Promise<boolean> {
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(HOST_SHARE, NOTHING));
  assert.equal(text.split(HOST_SHARE).length, text.split("lowGmMib: 128, highGmMib: 384").length, file);
  return text.includes(HOST_SHARE);
}

interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number };
  readonly failures: readonly { readonly fullTitle: string }[];
}

async function simulatedSuite(dir: string): Promise<MochaReport> {
  const mocha = path.join(repository, "node_modules/mocha/bin/mocha.js");
  const specs = path.join(dir, "dist/test/e2e/**/*.test.js");
  // All of it is three quarters of an hour: the first test that notices is enough. It is not to outlive a run that somebody ends; mocha
  // passes the signal on to the process that it starts itself.
  const owned = ["--pdeathsig", "INT", process.execPath, mocha];
  const child = spawn("setpriv", [...owned, "--bail", "--reporter", "json", specs], {
    cwd: dir,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  const output = await text(child.stdout);
  await ended;
  return JSON.parse(output.slice(output.indexOf("{\n"))) as MochaReport;
}

describe("an agent whose host share is zero", function () {
  this.timeout(600_000);

  it("fails the simulated suite", async () => {
    await using mutant = await withoutHostShare();
    const { stats, failures } = await simulatedSuite(mutant.dir);
    console.log(failures.map(({ fullTitle }) => `      fails: ${fullTitle}`).join("\n"));
    assert.ok(stats.passes > 0, "nothing passed: the copy itself is broken");
    assert.ok(stats.failures > 0, "no test of the simulated suite noticed");
  });
});
