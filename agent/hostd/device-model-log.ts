// The end of what a device model of Xen's said. libxl begins the file anew at each start of the domain that gets so far, unless it
// cannot move the old one away: when it was written last says whether it is of this start.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { hasCode } from "./kernel-files.ts";
import { printable } from "./printable.ts";
import {
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  type ReadDeviceModelLog,
  type Result,
} from "./protocol/messages.ts";

/** Far more than the lines that are told. */
const MAX_TAIL_BYTES = 65_536;

export function deviceModelLog(files: AllowedFiles, { name }: ReadDeviceModelLog): Result {
  try {
    const { lines, writtenAt } = endOf(files.resolved("deviceModelLog", { name }));
    return { kind: "log", lines: lines.map((line) => printable(line, MAX_LOG_LINE_LENGTH)), writtenAt };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { kind: "absent" };
    throw error;
  }
}

/** The last lines of a file of any length. */
function endOf(file: string): { readonly lines: readonly string[]; readonly writtenAt: number } {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, mtimeMs } = fstatSync(fd);
    const from = Math.max(0, size - MAX_TAIL_BYTES);
    const tail = Buffer.alloc(MAX_TAIL_BYTES);
    const text = tail.toString("utf8", 0, readSync(fd, tail, 0, tail.length, from));
    const lines = text.replace(/\n$/, "").split("\n");
    // The first of a longer file lacks its beginning.
    const whole = from === 0 ? lines : lines.slice(1);
    // A file may bear any time, also one before the epoch.
    return {
      lines: text === "" ? [] : whole.slice(-MAX_LOG_LINES),
      writtenAt: Math.max(0, Math.floor(mtimeMs)),
    };
  } finally {
    closeSync(fd);
  }
}
