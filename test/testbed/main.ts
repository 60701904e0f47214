// The test bed by hand: node dist/test/testbed/main.js build | start | shell COMMAND... | stop
import { parseArgs } from "node:util";
import { BedError, messageOf } from "./bed-error.ts";
import { defaultCacheDir } from "./bed.ts";
import { runByHand, runningByHand, startByHand, stopByHand } from "./by-hand.ts";
import { ensureImage } from "./image.ts";

const usage = `usage: bed [--cache DIR] COMMAND
  build            build the image unless it is cached, and print its folder
  start [--systemd]  start a bed that stays; the current folder is its /share (--systemd: with real systemd as PID 1)
  shell COMMAND... run commands in it, one after the other; starts it when none runs
  stop             end it`;

const progress = (line: string): void => void process.stderr.write(`${line} s\n`);

async function shell(cacheDir: string, commands: readonly string[]): Promise<number> {
  if ((await runningByHand(cacheDir)) === undefined)
    await startByHand({ cacheDir, progress, share: process.cwd(), init: "minimal" });
  for (const command of commands) {
    const { code, stdout, stderr } = await runByHand(cacheDir, command);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    if (code !== 0) return code;
  }
  return 0;
}

async function main(): Promise<number> {
  const options = {
    cache: { type: "string", default: defaultCacheDir },
    systemd: { type: "boolean" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [verb, ...words] = positionals;
  const cacheDir = values.cache;
  switch (verb) {
    case "build":
      process.stdout.write(`${await ensureImage({ cacheDir, progress })}\n`);
      return 0;
    case "start":
      if ((await runningByHand(cacheDir)) !== undefined)
        throw new BedError("usage", "a test bed is running already");
      await startByHand({
        cacheDir,
        progress,
        share: process.cwd(),
        init: values.systemd ? "systemd" : "minimal",
      });
      return 0;
    case "shell":
      return shell(cacheDir, words);
    case "stop":
      await stopByHand(cacheDir);
      return 0;
    case undefined:
    default:
      throw new BedError("usage", usage);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof BedError && error.code === "usage" ? 64 : 1;
}
