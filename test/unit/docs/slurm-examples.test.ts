// The scripts of docs/examples/slurm where Slurm's programs fail, which a real Slurm does when it likes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const examples = new URL("../../../../docs/examples/slurm/", import.meta.url);
const nodeIn = (state: string): string => `NodeName=node1\n   Gres=vgpu:7\n   State=${state}\n`;
const AWAY = "vgpud: it does not answer";
const TIMED_OUT = "echo 'slurm_load_node error: Socket timed out' >&2; exit 1";

/** Programs as lines of sh, each with its words as `$*`. What is told to `told` comes back, a line each. */
type Programs = Readonly<Record<string, string>>;

describe("the scripts of the example for Slurm", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slurm-examples-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** With programs in the place of Slurm's and vgpuctl, and so little patience, seconds. */
  async function ran(script: string, programs: Programs, patience = 0) {
    const text = await readFile(new URL(script, examples), "utf8");
    const here = text
      .replace(/^PATH=/m, `PATH=${folder}:`)
      .replace(/^patience=.*$/m, `patience=${patience}`)
      .replace("/etc/slurm/vm/", `${folder}/`);
    await writeFile(path.join(folder, "vm.yaml"), "");
    const told = path.join(folder, "told");
    for (const [name, lines] of Object.entries(programs)) {
      const program = `#!/bin/sh\ntold() { echo "$*" >>${told}; }\ncd ${folder}\n${lines}\n`;
      await writeFile(path.join(folder, name), program, { mode: 0o755 });
    }
    const env = {
      SLURMD_NODENAME: "node1",
      SLURM_JOB_ID: "17",
      SLURM_JOB_PARTITION: "vm",
      SLURM_CLUSTER_NAME: "c",
    };
    const { status } = spawnSync("sh", ["-c", here], { env });
    return { status, told: await readFile(told, "utf8").catch(() => "") };
  }

  /** State and reason of the node, or that Slurm does not say them. */
  type Look = readonly [state: string, reason?: string] | "fails";

  /** What the script orders where vgpuctl ends so, and the node looks so one time after the other. All of them are looked at. */
  async function ordered(vgpuctl: string, looks: readonly Look[]): Promise<string> {
    const shown = looks.map((look, at) => {
      if (look === "fails") return `${at + 1}) ${TIMED_OUT} ;;`;
      const [state, reason] = look;
      const why = reason === undefined ? "" : `   Reason=${reason} [root@2026-11-30T14:33:07]\\n`;
      return `${at + 1}) printf '${nodeIn(state)}${why}' ;;`;
    });
    const scontrol = `
      case $1 in update) told "$*"; exit ;; esac
      echo >>looks
      case $(wc -l <looks) in ${shown.join("\n")} *) exit 9 ;; esac`;
    const { status, told } = await ran("vm-health.sh", { scontrol, vgpuctl });
    assert.equal(status, 0);
    const file = path.join(folder, "looks");
    assert.equal((await readFile(file, "utf8")).length, looks.length, `${vgpuctl}: ${String(looks)}`);
    await rm(file);
    await rm(path.join(folder, "told"), { force: true });
    return told;
  }

  const DRAIN = `update nodename=node1 state=drain reason=${AWAY}\n`;
  const UNDRAIN = "update nodename=node1 state=undrain\n";

  it("end no drain, and begin none, where Slurm does not say how the node is", async () => {
    for (const vgpuctl of ["exit 8", "exit 0"])
      for (const look of [["IDLE+DRAIN", AWAY], ["IDLE+DRAIN", "disk"], ["IDLE"]] as const) {
        assert.equal(await ordered(vgpuctl, ["fails"]), "");
        assert.equal(await ordered(vgpuctl, [look, "fails"]), "");
      }
  });

  it("drain the node while vgpud does not answer, and end that drain, and no other, when it does", async () => {
    const [idle, drained, others]: readonly Look[] = [["IDLE"], ["IDLE+DRAIN", AWAY], ["IDLE+DRAIN", "disk"]];
    assert.ok(idle && drained && others);
    assert.equal(await ordered("exit 8", [idle, idle]), DRAIN);
    assert.equal(await ordered("exit 8", [drained, drained]), "");
    assert.equal(await ordered("exit 0", [drained, drained]), UNDRAIN);
    assert.equal(await ordered("exit 0", [others, others]), "");
  });

  it("go by how the node is once vgpud was asked, which takes its time", async () => {
    assert.equal(await ordered("exit 8", [["IDLE"], ["IDLE+DRAIN", "disk"]]), "");
    assert.equal(
      await ordered("exit 0", [
        ["IDLE+DRAIN", AWAY],
        ["IDLE+DRAIN", "disk"],
      ]),
      "",
    );
    assert.equal(await ordered("exit 0", [["IDLE"], ["IDLE+DRAIN", AWAY]]), UNDRAIN);
  });

  it("leave a node alone that is down or failed: its reason says how it comes back", async () => {
    for (const state of ["DOWN*", "IDLE+FAIL", "DOWN+NOT_RESPONDING"]) {
      const look: Look = [state, "Not responding"];
      assert.equal(await ordered("exit 8", [look, look]), "", state);
    }
  });

  /** For a job that gets no machine; `squeue` is what it says of the job. */
  const refused = (squeue: string): Programs => ({
    scontrol: `
        case $1 in
          show) printf 'JobId=17\\n   Nodes=node1 CPU_IDs=0 Mem=0 GRES=vgpu:1\\n' ;;
          requeuehold) told "$*" ;;
        esac`,
    squeue,
    vgpuctl: "echo 'no room'; exit 6",
    logger: 'told "$*"',
  });

  it("hold a job that is there yet, and none that was cancelled or is unknown to Slurm", async () => {
    for (const [squeue, isHeld] of [
      ["echo 17", true],
      ["echo 117", false],
      ["true", false],
      ["echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", false],
    ] as const) {
      const { status, told } = await ran("vm-prolog.sh", refused(squeue));
      assert.equal(status, 0, squeue);
      assert.match(told, /job 17 has no machine \(exit code 6\): no room\n/);
      assert.equal(/^requeuehold 17$/m.test(told), isHeld, squeue);
      await rm(path.join(folder, "told"));
    }
  });

  it("do not count a wait for slurmctld as one for squeue, which is asked once more after it", async () => {
    const squeue = `echo >>asked; if [ "$(wc -l <asked)" -eq 1 ]; then ${TIMED_OUT}; fi; echo 17`;
    const programs = refused(squeue);
    // Once squeue is to be asked.
    const scontrol = `
        if [ "$1" = ping ] && [ -e refused ] && [ ! -e away ]; then touch away; exit 1; fi
        ${programs["scontrol"] ?? ""}`;
    const vgpuctl = `touch refused; ${programs["vgpuctl"] ?? ""}`;
    const slow = { sleep: "true", date: "echo >>looked; echo $(($(wc -l <looked) * 100))" };
    const { status, told } = await ran("vm-prolog.sh", { ...programs, ...slow, scontrol, vgpuctl }, 150);
    assert.equal(status, 0, told);
    assert.match(told, /waits for slurmctld[^]*^requeuehold 17$/m);
  });

  it("leave a job to Slurm to hold where nobody says whether it was cancelled, and tell why in the log", async () => {
    const denied = "echo 'slurm_load_jobs error: Access/permission denied' >&2; exit 1";
    const { status, told } = await ran("vm-prolog.sh", refused(denied));
    assert.equal(status, 1);
    assert.match(told, /job 17 has no machine \(exit code 6\): no room\n/);
    assert.match(told, /may be cancelled, which squeue does not say: .*permission denied\n$/);
    assert.doesNotMatch(told, /requeuehold/);
  });
});
