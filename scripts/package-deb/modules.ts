// The npm packages that vgpud runs on: exactly those of the lock file, without what no program reads.
import { copyFile, mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { command } from "./command.ts";

/** What a running program may open. Types, maps, sources and texts stay out; licences go to the copyright file. */
const KEPT = /\.(?:js|cjs|mjs|json|node|proto)$/;
/** Tests, command lines of the packages themselves, and packages that hold nothing but types. */
const UNREAD = [
  /(?:^|\/)(?:tests?|bin|cli|\.bin|\.github|@types|undici-types)\//,
  /(?:^|\/)(?:bin\.m?js|cli\.js|tsconfig[^/]*\.json|\.package-lock\.json)$/,
];
const LICENSE = /^(?:licen[cs]e|copying)(?:[.-].*)?$/i;

export interface Module {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly license: string;
  /** The text beside its package.json; empty when it brings none. */
  readonly licenseText: string;
}

/** Installs the production packages of the project's lock file below `folder`; returns them in the order of their names. */
export async function installModules(project: string, folder: string): Promise<readonly Module[]> {
  await mkdir(folder, { recursive: true });
  for (const file of ["package.json", "package-lock.json", ".npmrc"])
    await copyFile(path.join(project, file), path.join(folder, file));
  const flags = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await command("npm", ["ci", ...flags], { cwd: folder });
  const root = path.join(folder, "node_modules");
  const files = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const read = files.filter((file) => isRead(file));
  const modules = await Promise.all(manifests(read).map((file) => describe(root, path.dirname(file))));
  await Promise.all(files.filter((file) => !isRead(file)).map((file) => rm(path.join(root, file))));
  await removeEmptyFolders(root);
  return modules.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a file below node_modules is shipped. */
export function isRead(file: string): boolean {
  return KEPT.test(file) && !UNREAD.some((pattern) => pattern.test(file));
}

/** The package.json files that belong to a package, not to a folder inside one. */
function manifests(files: readonly string[]): readonly string[] {
  return files.filter((file) => /^(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+\/package\.json$/.test(file));
}

async function describe(root: string, folder: string): Promise<Module> {
  const at = path.join(root, folder);
  const manifest: unknown = JSON.parse(await readFile(path.join(at, "package.json"), "utf8"));
  const text = (key: string): string => {
    const value: unknown = Object(manifest) === manifest ? Reflect.get(Object(manifest), key) : undefined;
    if (typeof value !== "string") throw new Error(`${folder}/package.json says no ${key}`);
    return value;
  };
  const license = (await readdir(at)).find((name) => LICENSE.test(name));
  return {
    name: text("name"),
    version: text("version"),
    license: text("license"),
    licenseText: license === undefined ? "" : await readFile(path.join(at, license), "utf8"),
  };
}

async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries)
    if (entry.isDirectory()) await removeEmptyFolders(path.join(folder, entry.name));
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}
