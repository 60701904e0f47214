// The npm packages that are part of the programs, as bundle.ts found them.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** Beside the bundles: the folders of the packages in them, below the project. */
export const BUNDLED_PACKAGES = "packages.json";
const LICENSE = /^(?:licen[cs]e|copying)(?:[.-].*)?$/i;

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly license: string;
  /** The text beside its package.json; empty when it brings none. */
  readonly licenseText: string;
}

const foldersSchema = z.array(z.string()).min(1);
const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** In the order of their names; of one that is there in two versions both. */
export async function bundledPackages(project: string): Promise<readonly BundledPackage[]> {
  const list = path.join(project, "dist/agent/bundle", BUNDLED_PACKAGES);
  const folders = foldersSchema.parse(JSON.parse(await readFile(list, "utf8")));
  const packages = await Promise.all(folders.map((folder) => describe(path.join(project, folder))));
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function describe(folder: string): Promise<BundledPackage> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(path.join(folder, "package.json"), "utf8")),
  );
  const license = (await readdir(folder)).find((name) => LICENSE.test(name));
  const licenseText = license === undefined ? "" : await readFile(path.join(folder, license), "utf8");
  return { ...manifest, licenseText };
}
