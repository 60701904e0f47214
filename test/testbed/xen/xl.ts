// Domains that xl makes, which libvirt does not list.
import type { Bed } from "../bed.ts";

const XL_MS = 120_000;

/** The command that makes a paravirtualized one, paused before its first instruction; `gpu`: the PCI function it is given. */
export async function createCommand(bed: Bed, name: string, gpu?: string): Promise<string> {
  const lines = [`name='${name}'`, "type='pv'", "memory=96", "kernel='/var/lib/domu/vmlinux'"];
  if (gpu !== undefined) lines.push(`pci=['${gpu}']`);
  await bed.writeFile(`/tmp/${name}.cfg`, lines.join("\n"));
  return `xl create -q -p /tmp/${name}.cfg`;
}

/** Makes it and returns its domid. */
export async function create(bed: Bed, name: string, gpu?: string): Promise<number> {
  await bed.check(await createCommand(bed, name, gpu), { timeoutMs: XL_MS });
  return Number(await bed.check(`xl domid ${name}`));
}

export async function destroy(bed: Bed, name: string): Promise<void> {
  await bed.check(`xl destroy ${name}`, { timeoutMs: XL_MS });
}
