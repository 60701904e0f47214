// An archive of what the checks look at, for somebody else to examine: the same files at the same places, redacted.
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import type { Recorded } from "./recording-files.ts";
import { redacted } from "./redaction.ts";

export interface Contents {
  readonly recorded: ReadonlyMap<string, Recorded>;
  readonly libvirt: LibvirtReading;
  readonly kernelLog: readonly string[] | undefined;
}

/** Where a tree says what libvirt said when it was copied. */
export const LIBVIRT_FILE = "vgpud/libvirt.json";
/** Where a tree has what `dmesg` printed when it was copied. */
const LOG_FILE = "var/log/dmesg";

/** Refuses a file that exists. @throws Error with a message for people */
export async function writeBundle(
  contents: Contents,
  file: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  if ((await stat(file).catch(() => undefined)) !== undefined)
    throw new Error(`${file} exists; name a new file`);
  const folder = await mkdtemp(path.join(tmpdir(), "vgpud-bundle-"));
  try {
    const entries = entriesOf(contents);
    for (const [at, entry] of entries) await write(path.join(folder, at), entry);
    const { create } = await import("tar");
    const top = [...new Set([...entries.keys()].map((at) => at.split("/")[0] ?? at))];
    await create({ gzip: true, portable: true, file, cwd: folder, mtime: new Date(0) }, top);
    return { files: entries.size, bytes: (await stat(file)).size };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What stands below another entry makes that a folder; so a name of which nothing else is known is one already. */
function entriesOf({ recorded, libvirt, kernelLog }: Contents): Map<string, Recorded> {
  const entries = new Map<string, Recorded>();
  for (const [at, entry] of recorded)
    entries.set(at, entry.kind === "text" ? { kind: "text", text: redacted(at, entry.text) } : entry);
  if (libvirt.asked)
    entries.set(LIBVIRT_FILE, { kind: "text", text: JSON.stringify({ ...libvirt, asked: undefined }) });
  if (kernelLog !== undefined) entries.set(LOG_FILE, { kind: "text", text: kernelLog.join("\n") });
  const folders = new Set([...entries.keys()].flatMap(foldersAbove));
  for (const at of folders) entries.delete(at);
  return entries;
}

function foldersAbove(at: string): string[] {
  const parts = at.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

async function write(at: string, entry: Recorded): Promise<void> {
  await mkdir(path.dirname(at), { recursive: true });
  switch (entry.kind) {
    case "text":
      await writeFile(at, `${entry.text}\n`);
      return;
    case "link":
      await symlink(path.join("..", entry.parent, entry.name), at);
      return;
    // A folder where a file is looked for cannot be read there either.
    case "name":
    case "unreadable":
      await mkdir(at, { recursive: true });
  }
}
