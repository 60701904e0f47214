// The files of XenGT in a temporary tree, without a driver that reacts.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GvtTree } from "./gvt-tree.ts";

/** Adds them with a slice for each of the guests, and returns the path of `create_vgt_instance`. */
export async function addXengt(
  { root }: Pick<GvtTree, "root">,
  domids: readonly number[] = [],
): Promise<string> {
  const control = path.join(root, "sys/kernel/vgt/control");
  await mkdir(control, { recursive: true });
  await writeFile(path.join(control, "create_vgt_instance"), "");
  for (const domid of domids) await mkdir(path.join(root, `sys/kernel/vgt/vm${domid}`));
  return path.join(control, "create_vgt_instance");
}
