// The children of hostd: whether one always waits, and what becomes of it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { Children, MAX_WAITING } from "../../../agent/hostd/children.ts";
import { Jobs, MAX_JOBS } from "../../../agent/hostd/protocol/jobs.ts";
import { until } from "../../e2e/harness/until.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { Bench, commandLine } from "./bench.ts";

const run = promisify(execFile);
const ID = "76677075-0000-8000-8000-000000000001";

describe("hostd's child that waits for its operation", () => {
  it("is always there, and waits for the next when it has performed one: as many as may be are ever started", async () => {
    await using bench = await Bench.make();
    const first = await waiting(bench);
    for (let n = 0; n < 5; n += 1) {
      assert.equal((await bench.client.holders(ID)).kind, "absent");
      assert.ok((await childrenOf(bench)).includes(first));
    }
    assert.equal((await childrenOf(bench)).length, 2);
  });

  it("takes operations that come at once, and no more than two wait afterwards", async () => {
    await using bench = await Bench.make();
    const ids = Array.from({ length: 8 }, (_, index) => ID.replace(/.$/, String(index)));
    const results = await Promise.all(ids.map((id) => bench.client.holders(id)));
    assert.deepEqual(new Set(results.map(({ kind }) => kind)), new Set(["absent"]));
    await until("the others have ended", async () => (await childrenOf(bench)).length === 2);
  });

  it("is replaced when somebody ends it", async () => {
    await using bench = await Bench.make();
    const pid = await waiting(bench);
    process.kill(pid, "SIGKILL");
    await until("hostd has seen its end", async () => !(await childrenOf(bench)).includes(pid));
    assert.equal((await bench.client.holders(ID)).kind, "absent");
    assert.notEqual(await waiting(bench), pid);
  });

  it("goes on where no other can be started, says so when there is none, and is started again when one can", async () => {
    await using bench = await Bench.make();
    await waiting(bench);
    const limit = (descriptors: number): Promise<unknown> =>
      run("prlimit", ["--pid", String(bench.process.child.pid), `--nofile=${descriptors}:`]);
    assert.equal((await bench.client.holders(ID)).kind, "absent");
    await limit(3);
    assert.equal((await bench.client.holders(ID)).kind, "absent");
    for (const pid of await childrenOf(bench)) process.kill(pid, "SIGKILL");
    await until("hostd has seen their end", async () => (await childrenOf(bench)).length === 0);
    const { kind, ...failure } = await bench.client.holders(ID);
    assert.equal(kind, "failed");
    assert.match(JSON.stringify(failure), /cannot start a child: spawn .* EMFILE/);
    await limit(1024);
    assert.equal((await bench.client.holders(ID)).kind, "absent");
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const)
    it(`ends with hostd at ${signal}`, async () => {
      await using bench = await Bench.make();
      const pid = await waiting(bench);
      await bench.process.end(signal);
      await until("it has ended", async () => (await commandLine(pid)) === "");
    });
});

describe("hostd's child with an operation that is not to begin yet", () => {
  it("begins when it is, while others are performed", async () => {
    await using tree = await GvtTree.make();
    const functions = new PciFunctions(tree.root);
    await functions.add("0000:03:00.0", { driver: "xe" });
    const children = new Children(tree.root);
    try {
      let begin = (): void => undefined;
      const ready = new Promise<void>((resolve) => (begin = resolve));
      const waits = children.start({ kind: "set-virtual-functions", gpu: "0000:03:00.0", count: 2 }, ready);
      assert.ok(waits.pid > 0);
      for (let n = 0; n < 3; n += 1)
        assert.equal((await children.start({ kind: "holders", vgpuId: ID }).result).kind, "absent");
      assert.equal(await functions.written("0000:03:00.0", "sriov_numvfs"), "");
      begin();
      assert.deepEqual(await waits.result, { kind: "done" });
      assert.equal(await functions.written("0000:03:00.0", "sriov_numvfs"), "2");
    } finally {
      children.close();
    }
  });

  it("answers that it has ended when it is ended before", async () => {
    await using tree = await GvtTree.make();
    const children = new Children(tree.root);
    try {
      const waits = children.start({ kind: "holders", vgpuId: ID }, new Promise(() => undefined));
      process.kill(waits.pid, "SIGKILL");
      const why = "the child ended without a result (SIGKILL)";
      assert.deepEqual(await waits.result, { kind: "failed", why });
    } finally {
      children.close();
    }
  });
});

describe("hostd's child whose look hangs", () => {
  it("is ended for one that looks anew", async () => {
    await using tree = await GvtTree.make();
    await tree.addMdev(ID, { group: "7" });
    await tree.addProcess(4711, { command: "crosvm", opens: "/dev/vfio/7" });
    const command = path.join(tree.root, "proc/4711/comm");
    await rm(command);
    await run("mkfifo", [command]);
    const children = new Children(tree.root);
    let now = 0;
    const jobs = new Jobs(
      (operation) => children.start(operation),
      () => now,
    );
    const look = { id: 1, deadlineMs: 30_000, operation: { kind: "holders", vgpuId: ID } } as const;
    try {
      const first = await jobs.perform({ ...look, deadlineMs: 10 });
      assert.ok(first.kind === "blocked");
      // It can be opened for writing once somebody reads it.
      const writer = await open(command, "w");
      await rm(command);
      await writeFile(command, "crosvm\n");
      now += 15_000;
      const holders = [{ pid: 4711, command: "crosvm" }];
      assert.deepEqual(await jobs.perform(look), { kind: "holders", holders });
      await until("it has ended", async () => (await commandLine(first.childPid)) === "");
      await writer.close();
    } finally {
      children.close();
    }
  });
});

describe("hostd's unit", () => {
  it("has room for as many operations as there may be, for the children that wait, and for hostd itself", async () => {
    await using bench = await Bench.make();
    const child = await threadsOf(await waiting(bench));
    const own = await threadsOf(bench.process.child.pid);
    const unit = await readFile("systemd/vgpud-hostd.service", "utf8");
    const room = Number(/^TasksMax=(\d+)$/m.exec(unit)?.[1]);
    const most = own + (MAX_JOBS + MAX_WAITING) * child;
    assert.ok(most <= room, `${most} tasks, room for ${room}`);
  });
});

async function threadsOf(pid = 0): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}

/** The process id of the child that waits, as soon as one does. */
async function waiting(bench: Bench): Promise<number> {
  return await until("a child waits", async () => {
    for (const pid of await childrenOf(bench))
      if ((await commandLine(pid)).startsWith("vgpud-hostd: waits")) return pid;
    return undefined;
  });
}

async function childrenOf({ process: { child } }: Bench): Promise<number[]> {
  const pid = String(child.pid);
  const words = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return words.split(" ").filter(Boolean).map(Number);
}
