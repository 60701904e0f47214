// What the package says about itself: manual pages, copyright, changelog, reference pages, example.
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { commands } from "../../agent/cli/commands.ts";
import { commandHelp } from "../../agent/cli/help.ts";
import { command } from "./command.ts";
import { copyrightFile, debianChangelog } from "./control.ts";
import { manPage } from "./man-page.ts";
import { manPages } from "./man-pages.ts";
import type { Module } from "./modules.ts";

export interface DocumentOptions {
  readonly project: string;
  readonly root: string;
  readonly version: string;
  readonly date: Date;
  readonly modules: readonly Module[];
  readonly runtimeLicense: string;
}

export async function writeDocuments(options: DocumentOptions): Promise<void> {
  const { project, root, version, date, modules, runtimeLicense } = options;
  const doc = path.join(root, "usr/share/doc/vgpud");
  await mkdir(doc, { recursive: true });
  await writeFile(path.join(doc, "copyright"), copyrightFile(modules, runtimeLicense));
  const changelog = await readFile(path.join(project, "CHANGELOG.md"), "utf8");
  await writeGzip(path.join(doc, "changelog.gz"), debianChangelog(changelog, version, date));
  await cp(path.join(project, "docs/configuration.md"), path.join(doc, "configuration.md"));
  const reference = path.join(project, "docs/reference");
  for (const page of await readdir(reference)) await cp(path.join(reference, page), path.join(doc, page));
  await cp(path.join(project, "docs/simulator.md"), path.join(doc, "simulator.md"));
  await cp(path.join(project, "docs/vgpuctl.md"), path.join(doc, "vgpuctl.md"));
  await cp(path.join(project, "docs/monitoring.md"), path.join(doc, "monitoring.md"));
  await cp(path.join(project, "docs/monitoring"), path.join(doc, "monitoring"), { recursive: true });
  await cp(path.join(project, "docs/examples"), path.join(doc, "examples"), { recursive: true });
  await cp(
    path.join(project, "agent/simulator/example-host.yaml"),
    path.join(doc, "examples/simulated-host.yaml"),
  );
  await cp(path.join(project, "docs/reference/config.yaml.example"), path.join(doc, "examples/config.yaml"));
  await writeManPages(options);
}

async function writeManPages({ project, root, version, date }: DocumentOptions): Promise<void> {
  const help = (script: string): Promise<string> =>
    command(process.execPath, [path.join(project, "dist/agent", script), "--help"]);
  const usages = {
    vgpud: await help("main.js"),
    hostd: await help("hostd/main.js"),
    vgpuctl: [await help("cli/main.js"), ...commands.map(commandHelp)].join("\n"),
  };
  for (const page of manPages(usages)) {
    const folder = path.join(root, `usr/share/man/man${page.section}`);
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, `${page.name}.${page.section}.gz`);
    await writeGzip(file, manPage(page, version, date));
  }
}

/** Node.js writes no time and no name into the header, so equal text gives equal bytes. */
async function writeGzip(file: string, text: string): Promise<void> {
  await writeFile(file, gzipSync(text, { level: 9 }));
}
