// The scripts of docs/examples/slurm where Slurm's programs fail, which a real Slurm does when it likes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const examples = new URL("../../../../docs/examples/slurm/", import.meta.url);
const NODE = "NodeName=node1\n   Gres=vgpu:7\n   State=IDLE+DRAIN\n";
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

  /** With programs in the place of Slurm's and vgpuctl, and a patience of none. */
  async function ran(script: string, programs: Programs) {
    const text = await readFile(new URL(script, examples), "utf8");
    const here = text
      .replace(/^PATH=/m, `PATH=${folder}:`)
      .replace(/^patience=.*$/m, "patience=0")
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

  /** `scontrol` that shows the node with that reason, and fails at the nth look. */
  const failingAt = (nth: number, reason: string): string => `
    case $1 in update) told "$*"; exit ;; esac
    echo >>looks
    if [ "$(wc -l <looks)" -eq ${nth} ]; then ${TIMED_OUT}; fi
    printf '${NODE}   Reason=${reason} [root@2026-11-30T14:33:07]\\n'`;

  it("end no drain, and begin none, where Slurm does not say how the node is", async () => {
    for (const nth of [1, 2])
      for (const [vgpuctl, reason] of [
        ["exit 8", "vgpud: it does not answer"],
        ["exit 8", "disk"],
        ["exit 0", "disk"],
      ] as const) {
        const { status, told } = await ran("vm-health.sh", { scontrol: failingAt(nth, reason), vgpuctl });
        assert.deepEqual([status, told], [0, ""], `${reason}, at look ${nth}`);
        await rm(path.join(folder, "looks"));
      }
  });

  it("end the drain that they began when vgpud answers", async () => {
    const scontrol = failingAt(0, "vgpud: it does not answer");
    const { told } = await ran("vm-health.sh", { scontrol, vgpuctl: "exit 0" });
    assert.equal(told, "update nodename=node1 state=undrain\n");
  });

  it("leave a job to Slurm to hold where nobody says whether it was cancelled, and tell why in the log", async () => {
    const { status, told } = await ran("vm-prolog.sh", {
      scontrol: `
        case $1 in
          show) printf 'JobId=17\\n   Nodes=node1 CPU_IDs=0 Mem=0 GRES=vgpu:1\\n' ;;
          requeuehold) told "$*" ;;
        esac`,
      squeue: "echo 'slurm_load_jobs error: Access/permission denied' >&2; exit 1",
      vgpuctl: "echo 'no room'; exit 6",
      logger: 'told "$*"',
    });
    assert.equal(status, 1);
    assert.match(told, /job 17 has no machine \(exit code 6\): no room\n/);
    assert.match(told, /may be cancelled, which squeue does not say: .*permission denied\n$/);
    assert.doesNotMatch(told, /requeuehold/);
  });
});
