// An archive of what the checks look at, for somebody else to examine: the same files at the same places, redacted.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { KernelLogReading } from "../diagnosis/condition.ts";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import { archive } from "./archive.ts";
import type { Recorded } from "./recording-files.ts";
import { redacted } from "./redaction.ts";

export interface Contents {
  readonly recorded: ReadonlyMap<string, Recorded>;
  readonly libvirt: LibvirtReading;
  readonly kernelLog: KernelLogReading;
}

/** Where a tree says what libvirt said when it was copied. */
export const LIBVIRT_FILE = "vgpud/libvirt.json";
/** Where a tree has what `dmesg` printed when it was copied. */
const LOG_FILE = "var/log/dmesg";

/** In place of a text, so that its reader does not take the host's file for an empty one. No check takes it for more. */
const NOTHING_KEPT = "# the bundle keeps nothing of this file";

/** Refuses a file that exists. @throws DoctorError */
export async function writeBundle(
  contents: Contents,
  file: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), "vgpud-bundle-"));
  try {
    const entries = entriesOf(contents);
    // Of a host that has none of the files something is left to unpack.
    await mkdir(path.join(folder, path.dirname(LIBVIRT_FILE)));
    for (const [at, entry] of entries) await write(below(folder, at), entry);
    return { files: entries.size, bytes: await archive(folder, file) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A path may hold what a file of the host said; no file of this machine is written for it. */
function below(folder: string, at: string): string {
  const there = path.join(folder, at);
  if (!there.startsWith(`${folder}${path.sep}`)) throw new Error(`${at} leads out of the bundle`);
  return there;
}

/** What stands below another entry makes that a folder; so a name of which nothing else is known is one already. */
function entriesOf({ recorded, libvirt, kernelLog }: Contents): Map<string, Recorded> {
  const entries = new Map<string, Recorded>();
  for (const [at, entry] of recorded) entries.set(at, entry.kind === "text" ? kept(at, entry.text) : entry);
  if (libvirt.asked)
    entries.set(LIBVIRT_FILE, { kind: "text", text: JSON.stringify({ ...libvirt, asked: undefined }) });
  if (typeof kernelLog !== "string") entries.set(LOG_FILE, kept(LOG_FILE, kernelLog.join("\n")));
  dropBelowUnreadable(entries);
  const folders = new Set([...entries.keys()].flatMap(foldersAbove));
  for (const at of folders) entries.delete(at);
  return entries;
}

/** Where nothing was found below an unreadable name, what was looked for there is unreadable with it. */
function dropBelowUnreadable(entries: Map<string, Recorded>): void {
  const unreadable = ([, { kind }]: [string, Recorded]): boolean => kind === "unreadable";
  const found = [...entries].filter((each) => !unreadable(each)).flatMap(([at]) => foldersAbove(at));
  const folders = new Set(found);
  const shut = new Set([...entries].filter(unreadable).flatMap(([at]) => (folders.has(at) ? [] : [at])));
  for (const at of entries.keys()) if (foldersAbove(at).some((above) => shut.has(above))) entries.delete(at);
}

function kept(at: string, whole: string): Recorded {
  const text = redacted(at, whole);
  if (text === undefined) return { kind: "name" };
  return { kind: "text", text: text === "" && whole !== "" ? NOTHING_KEPT : text };
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
    case "name":
      await mkdir(at, { recursive: true });
      return;
    // A link to itself can be neither read nor listed, by root as well.
    case "unreadable":
      await symlink(path.basename(at), at);
  }
}
