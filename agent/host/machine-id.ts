// What tells this machine from others: machine-id(5), of which everybody may read. Another one after an installation.
import { messageOf } from "../core/errors.ts";
import type { Log } from "./journal.ts";
import { RootedFiles } from "./files.ts";

const FILE = "etc/machine-id";

/** Undefined, and told, where the machine has none. */
export async function readMachineId(root: string, log: Pick<Log, "warn">): Promise<string | undefined> {
  const text = await new RootedFiles(root).read(FILE).catch((error: unknown) => {
    log.warn({ file: `/${FILE}`, why: messageOf(error) }, "the machine's id cannot be read");
    return undefined;
  });
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text) ? text : undefined;
}
