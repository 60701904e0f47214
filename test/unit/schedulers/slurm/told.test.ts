// What Slurm's programs print, read: above all what nobody may make up.
import assert from "node:assert/strict";
import { isNamedBy } from "../../../../agent/schedulers/slurm/host-list.ts";
import { gresFileTold, gresOfJob, jobsTold, nodeTold } from "../../../../agent/schedulers/slurm/told.ts";
import { ARRAY, ENDING, forged, NODE, ON_TWO_NODES } from "./printed.ts";

const onNode1 = (text: string, job: string) => {
  const gres = gresOfJob(text, { job, node: "node1" });
  return gres && Object.fromEntries(gres);
};

describe("what Slurm prints", () => {
  it("tells of a node what it counts, what jobs have some of, whether it is drained and why", () => {
    const told = nodeTold(NODE);
    assert.deepEqual(
      told?.gres.map(({ words, count }) => [words, count]),
      [
        ["vgpu:7", 7],
        ["vgt_low_gm_mb:448", 448],
        ["vgt_high_gm_mb:2K", 2048],
        ["vgt_fence:28", 28],
        ["gpu:tesla:2", 2],
      ],
    );
    const reason = "gres/vgpu count reported lower than configured (7 < 8)";
    assert.deepEqual([told.drained, told.invalid, told.reason], [true, true, reason]);
    assert.deepEqual([...told.used], ["vgpu", "gpu"]);
    assert.deepEqual(told.fault, { kind: "too-few" });
  });

  it("tells which count slurmctld would not have, and what it was, and of a person's reason nothing", () => {
    const faultOf = (reason: string) =>
      nodeTold(
        `NodeName=a\n   Gres=(null)\n   State=IDLE+DRAIN\n   Reason=${reason} [root@2026-11-29T16:14:35]\n`,
      )?.fault;
    const changed = "gres/vgt_low_gm_mb count changed and jobs are using them (384 != 512)";
    assert.deepEqual(faultOf(changed), { kind: "changed", gres: "vgt_low_gm_mb", before: 384 });
    for (const other of [
      "disk is full",
      `see ${changed}`,
      "vgpud: jobs have 64 MiB low GM more than there is",
    ])
      assert.equal(faultOf(other), undefined, other);
  });

  it("tells of a node without GRES that it has none, and of no node nothing", () => {
    assert.deepEqual(nodeTold("NodeName=a\n   Gres=(null)\n   State=IDLE ThreadsPerCore=1\n"), {
      gres: [],
      used: new Set(),
      drained: false,
      away: false,
      invalid: false,
      reason: "",
      fault: undefined,
    });
    assert.equal(nodeTold("Node nodeX not found"), undefined);
  });

  it("tells of a node that is down or failed that it is away, and not of one that is to sleep or to start again", () => {
    const isAway = (state: string): boolean | undefined =>
      nodeTold(`NodeName=a\n   Gres=(null)\n   State=${state} ThreadsPerCore=1\n`)?.away;
    for (const state of ["DOWN", "DOWN*", "DOWN+DRAIN", "MIXED+FAIL", "UNKNOWN+NOT_RESPONDING"])
      assert.equal(isAway(state), true, state);
    for (const state of ["IDLE", "MIXED+DRAIN+INVALID_REG", "IDLE+NOT_RESPONDING", "IDLE+POWERING_DOWN"])
      assert.equal(isAway(state), false, state);
  });

  it("tells what a job has on one of its nodes", () => {
    const small = { vgpu: 1, vgt_low_gm_mb: 64, vgt_high_gm_mb: 384, vgt_fence: 4 };
    assert.deepEqual(onNode1(ON_TWO_NODES, "2"), small);
    const there = gresOfJob(ON_TWO_NODES, { job: "2", node: "node2" });
    assert.equal(there?.get("vgt_low_gm_mb"), 128);
    assert.equal(gresOfJob(ON_TWO_NODES, { job: "2", node: "node3" })?.size, 0);
  });

  it("tells that a job which is ending has nothing", () => {
    assert.deepEqual(onNode1(ENDING, "10"), {});
  });

  it("tells of each task of an array what that task has", () => {
    for (const job of ["7", "8", "9"]) assert.deepEqual(onNode1(ARRAY, job), { vgpu: 1 });
    assert.equal(onNode1(ARRAY, "3"), undefined);
  });

  it("tells nothing of a job whose name looks like Slurm's own lines", () => {
    const detail = "     Nodes=node1 CPU_IDs=0 Mem=0 GRES=vgpu(CNT:7)";
    assert.deepEqual(onNode1(forged(`x\n${detail}`), "2"), {}, "a line where Slurm has no such one");
    for (const name of [
      `x\n   NumNodes=1\n${detail}\n   MinCPUsNode=1 `,
      `x\n   NumNodes=1\n${detail}`,
      `x\n\nJobId=2 JobName=y\n   NumNodes=1\n${detail}\n   MinCPUsNode=1 `,
    ])
      assert.equal(onNode1(forged(name), "2"), undefined, name);
  });

  it("tells the jobs of a node with their states", () => {
    assert.deepEqual(
      [...jobsTold("1|RUNNING|2026-11-29T16:14:33\n20|CONFIGURING|N/A\n")],
      [
        ["1", { state: "RUNNING", start: "2026-11-29T16:14:33" }],
        ["20", { state: "CONFIGURING", start: "N/A" }],
      ],
    );
    assert.equal(jobsTold("").size, 0);
  });

  it("tells what gres.conf has, and of which it has types", () => {
    const { counts, typed } = gresFileTold(
      "slurmd-node2: Node configuration differs from hardware: CPUs=64:2(hw)\n" +
        "slurmd-node1: Gres Name=vgpu Type=gvtg_v5_4 Count=4 ID=1970300790 (null)\n" +
        "slurmd-node1: Gres Name=vgpu Type=gvtg_v5_8 Count=3 ID=1970300790 (null)\n" +
        "slurmd-node1: Gres Name=vgt_low_gm_mb Type=(null) Count=448 ID=743130283 (null)\n",
    );
    assert.deepEqual(Object.fromEntries(counts), { vgpu: 7, vgt_low_gm_mb: 448 });
    assert.deepEqual([...typed], ["vgpu"]);
  });
});

describe("a list of nodes", () => {
  it("names nodes by ranges, alone and beside each other", () => {
    const list = "gvt-[1-3,12],desk1,r[1-2]n[08-10]";
    for (const node of ["gvt-1", "gvt-3", "gvt-12", "desk1", "r2n09", "r1n10"])
      assert.ok(isNamedBy(list, node), node);
    for (const node of ["gvt-4", "gvt-01", "gvt-", "desk", "desk12", "r3n09", "r1n9", "agvt-1"])
      assert.ok(!isNamedBy(list, node), node);
  });
});
