// docs/slurm.md beside the files of its example cluster, and what vgpud itself works by.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { combine } from "../../../agent/config/load.ts";
import { GRES } from "../../../agent/schedulers/slurm/names.ts";

const docs = new URL("../../../../docs/", import.meta.url);
const textOf = (file: string): Promise<string> => readFile(new URL(file, docs), "utf8");
/** Without comments. */
const settingsOf = (text: string): readonly string[] => text.split("\n").filter((line) => /^\w/.test(line));

describe("docs/slurm.md", () => {
  it("shows settings of the example's files, and a configuration that is accepted", async () => {
    const page = await textOf("slurm.md");
    for (const name of ["gres.conf", "slurm.conf"]) {
      const [, shown = ""] = new RegExp(`\`\`\`\n# ${name}\n([^\`]*)\`\`\``).exec(page) ?? [];
      const there = settingsOf(await textOf(`examples/slurm/${name}`));
      assert.ok(settingsOf(shown).length > 3, name);
      for (const line of settingsOf(shown)) assert.ok(there.includes(line), `${name}: ${line}`);
    }
    const [, configuration = ""] = /```yaml\n([^`]*)```/.exec(page) ?? [];
    assert.equal(
      combine([{ name: "the example", text: configuration }], []).config.scheduler.adapter,
      "slurm",
    );
  });

  it("says where the prolog looks for a partition's request, and how each script is installed", async () => {
    const page = await textOf("slurm.md");
    const [, request = ""] = /^request=(.*)$/m.exec(await textOf("examples/slurm/vm-prolog.sh")) ?? [];
    assert.match(request, /^\/.*\$SLURM_JOB_PARTITION/);
    assert.ok(page.includes(`\`${request.replace("$SLURM_JOB_PARTITION", "PARTITION")}\``), request);
    for (const [script, name] of [
      ["Prolog", "vm-prolog.sh"],
      ["Epilog", "vm-epilog.sh"],
      ["HealthCheckProgram", "vm-health.sh"],
    ] as const) {
      assert.match(page, new RegExp(`^ +install -m 0755 \\S+/examples/slurm/${name} /etc/slurm/$`, "m"));
      assert.match(page, new RegExp(`^ *${script}=/etc/slurm/${name}$`, "m"));
    }
  });

  it("has a request whose vGPU takes what its job asks for", async () => {
    const request = await textOf("examples/job.yaml");
    const job = await textOf("examples/slurm/vm-job.sh");
    for (const [size, name] of [
      ["vgt_low_gm_sz", GRES.lowGmMib],
      ["vgt_high_gm_sz", GRES.highGmMib],
      ["vgt_fence_sz", GRES.fences],
    ] as const) {
      const [, amount = ""] = new RegExp(`^ +${size}: (\\d+)$`, "m").exec(request) ?? [];
      assert.match(job, new RegExp(`^#SBATCH --gres=.*\\b${name}:${amount}\\b`, "m"));
    }
  });

  it("has scripts that know every GRES that vgpud counts", async () => {
    for (const name of ["vm-prolog.sh", "vm-health.sh"])
      assert.ok(
        (await textOf(`examples/slurm/${name}`)).includes(`\nown='${Object.values(GRES).join("|")}'\n`),
        name,
      );
  });

  it("names every GRES that vgpud counts, and the example counts each of GVT-g in both files", async () => {
    const page = await textOf("slurm.md");
    for (const name of Object.values(GRES)) assert.ok(page.includes(`| \`${name}\``), name);
    const [node, perNode] = await Promise.all(
      ["slurm", "gres"].map((name) => textOf(`examples/slurm/${name}.conf`)),
    );
    for (const name of [GRES.slices, GRES.lowGmMib, GRES.highGmMib, GRES.fences]) {
      assert.match(node ?? "", new RegExp(`GresTypes=.*\\b${name}\\b`));
      const [, count = ""] = new RegExp(`^Name=${name} Count=(\\d+)$`, "m").exec(perNode ?? "") ?? [];
      assert.match(node ?? "", new RegExp(`Gres=.*\\b${name}:${count}\\b`));
    }
  });
});
