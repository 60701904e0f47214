// Builds the package: runtime, programs, units, documents, maintainer scripts, bill of materials, checksums.
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { command } from "./command.ts";
import { controlFile } from "./control.ts";
import { writeDocuments } from "./documents.ts";
import { maintainerScripts } from "./maintainer-scripts.ts";
import { bundledPackages } from "./packages.ts";
import { fetchRuntime } from "./runtime.ts";
import { billOfMaterials } from "./sbom.ts";
import { HOME, layOut, PROGRAMS } from "./tree.ts";

export interface BuildOptions {
  /** The project's folder, built (`npm run build`). */
  readonly project: string;
  /** Where the package, its bill of materials and SHA256SUMS go. */
  readonly out: string;
  /** Appended to the project's version, as `+1`; empty for a release. */
  readonly suffix: string;
}

/** The path of the package. The same commit gives the same bytes. */
export async function buildPackage({ project, out, suffix }: BuildOptions): Promise<string> {
  const work = await mkdtemp(path.join(tmpdir(), "vgpud-deb-"));
  try {
    const version = `${await projectVersion(project)}${suffix}`;
    const epoch = await sourceEpoch(project);
    const parts = { project, root: path.join(work, "root"), version, date: new Date(epoch * 1000) };
    const runtime = await fetchRuntime(path.join(work, "runtime"));
    const units = await layOut({ ...parts, runtime });
    const packages = await bundledPackages(project);
    await writeDocuments({ ...parts, packages, runtimeLicense: runtime.license });
    await writeControl(parts, units);
    await mkdir(out, { recursive: true });
    const deb = path.join(out, `vgpud_${version}_amd64.deb`);
    await normaliseModes(parts.root);
    const flags = ["--root-owner-group", "-Zxz", `-z${COMPRESSION}`, "--build", parts.root, deb];
    await command("dpkg-deb", flags, { env: { SOURCE_DATE_EPOCH: String(epoch) } });
    await writeBeside(deb, billOfMaterials(await npmSbom(project), parts.date));
    return deb;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Level 6 takes eight times as long for a sixth less. */
const COMPRESSION = 1;

async function projectVersion(project: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(path.join(project, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new Error(`${project}/package.json says no version`);
}

/** Seconds since 1970: as the environment says, else when the last commit was made (an archive has no commits: 0). */
async function sourceEpoch(project: string): Promise<number> {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const text =
    given ?? (await command("git", ["log", "-1", "--format=%ct"], { cwd: project }).catch(() => "0"));
  return Number(text);
}

function npmSbom(project: string): Promise<string> {
  const flags = ["--omit=dev", "--sbom-format=cyclonedx", "--package-lock-only"];
  return command("npm", ["sbom", ...flags], { cwd: project });
}

interface ControlParts {
  readonly project: string;
  readonly root: string;
  readonly version: string;
}

async function writeControl(
  { project, root, version }: ControlParts,
  units: readonly string[],
): Promise<void> {
  const lintian = path.join(root, "usr/share/lintian/overrides");
  await mkdir(lintian, { recursive: true });
  const templates = path.join(project, "scripts/package-deb/debian");
  await writeFile(
    path.join(lintian, "vgpud"),
    await readFile(path.join(templates, "lintian-overrides"), "utf8"),
  );
  const files = await filesBelow(root);
  const sums = await Promise.all(
    files.map(async (file) => `${hash("md5", await readFile(path.join(root, file)))}  ${file}\n`),
  );
  const sizes = await command("du", ["-sk", "--apparent-size", root]);
  const control = path.join(root, "DEBIAN");
  await mkdir(control);
  await writeFile(path.join(control, "control"), controlFile(version, Number.parseInt(sizes, 10)));
  await writeFile(path.join(control, "md5sums"), sums.join(""));
  for (const [name, text] of Object.entries(await maintainerScripts(templates, units)))
    await writeFile(path.join(control, name), text, { mode: 0o755 });
}

/** Regular files, in one order on every machine. */
async function filesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Nothing of the builder's umask: folders and programs 755, files 644. */
async function normaliseModes(root: string): Promise<void> {
  const programs = [
    ...Object.keys(PROGRAMS),
    `${HOME}/bin/node`,
    "DEBIAN/postinst",
    "DEBIAN/prerm",
    "DEBIAN/postrm",
  ];
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const mode = entry.isDirectory() || programs.includes(path.relative(root, file)) ? 0o755 : 0o644;
    if (!entry.isSymbolicLink()) await chmod(file, mode);
  }
}

async function writeBeside(deb: string, sbom: string): Promise<void> {
  const sbomFile = deb.replace(/\.deb$/, ".cdx.json");
  await writeFile(sbomFile, sbom);
  const lines = [deb, sbomFile].map(
    async (file) => `${hash("sha256", await readFile(file))}  ${path.basename(file)}\n`,
  );
  await writeFile(path.join(path.dirname(deb), "SHA256SUMS"), (await Promise.all(lines)).join(""));
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
