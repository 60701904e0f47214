// Lays the files of the package out as they will lie on a host.
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { commands } from "../../agent/cli/commands.ts";
import { completionFiles, completionScript, shells } from "../../agent/cli/completion/shells.ts";
import { programFiles } from "../programs.ts";
import { programStart } from "../program-start.ts";
import { command } from "./command.ts";
import type { Runtime } from "./runtime.ts";

export const HOME = "usr/lib/vgpud";
const UNIT = /\.(?:service|socket|target|timer|path|slice)$/;

/** Programs by the name an operator calls them; each runs a script with the package's own runtime. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  "usr/sbin/vgpud": "agent/main.js",
  "usr/bin/vgpuctl": "agent/cli/main.js",
  "usr/libexec/vgpud-hostd": "agent/hostd/main.js",
};

export interface TreeOptions {
  /** The built project. */
  readonly project: string;
  /** Empty or absent; becomes the root of the package. */
  readonly root: string;
  readonly version: string;
  readonly runtime: Runtime;
}

/** Everything but documentation and the package manager's own files. Returns the names of the systemd units. */
export async function layOut(options: TreeOptions): Promise<readonly string[]> {
  const home = path.join(options.root, HOME);
  await mkdir(path.join(home, "bin"), { recursive: true });
  await copyFile(options.runtime.node, path.join(home, "bin/node"));
  await copyPrograms(options, home);
  await writePrograms(options.root);
  await writeCompletions(options.root);
  const share = path.join(options.root, "usr/share/vgpud");
  const isContract = (file: string): boolean => !file.includes("/gen");
  await cp(path.join(options.project, "proto"), path.join(share, "proto"), {
    recursive: true,
    filter: (from) => isContract(path.relative(options.project, from)),
  });
  return installUnits(options);
}

/**
 * The programs and what they read. Source maps stay out: the compiled lines read like the source, and maps cost time at
 * each start.
 */
async function copyPrograms({ project, version }: TreeOptions, home: string): Promise<void> {
  const filter = (from: string): boolean => !from.endsWith(".map");
  for (const file of programFiles)
    await cp(path.join(project, file), path.join(home, file), { recursive: true, filter });
  // Exactly what the programs look up: their version and commit, and that they are modules.
  const revision = await revisionOf(project);
  const manifest = { name: "vgpud", version, revision, type: "module", private: true };
  await writeFile(path.join(home, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The commit that the project stands at; undefined for sources that are no repository. */
async function revisionOf(project: string): Promise<string | undefined> {
  const words = ["-C", project, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"];
  return (await command("git", words).catch(() => undefined))?.trim();
}

/** `exec` keeps the process id, by which systemd knows who may notify it. */
async function writePrograms(root: string): Promise<void> {
  for (const [program, script] of Object.entries(PROGRAMS)) {
    const file = path.join(root, program);
    await mkdir(path.dirname(file), { recursive: true });
    const text = await readFile(path.join(root, HOME, "dist", script), "utf8");
    const { environment, flags } = programStart(text);
    const exported = Object.entries(environment).map(([name, value]) => `export ${name}=${value}\n`);
    const words = [`/${HOME}/bin/node`, ...flags, `/${HOME}/dist/${script}`];
    await writeFile(file, `#!/bin/sh\n${exported.join("")}exec ${words.join(" ")} "$@"\n`);
  }
  // Whoever ran these directly would get the host's Node.js, if any.
  const agent = path.join(root, HOME, "dist/agent");
  for (const script of await readdir(agent, { recursive: true })) {
    if (!script.endsWith("main.js")) continue;
    const text = await readFile(path.join(agent, script), "utf8");
    await writeFile(path.join(agent, script), text.replace(/^#!.*\n/, ""));
  }
}

async function writeCompletions(root: string): Promise<void> {
  for (const shell of shells) {
    const file = path.join(root, completionFiles[shell]);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, completionScript(shell, commands));
  }
}

/** Units, sysusers.d and tmpfiles.d from systemd/, as far as there are any. */
async function installUnits({ project, root }: TreeOptions): Promise<readonly string[]> {
  const from = path.join(project, "systemd");
  const files = await filesBelow(from);
  for (const file of files) {
    const to = path.join(root, "usr/lib", UNIT.test(file) ? "systemd/system" : "", file);
    await mkdir(path.dirname(to), { recursive: true });
    await copyFile(path.join(from, file), to);
  }
  return files.filter((file) => UNIT.test(file)).sort();
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  return files.filter((file) => UNIT.test(file) || /^(?:sysusers|tmpfiles)\.d\/.*\.conf$/.test(file));
}
