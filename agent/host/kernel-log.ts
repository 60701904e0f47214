// What the graphics drivers wrote to the kernel's log since boot, where this process may read it (kernel.dmesg_restrict).
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { KernelLogReading } from "../diagnosis/condition.ts";
import type { HostFiles } from "../discovery/host-files.ts";

/** One record for each read, with `priority,sequence,time,flags;` before the text (Documentation/ABI/testing/dev-kmsg). */
const KMSG = "/dev/kmsg";
/** More than the kernel's buffer holds. */
const MAX_RECORDS = 100_000;
const RECORD_BYTES = 8192;
/** In a copied tree: what `dmesg` printed on that host. */
const COPY = "var/log/dmesg";
const WANTED = /i915|\bgvt|\bxe\b|vfio|mdev|drm/i;
/** The kernel begins its log with the words that it was booted with, which may name drivers and are no news of them. */
const BOOTED_WITH = /\bcommand line:/i;

/** Of a tree other than `/` its copy of the log. */
export async function readKernelLog(root: string, files: HostFiles): Promise<KernelLogReading> {
  if (path.resolve(root) !== "/") {
    const copy = await files.read(COPY).catch(() => undefined);
    return copy?.split("\n").filter(isWanted) ?? "not-copied";
  }
  try {
    await using log = await open(KMSG, constants.O_RDONLY | constants.O_NONBLOCK);
    return await records(log);
  } catch {
    return "not-readable";
  }
}

function isWanted(line: string): boolean {
  return WANTED.test(line) && !BOOTED_WITH.test(line);
}

async function records(log: FileHandle): Promise<string[]> {
  const found: string[] = [];
  const buffer = Buffer.alloc(RECORD_BYTES);
  for (let count = 0; count < MAX_RECORDS; count += 1) {
    const text = await nextRecord(log, buffer);
    if (text === undefined) break;
    if (isWanted(text)) found.push(text);
  }
  return found;
}

/** Undefined at the end; empty for a record that was overwritten while it was read. */
async function nextRecord(log: FileHandle, buffer: Buffer): Promise<string | undefined> {
  try {
    const { bytesRead } = await log.read(buffer);
    const [line = ""] = buffer.toString("utf8", 0, bytesRead).split("\n");
    return line.slice(line.indexOf(";") + 1);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EPIPE") return "";
    if (code === "EAGAIN") return undefined;
    throw error;
  }
}
