// What tells this machine from others: machine-id(5), of which everybody may read. Another one after an installation.
import { messageOf } from "../core/errors.ts";
import { RootedFiles } from "./files.ts";

const FILE = "etc/machine-id";

/** `why`: it has none, in words that follow what lacks it. */
export type MachineId = { readonly id: string } | { readonly why: string };

/** Never rejects. */
export async function readMachineId(root: string): Promise<MachineId> {
  try {
    const text = await new RootedFiles(root).read(FILE);
    if (text === undefined) return { why: `there is no /${FILE}` };
    if (/^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text)) return { id: text };
    return { why: `/${FILE} has no id of 32 hexadecimal digits` };
  } catch (error) {
    return { why: `/${FILE} cannot be read: ${messageOf(error)}` };
  }
}
