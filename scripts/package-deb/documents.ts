// What the package says about itself: manual pages, copyright, changelog, documentation, examples.
import { copyFile, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { commands } from "../../agent/cli/commands.ts";
import { command } from "./command.ts";
import { copyrightFile, debianChangelog } from "./control.ts";
import { relinked } from "./links.ts";
import { manPage } from "./man-page.ts";
import { manPages } from "./man-pages.ts";
import type { Package } from "./packages.ts";

const DOC = "usr/share/doc/vgpud";
/** For those who change vgpud; it tells of sources, which the package does not have. */
const DESIGN = "docs/design.md";
/** Files of the project that lie elsewhere, and are examples for an operator. */
const EXAMPLES = {
  "agent/simulator/example-host.yaml": `${DOC}/examples/simulated-host.yaml`,
  "docs/reference/config.yaml.example": `${DOC}/examples/config.yaml`,
  "systemd/examples/network-listener.conf": `${DOC}/examples/network-listener.conf`,
} as const;
const PLACES = { docs: DOC, proto: "usr/share/vgpud/proto", ...EXAMPLES };

export interface DocumentOptions {
  readonly project: string;
  readonly root: string;
  readonly version: string;
  readonly date: Date;
  readonly packages: readonly Package[];
  readonly runtimeLicense: string;
}

export async function writeDocuments(options: DocumentOptions): Promise<void> {
  const { project, root, version, date, packages, runtimeLicense } = options;
  const doc = path.join(root, DOC);
  await mkdir(doc, { recursive: true });
  await writeFile(path.join(doc, "copyright"), copyrightFile(packages, runtimeLicense));
  const changelog = await readFile(path.join(project, "CHANGELOG.md"), "utf8");
  await writeGzip(path.join(doc, "changelog.gz"), debianChangelog(changelog, version, date));
  await copyPages(project, root);
  await writeManPages(options);
}

/** The documentation in its own shape, so that its links hold; those that leave it lead to where the package has the file. */
async function copyPages(project: string, root: string): Promise<void> {
  const docs = path.join(project, "docs");
  for (const file of await readdir(docs, { recursive: true })) {
    const page = path.join("docs", file);
    if (page === DESIGN || (await stat(path.join(project, page))).isDirectory()) continue;
    const to = path.join(root, DOC, file);
    await mkdir(path.dirname(to), { recursive: true });
    if (!page.endsWith(".md")) await copyFile(path.join(project, page), to);
    else await writeFile(to, relinked(await readFile(path.join(project, page), "utf8"), page, PLACES));
  }
  for (const [file, place] of Object.entries(EXAMPLES))
    await copyFile(path.join(project, file), path.join(root, place));
}

async function writeManPages({ project, root, version, date }: DocumentOptions): Promise<void> {
  const help = (script: string): Promise<string> =>
    command(process.execPath, [path.join(project, "dist/agent", script), "--help"]);
  const usages = {
    vgpud: await help("main.js"),
    hostd: await help("hostd/main.js"),
  };
  for (const page of manPages(usages, commands)) {
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
