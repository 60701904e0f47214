// vgpud is told to stop while Slurm's controller hangs: systemd is asked for as long as vgpud then takes.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FINISH_MS } from "../../../agent/schedulers/scheduler.ts";
import { FakeSystemdNotify } from "../../fakes/systemd-notify.ts";
import { World } from "../harness/world.ts";

const GRES = "vgpu:7";
/** Of a node with a count that is to be changed: scontrol answers until it has drained the node, and never after that. */
const programs = (folder: string) => ({
  "sbin/slurmd": `echo "slurmd: Gres Name=vgpu Type=(null) Count=6 ID=1 (null)"`,
  "bin/squeue": "true",
  "bin/scontrol": `test ! -e ${folder}/drained || exec sleep 600
case "$*" in
  "show config") echo "ClusterName = vgpud" ;;
  update*state=drain*) echo "$*" > ${folder}/drained ;;
  *) printf 'NodeName=node1\\n   Gres=${GRES}\\n   GresUsed=vgpu:0\\n   State=IDLE ThreadsPerCore=1\\n' ;;
esac`,
});

describe("a vgpud that stops while Slurm does not answer", function () {
  this.timeout(120_000);
  let folder: string;
  let notify: FakeSystemdNotify;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slurm-stop-"));
    for (const each of ["bin", "sbin"]) await mkdir(path.join(folder, each));
    for (const [name, script] of Object.entries(programs(folder)))
      await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    notify = await FakeSystemdNotify.install();
  });
  after(async () => {
    await notify[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it("ends although a node is left drained for counts, and has asked systemd for the time that it waited", async () => {
    const settings = `scheduler:
  adapter: slurm
  first_within: 0s
  slurm: { cluster: vgpud, node: node1, prefix: "${folder}", timeout: 2m }`;
    const env = { PATH: `${notify.folder}:${process.env["PATH"] ?? ""}`, NOTIFY_SOCKET: notify.socket };
    await using world = await World.start("", { env }, { settings });
    await world.agent.logged(/"msg":"drained with the scheduler"/);
    assert.equal((await world.agent.end("SIGTERM")).code, 0);
    const words = (await notify.messages()).find((each) =>
      each.includes("STATUS=finishing what the scheduler is told"),
    );
    const asked = words?.map((word) => /^EXTEND_TIMEOUT_USEC=(\d+)$/.exec(word)?.[1]).find(Boolean);
    assert.ok(Number(asked) > FINISH_MS * 1000, String(words));
  });
});
