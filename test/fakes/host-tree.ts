// Builds a sysfs look-alike in a temporary directory from a plain object: strings are attributes, objects directories.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** A symbolic link, with the target exactly as given. */
export interface Link {
  readonly link: string;
}

export interface Tree {
  readonly [name: string]: string | Link | Tree;
}

export function linkTo(target: string): Link {
  return { link: target };
}

/** Attributes get the trailing newline that the kernel writes. A name may be a path: `sys/class/drm`. */
export async function hostTree(tree: Tree): Promise<AsyncDisposable & { readonly root: string }> {
  const root = await mkdtemp(path.join(tmpdir(), "vgpud-tree-"));
  await write(root, tree);
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

async function write(dir: string, tree: Tree): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, node] of Object.entries(tree)) {
    const at = path.join(dir, name);
    await mkdir(path.dirname(at), { recursive: true });
    if (typeof node === "string") await writeFile(at, `${node}\n`);
    else if (isLink(node)) await symlink(node.link, at);
    else await write(at, node);
  }
}

function isLink(node: Link | Tree): node is Link {
  return typeof node["link"] === "string";
}
