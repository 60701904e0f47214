// The units as shipped against the systemd of this machine: they load without a complaint, and what each leaves open has
// its reason in docs/security.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { PROGRAMS } from "../../scripts/package-deb/tree.ts";

const run = promisify(execFile);
const folder = "systemd";
/** Where Debian keeps its units; of them come the targets that ours refer to. */
const distribution = "/usr/lib/systemd/system";

/** The highest exposure of each service, as in docs/security.md. */
const limits: Readonly<Record<string, number>> = {
  "vgpud.service": 2.0,
  "vgpud-hostd.service": 3.5,
  "vgpud-restore.service": 2.0,
};

const findings = z.array(z.object({ name: z.string(), exposure: z.string().nullable() }));

describe("the systemd units", () => {
  let units: readonly string[];

  before(async () => {
    units = (await readdir(folder)).filter((name) => /\.(service|socket)$/.test(name));
  });

  it("load without a complaint where the package puts them and its programs", async () => {
    const root = await mkdtemp(path.join(tmpdir(), "vgpud-units-"));
    try {
      await layOut(root, units);
      const { stdout, stderr } = await run("systemd-analyze", [
        "verify",
        "--man=no",
        `--root=${root}`,
        ...units,
      ]);
      assert.equal(stdout + stderr, "");
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  it("are services with a limit of exposure, and sockets", () => {
    const services = units.filter((unit) => unit.endsWith(".service"));
    assert.deepEqual(services.sort(), Object.keys(limits).sort());
  });

  for (const [unit, limit] of Object.entries(limits)) {
    it(`${unit} is exposed by ${limit.toFixed(1)} at most`, async () => {
      const flags = ["--offline=true", `--threshold=${limit * 10}`, "--no-pager"];
      await run("systemd-analyze", ["security", ...flags, path.join(folder, unit)]);
    });

    it(`${unit} leaves open what docs/security.md gives a reason for, and nothing else`, async () => {
      const flags = ["--offline=true", "--json=short", "--no-pager"];
      const { stdout } = await run("systemd-analyze", ["security", ...flags, path.join(folder, unit)]);
      const open = findings
        .parse(JSON.parse(stdout))
        .flatMap(({ name, exposure }) => (exposure !== null && Number(exposure) > 0 ? [name] : []));
      assert.deepEqual((await justified(unit)).sort(), open.sort());
    });
  }

  it("are enabled all together with vgpud.service", async () => {
    const text = await readFile(path.join(folder, "vgpud.service"), "utf8");
    const also = (/^Also=(.*)$/m.exec(text)?.[1] ?? "").split(" ");
    const enabled = await Promise.all(
      units.map(async (unit) => ({ unit, text: await readFile(path.join(folder, unit), "utf8") })),
    );
    assert.deepEqual(
      also.sort(),
      enabled
        .filter((one) => one.text.includes("[Install]") && one.unit !== "vgpud.service")
        .map(({ unit }) => unit)
        .sort(),
    );
  });
});

/** A root with our units among the distribution's, and the programs they start. */
async function layOut(root: string, units: readonly string[]): Promise<void> {
  const into = path.join(root, "usr/lib/systemd/system");
  await cp(distribution, into, { recursive: true, verbatimSymlinks: true });
  for (const unit of units) await copyFile(path.join(folder, unit), path.join(into, unit));
  for (const program of [...Object.keys(PROGRAMS), "bin/kill"]) {
    const file = path.join(root, program);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "#!/bin/sh\n");
    await chmod(file, 0o755);
  }
}

/** What the first column of the unit's table names. */
async function justified(unit: string): Promise<string[]> {
  const text = await readFile("docs/security.md", "utf8");
  const [, section = ""] = text.split(new RegExp(`^### ${unit.replaceAll(".", "\\.")}$`, "m"));
  const [table = ""] = section.split(/^#/m);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => {
    const [, cell = ""] = row.split(/(?<!\\)\|/);
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name.replaceAll("\\|", "|"));
  });
}
