// The npm packages that the programs are bundled with: those of the lock file that are not for development, and those inside
// them that were bundled before they were published.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** Texts of packages that bring none, by their names. */
const TEXTS = "scripts/package-deb/licences";
const LICENSE = /^(?:licen[cs]e|copying)(?:[.-].*)?$/i;
/** Nothing but types. */
const TYPES = /\/(?:@types\/[^/]+|undici-types)$/;

export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly license: string;
  readonly licenseText: string;
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
      devOptional: z.boolean().optional(),
    }),
  ),
});
const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string() });

/**
 * In the order of their names. Throws when another version is installed than the lock file, and
 * so the bill of materials, has, and when TEXTS has the text of another package.
 */
export async function bundledPackages(project: string): Promise<readonly Package[]> {
  const { packages } = lockSchema.parse(
    JSON.parse(await readFile(path.join(project, "package-lock.json"), "utf8")),
  );
  const shipped = Object.entries(packages).filter(
    ([folder, { dev, optional, devOptional }]) =>
      folder !== "" && !TYPES.test(folder) && [dev, optional, devOptional].every((is) => is !== true),
  );
  const found = await Promise.all(
    shipped.map(async ([folder, { version }]) => {
      const installed = await describe(project, folder);
      if (installed.version === version) return installed;
      throw new Error(
        `${folder} is ${installed.version}, and ${String(version)} in package-lock.json: run npm ci and build again`,
      );
    }),
  );
  await refuseLeftTexts(project, new Set(found.map(({ name }) => name)));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A package that has gone would leave its text behind. */
async function refuseLeftTexts(project: string, names: ReadonlySet<string>): Promise<void> {
  const texts = path.join(project, TEXTS);
  // Git keeps no folder of the last text that went.
  const entries = await readdir(texts, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const name = path.relative(texts, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && !names.has(name))
      throw new Error(`${path.join(TEXTS, name)} is of no package that is shipped: remove it`);
  }
}

async function describe(project: string, folder: string): Promise<Package> {
  const at = path.join(project, folder);
  const manifest = manifestSchema.parse(JSON.parse(await readFile(path.join(at, "package.json"), "utf8")));
  const license = (await readdir(at)).find((name) => LICENSE.test(name));
  if (license !== undefined)
    return { ...manifest, licenseText: await readFile(path.join(at, license), "utf8") };
  const text = path.join(TEXTS, manifest.name);
  const licenseText = await readFile(path.join(project, text), "utf8").catch((error: unknown) => {
    throw new Error(`${folder} brings no licence text: put the one that holds into ${text}`, {
      cause: error,
    });
  });
  return { ...manifest, licenseText };
}
