// The real Slurm that tests of the scheduler in front of vgpud talk to.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FOR_EVER, startSlurm, type Slurm, type SlurmJob } from "../../schedulers/slurm.ts";
import { until } from "../harness/until.ts";

const SMALL = "--gres=vgpu:gvtg_v5_4:1,vgt_low_gm_mb:64,vgt_high_gm_mb:384,vgt_fence:4";
const PATIENCE_MS = 120_000;
const inState = (wanted: string, jobs: readonly SlurmJob[]) => jobs.filter(({ state }) => state === wanted);

describe("Slurm of our own", function () {
  this.timeout(300_000);
  let folder: string;
  let slurm: Slurm;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slurm-test-"));
    const tell = (what: string) => `echo ${what} $SLURM_JOB_ID $SLURMD_NODENAME >> ${folder}/told`;
    slurm = await startSlurm({
      nodes: 2,
      prolog: `test ! -e ${folder}/down && ${tell("begins")}`,
      epilog: tell("ended"),
    });
  });
  afterEach(async () => {
    await slurm.run("scancel", "--user=root");
    await slurm.jobsUntil("all have ended", (jobs) =>
      jobs.every(({ state }) => !["PENDING", "RUNNING", "COMPLETING"].includes(state)),
    );
  });
  after(async () => {
    await (slurm as Slurm | undefined)?.stop();
    await rm(folder, { recursive: true });
  });

  it("runs seven jobs with the smallest vGPU on a node, and lets the eighth wait for one to end", async () => {
    for (let count = 0; count < 8; count += 1) await slurm.submit(FOR_EVER, "--nodelist=node1", SMALL);
    const full = await slurm.jobsUntil("seven run and one waits for room", (jobs) => {
      const [waiting] = inState("PENDING", jobs);
      return inState("RUNNING", jobs).length === 7 && waiting?.reason === "Resources";
    });
    const [waiting] = inState("PENDING", full);
    await slurm.run("scancel", inState("RUNNING", full)[0]?.id ?? "");
    await slurm.comesTo(waiting?.id ?? "", "RUNNING");
  });

  it("runs the scripts before and after a job on its node", async () => {
    const id = await slurm.submit("true", "--nodelist=node2", SMALL);
    await slurm.comesTo(id, "COMPLETED");
    const told = (await readFile(path.join(folder, "told"), "utf8")).split("\n");
    assert.deepEqual(
      told.filter((line) => line.includes(` ${id} `)),
      [`begins ${id} node2`, `ended ${id} node2`],
    );
  });

  it("drains a node whose script before a job fails, and holds the job until somebody releases it", async () => {
    await writeFile(path.join(folder, "down"), "");
    const id = await slurm.submit("true", "--nodelist=node2", SMALL);
    await slurm.jobsUntil("it is held", (jobs) =>
      jobs.some((job) => job.id === id && job.reason.includes("held")),
    );
    await until("its node is drained, and no other", async () =>
      isDeepStrictEqual(await slurm.nodeStates(), ["idle", "drained"]),
    );
    await rm(path.join(folder, "down"));
    await slurm.run("scontrol", "update", "nodename=node2", "state=resume");
    await slurm.run("scontrol", "release", id);
    await until(
      "it is over",
      async () => {
        const job = (await slurm.jobs()).find((each) => each.id === id);
        // One that is queued again would wait two minutes, from whenever Slurm gets to it.
        if (job?.reason === "BeginTime")
          await slurm.run("scontrol", "update", `jobid=${id}`, "starttime=now");
        return job?.state === "COMPLETED";
      },
      PATIENCE_MS,
    );
  });

  it("offers fewer when it is told that a node has fewer", async () => {
    await slurm.run("scontrol", "update", "nodename=node1", "gres=vgpu:gvtg_v5_4:1,vgt_low_gm_mb:64");
    const fits = await slurm.submit(FOR_EVER, "--nodelist=node1", "--gres=vgpu:1");
    const waits = await slurm.submit(FOR_EVER, "--nodelist=node1", "--gres=vgpu:1");
    await slurm.jobsUntil(
      "one runs and one waits",
      (jobs) =>
        inState("RUNNING", jobs).some(({ id }) => id === fits) &&
        inState("PENDING", jobs).some(({ id, reason }) => id === waits && reason === "Resources"),
    );
  });
});
