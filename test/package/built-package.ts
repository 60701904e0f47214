// The Debian package for tests: built once, and again only when something it is made of is newer.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { buildPackage } from "../../scripts/package-deb/build.ts";

const out = "dist/deb";
const madeOf = [
  "dist/agent",
  "dist/proto",
  "dist/scripts",
  "scripts",
  "systemd",
  "docs",
  "proto",
  "package-lock.json",
  "CHANGELOG.md",
];

let built: Promise<string> | undefined;

/** Its path. Building takes some fifteen seconds and asks npm's registry or cache. */
export function builtPackage(): Promise<string> {
  built ??= upToDate().then((file) => file ?? buildPackage({ project: process.cwd(), out, suffix: "" }));
  return built;
}

async function upToDate(): Promise<string | undefined> {
  const names = await readdir(out).catch(() => []);
  // A suffix marks a package that a test made newer.
  const name = names.find((file) => /^vgpud_[^+]*\.deb$/.test(file));
  if (name === undefined) return undefined;
  const file = path.join(out, name);
  const { mtimeMs } = await stat(file);
  const newest = Math.max(...(await Promise.all(madeOf.map(newestBelow))));
  return newest < mtimeMs ? file : undefined;
}

/** Milliseconds since 1970; 0 for what is not there. */
async function newestBelow(place: string): Promise<number> {
  const at = await stat(place).catch(() => undefined);
  if (!at?.isDirectory()) return at?.mtimeMs ?? 0;
  const entries = await readdir(place, { recursive: true });
  const times = await Promise.all(
    entries.map(async (entry) => (await stat(path.join(place, entry))).mtimeMs),
  );
  return Math.max(0, ...times);
}
