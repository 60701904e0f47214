#!/usr/bin/env node
// vgpuctl: the rim. Words, files, terminal, interrupt and exit code; everything else is run.ts.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../core/clock.ts";
import { readContract, readText } from "./package-files.ts";
import { run } from "./run.ts";
import { Terminal } from "./terminal/terminal.ts";
import { connect } from "./client/vgpud.ts";

const interrupted = new AbortController();
// Once: a second interrupt ends the process at once, as everywhere. A time limit's SIGTERM is no other wish.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    interrupted.abort();
  });
// A reader that has seen enough, as `head`, is no failure.
const readerGone = new AbortController();
whenUnread(process.stdout, () => {
  readerGone.abort();
  interrupted.abort();
});
// What would be told beside the answer is lost, and that is all.
whenUnread(process.stderr, () => undefined);

const terminal = new Terminal(process, interrupted);
const noColour = process.env["NO_COLOR"];
const outcome = await run(process.argv.slice(2), {
  version: packageVersion(import.meta.dirname),
  newUuid: () => randomUUID(),
  clock: systemClock,
  signal: interrupted.signal,
  colour: process.stdout.isTTY && (noColour === undefined || noColour === ""),
  write: (text) => process.stdout.write(text),
  note: (line) => process.stderr.write(`${line}\n`),
  ...terminal.parts(),
  readText,
  contract: readContract,
  connect,
  placement: async (settings) =>
    (await import("../placement/connect.ts")).connectPlacement(settings, systemClock),
  locale: process.env["LC_ALL"] ?? process.env["LC_MESSAGES"] ?? process.env["LANG"] ?? "",
  doctor: async () => (await import("../doctor/apart.ts")).doctorApart(interrupted.signal),
});
process.stdout.write(outcome.stdout);
process.stderr.write(outcome.stderr);
process.exitCode = readerGone.signal.aborted ? 0 : outcome.exitCode;

/** A pipe without a reader; a terminal that has been closed. */
function whenUnread(stream: NodeJS.WriteStream, then: () => void): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    then();
  });
}

/** The version in the nearest package.json above: compiled and source files lie at different depths. */
function packageVersion(folder: string): string {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (typeof content === "object" && content !== null && "version" in content)
      return String(content.version);
  } catch (error) {
    if (folder === dirname(folder))
      throw new Error("vgpuctl finds no package.json above it", { cause: error });
  }
  return packageVersion(dirname(folder));
}
