// How the files of the allowlist are read and written: no last link is followed, and what has gone meanwhile is not there.
import { closeSync, constants, openSync, readlinkSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import type { AllowedFiles, Variables } from "./allowed-files.ts";
import type { AllowedName } from "./allowlist.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";

/** What the kernel shows of itself is short. */
const MAX_TEXT_BYTES = 4096;

/** One write(2). May not return while the kernel holds it. */
export function writeTo(file: string, text: string): void {
  withOpen(file, constants.O_WRONLY, (fd) => writeSync(fd, text));
}

/** The text without the newline at its end. */
export function readFrom(file: string): string {
  return withOpen(file, constants.O_RDONLY | constants.O_NONBLOCK, (fd) => {
    const text = Buffer.alloc(MAX_TEXT_BYTES);
    return text.toString("utf8", 0, readSync(fd, text)).trimEnd();
  });
}

function withOpen<T>(file: string, flags: number, use: (fd: number) => T): T {
  const fd = openSync(file, flags | constants.O_NOFOLLOW);
  try {
    return use(fd);
  } catch (error) {
    // What works on a descriptor knows no path; the answer to the operator must.
    if (error instanceof Error) Object.assign(error, { path: file });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** The last part of where a link of the kernel leads; undefined when there is none. */
export function linkName(files: AllowedFiles, name: AllowedName, variables: Variables): string | undefined {
  try {
    return path.basename(readlinkSync(files.at(name, variables)));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * A VFIO group can be opened once: EBUSY says that a guest has it (kernel drivers/vfio/group.c). Any other failure is
 * thrown, for what is not proved idle must not be removed: old kernels leak it, new ones block.
 */
export function isHeld(
  files: AllowedFiles,
  idleTest: "idleTest" | "functionIdleTest",
  group: string,
): boolean {
  if (!KERNEL_FORMS.group.test(group)) throw new RangeError(`the iommu group ${group} is not a number`);
  try {
    openAndClose(files.resolved(idleTest, { group }));
    return false;
  } catch (error) {
    if (hasCode(error, "EBUSY")) return true;
    throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/**
 * Processes end and devices leave while they are looked at: what the system cannot read is not there. What is thrown for
 * another reason, as by the allowlist, is.
 */
export function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

export function orEmpty(read: () => readonly string[]): readonly string[] {
  return orUndefined(read) ?? [];
}

function openAndClose(file: string): void {
  closeSync(
    openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY),
  );
}
