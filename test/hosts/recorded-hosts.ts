// The hosts described beside this file, each of which can be put on disk for whatever looks at hosts.
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { hostTree, type Tree } from "../fakes/host-tree.ts";
import { hostSchema, type Breakage, type HostDescription } from "./description.ts";
import { Files } from "./files.ts";
import { addGpu } from "./gpu-files.ts";
import { addLibvirt, addMandatoryAccess, addModules, addSystem, addXengt } from "./kernel-files.ts";

export interface RecordedHost {
  /** The name of its description, without `.yaml`. */
  readonly name: string;
  readonly description: HostDescription;
  /** A temporary directory that is laid out as the host's root. */
  readonly expand: () => Promise<AsyncDisposable & { readonly root: string }>;
}

/** From dist/test/hosts, where this runs, to test/hosts. */
const FOLDER = fileURLToPath(new URL("../../../test/hosts/", import.meta.url));
const HUGE_BYTES = 8 * 1_048_576;
const NO_UTF8 = Buffer.from([0xff, 0xfe, 0x80, 0xc3, 0x28, 0x0a]);

/** All of them, by name. */
export function recordedHosts(): readonly RecordedHost[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => {
      const name = path.basename(file, ".yaml");
      const description = descriptionIn(file);
      return { name, description, expand: () => expand(description) };
    });
}

/** @throws Error that names the file whose description is wrong */
function descriptionIn(file: string): HostDescription {
  const host = hostSchema.safeParse(parse(readFileSync(path.join(FOLDER, file), "utf8")));
  if (!host.success) throw new Error(`test/hosts/${file}: ${host.error.message}`);
  return host.data;
}

async function expand(host: HostDescription): Promise<AsyncDisposable & { readonly root: string }> {
  const tree = await hostTree(treeOf(host));
  for (const [file, breakage] of Object.entries(host.broken))
    await breakFile(path.join(tree.root, file), breakage);
  return tree;
}

function treeOf(host: HostDescription): Tree {
  const files = new Files();
  addSystem(files, host);
  addModules(files, host);
  addXengt(files, host);
  addLibvirt(files, host);
  addMandatoryAccess(files, host);
  for (const [index, gpu] of host.gpus.entries()) addGpu(files, { host, gpu, index });
  for (const [at, text] of Object.entries(host.files)) files.add(at, text);
  return files.tree;
}

async function breakFile(file: string, breakage: Breakage): Promise<void> {
  await rm(file, { recursive: true, force: true });
  await mkdir(path.dirname(file), { recursive: true });
  // To read it fails whoever reads: a link that leads to itself.
  if (breakage === "unreadable") await symlink(path.basename(file), file);
  else await writeFile(file, broken[breakage]());
}

const broken = {
  empty: () => "",
  huge: () => Buffer.alloc(HUGE_BYTES, "0123456789abcdef\n"),
  "not-utf8": () => NO_UTF8,
  absurd: () => `${"9".repeat(400)}\n`,
} as const satisfies Record<Exclude<Breakage, "unreadable">, () => string | Buffer>;
