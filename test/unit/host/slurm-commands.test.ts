// Slurm's programs are run without a shell, and each run ends.
import assert from "node:assert/strict";
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../../agent/core/clock.ts";
import { SlurmPrograms } from "../../../agent/host/slurm-commands.ts";

describe("Slurm's programs", () => {
  let prefix: string;
  const never = new AbortController().signal;
  const programs = (timeoutMs = 30_000, conf?: string) =>
    new SlurmPrograms({ prefix, conf, timeoutMs, clock: systemClock });
  const install = async (script: string, program = "bin/scontrol"): Promise<void> => {
    const file = path.join(prefix, program);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  };
  beforeEach(async () => {
    prefix = await mkdtemp(path.join(tmpdir(), "slurm-programs-"));
    for (const folder of ["bin", "sbin"]) await mkdir(path.join(prefix, folder));
  });
  afterEach(async () => {
    await rm(prefix, { recursive: true });
  });

  it("get their words as they are, and slurm.conf's place", async () => {
    await install('printf "%s|" "$SLURM_CONF" "$@"; echo bad >&2; exit 3');
    const conf = path.join(prefix, "x.conf");
    await writeFile(conf, "");
    const said = await programs(30_000, conf).run("scontrol", ["a b", "$(id)", "*"], never);
    assert.deepEqual(said, { exitCode: 3, stdout: `${conf}|a b|$(id)|*|`, stderr: "bad\n" });
  });

  it("are not run with a slurm.conf that is not there, or is no file, without which slurmd -G does not end", async () => {
    const ran = path.join(prefix, "ran");
    await install(`touch ${ran}`);
    for (const [conf, why] of [
      [path.join(prefix, "nope.conf"), "no such file"],
      [prefix, "it is no file"],
    ] as const)
      await assert.rejects(programs(30_000, conf).run("scontrol", ["ping"], never), {
        kind: "conf",
        message: `cannot read ${conf}: ${why}`,
      });
    await assert.rejects(access(ran), { code: "ENOENT" });
  });

  it("are ended when they do not end", async () => {
    await install("trap '' TERM; exec sleep 600");
    await assert.rejects(programs(200).run("scontrol", ["ping"], never), {
      kind: "timeout",
      message: /scontrol ping: not done in 200 ms/,
    });
  });

  it("name the setting where slurmd -G does not end, which looks for slurm.conf itself and may find none", async () => {
    const script = "trap '' TERM; exec sleep 600";
    for (const program of ["bin/scontrol", "sbin/slurmd"]) await install(script, program);
    const conf = path.join(prefix, "slurm.conf");
    await writeFile(conf, "");
    const hint = "; it does not end where it finds no slurm\\.conf: set scheduler\\.slurm\\.conf";
    for (const [program, of, said] of [
      ["slurmd", undefined, hint],
      ["slurmd", conf, ""],
      ["scontrol", undefined, ""],
    ] as const)
      await assert.rejects(programs(200, of).run(program, ["-G"], never), {
        kind: "timeout",
        message: new RegExp(`/${program} -G: not done in 200 ms${said}$`),
      });
  });

  it("are ended when nobody waits for them any more", async () => {
    await install("exec sleep 600");
    const given = new AbortController();
    const running = programs().run("scontrol", [], given.signal);
    given.abort();
    await assert.rejects(running, { name: "AbortError" });
  });

  it("are not listened to without end", async () => {
    await install("exec cat /dev/zero");
    await assert.rejects(programs().run("scontrol", [], never), {
      kind: "answer",
      message: /said more than/,
    });
  });

  it("are missed by name", async () => {
    await assert.rejects(programs().run("slurmd", ["-G"], never), {
      kind: "program",
      message: /cannot run .*sbin\/slurmd -G: .*ENOENT/,
    });
  });
});
