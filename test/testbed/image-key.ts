// What an image is made from, as one hash: resolved versions, our own sources, the machine's description.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Machine } from "./machine.ts";

const execute = promisify(execFile);

/** The sources that are not compiled, seen from the compiled module. */
export const sources = fileURLToPath(new URL("../../../test/testbed/", import.meta.url));
export const compiled = fileURLToPath(new URL(".", import.meta.url));

export async function imageKey(cacheDir: string, machine: Machine): Promise<string> {
  const hash = createHash("sha256").update(await versions(cacheDir, machine));
  const own = ["image", "guest"].map((folder) => join(machine.folder, folder));
  for (const folder of new Set(["modules", "image", "guest", ...own]))
    for (const file of await filesBelow(join(sources, folder)))
      if (!/\.(md|ts)$/.test(file))
        hash.update(`\0${file.slice(sources.length)}\0`).update(await readFile(file));
  for (const file of ["protocol.js", "guest/agent.js"]) hash.update(await readFile(join(compiled, file)));
  const shares = { project: "", modules: "" };
  for (const [init, warmUp] of machine.warmUps)
    hash.update(
      [...machine.qemuArguments({ dir: "", image: "", shares, init, restore: false }), warmUp].join("\0"),
    );
  return hash.digest("hex").slice(0, 16);
}

/**
 * The versions apt would install. Asking it takes seconds, so the answer is kept for as long as apt's lists, the installed
 * packages and the scripts are the same; when they are not, what the bed needs on this machine is looked after as well.
 */
async function versions(cacheDir: string, { prefix, folder }: Machine): Promise<string> {
  const memo = join(cacheDir, `${prefix}versions`);
  const guestPackages = join(sources, folder, "image/guest-packages");
  const [known, ...lines] = (await readFile(memo, "utf8").catch(() => "")).split("\n");
  if (known === (await stamp(guestPackages))) return lines.join("\n");
  await execute(join(sources, "image/packages.sh"), { timeout: 600_000 });
  const { stdout } = await execute(join(sources, "image/versions.sh"), [guestPackages], { timeout: 120_000 });
  await writeFile(memo, `${await stamp(guestPackages)}\n${stdout}`);
  return stdout;
}

async function stamp(guestPackages: string): Promise<string> {
  const hash = createHash("sha256");
  for (const path of ["/var/lib/apt/lists", "/var/lib/dpkg/status", process.execPath])
    hash.update(
      `${path} ${await stat(path).then(
        (facts) => facts.mtimeMs,
        () => 0,
      )}\n`,
    );
  for (const file of ["packages", "image/versions.sh", "image/packages.sh"])
    hash.update(await readFile(join(sources, file)));
  hash.update(await readFile(guestPackages));
  return hash.digest("hex");
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
