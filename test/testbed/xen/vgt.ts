// XenGT's files in the bed's dom0 as suites handle them.
import type { Bed, TextResult } from "../bed.ts";

export const root = "/sys/kernel/vgt";
const control = `${root}/control/create_vgt_instance`;

/** One write to the file that makes and ends slices: "DOMID,LOW,HIGH,FENCES,PRIMARY,CAP" (MiB) or "-DOMID". */
export function write(bed: Bed, line: string): Promise<TextResult> {
  return bed.run(`printf %s '${line}' >${control}`);
}

/** The kernel's numbers of the slices there are, by domid. */
export async function instances(bed: Bed): Promise<Readonly<Record<number, number>>> {
  const text = await bed.check(`cd ${root} && grep -H . vm*/vgpu_id 2>/dev/null || true`);
  const found: Record<number, number> = {};
  for (const [, domid, id] of text.matchAll(/^vm(\d+)\/vgpu_id:(\d+)$/gm)) found[Number(domid)] = Number(id);
  return found;
}

/** Ends every slice, with the knobs as they are. */
export async function endAll(bed: Bed): Promise<void> {
  for (const domid of Object.keys(await instances(bed))) await write(bed, `-${domid}`);
}

/** A parameter of the module that can be set while it is loaded. */
export async function setKnob(bed: Bed, name: string, value: number): Promise<void> {
  await bed.check(`echo ${value} >/sys/module/xengt/parameters/${name}`);
}
