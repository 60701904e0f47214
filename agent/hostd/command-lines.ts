// What processes were started with, by which QEMUs are told from others.
import { readFileSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { orUndefined } from "./kernel-files.ts";

/** None of a process that has ended. */
export function commandLineOf(files: AllowedFiles, pid: string): readonly string[] {
  return orUndefined(() => readFileSync(files.at("commandLine", { pid }), "utf8"))?.split("\0") ?? [];
}

/** What follows an option; of one that is told twice the first. Undefined where it is not told. */
export function optionOf(commandLine: readonly string[], option: string): string | undefined {
  const at = commandLine.indexOf(option);
  return at === -1 ? undefined : commandLine[at + 1];
}

/** libvirt starts QEMU with `-name guest=NAME,debug-threads=on`; a comma of the name is doubled (QEMU's QemuOpts). */
export function guestNameOf(commandLine: readonly string[]): string | undefined {
  const name = /^guest=((?:[^,]|,,)+)/.exec(optionOf(commandLine, "-name") ?? "")?.[1];
  return name?.replaceAll(",,", ",");
}
