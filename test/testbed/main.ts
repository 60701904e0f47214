// The test beds by hand: node dist/test/testbed/main.js build | start | shell COMMAND... | stop
import { parseArgs } from "node:util";
import { BedError, messageOf } from "./bed-error.ts";
import { defaultCacheDir } from "./bed.ts";
import { runByHand, runningByHand, startByHand, stopByHand, type ByHand } from "./by-hand.ts";
import { ensureImage } from "./image.ts";
import { kvm } from "./kvm-machine.ts";
import { xen } from "./xen/machine.ts";

const usage = `usage: bed [--xen] [--cache DIR] COMMAND    (--xen: the Xen bed instead of the KVM bed)
  build            build the image unless it is cached, and print its folder
  start [--systemd]  start a bed that stays; the current folder is its /share (--systemd: with real systemd as PID 1)
  shell COMMAND... run commands in it, one after the other; starts it when none runs
  stop             end it`;

const progress = (line: string): void => void process.stderr.write(`${line} s\n`);

async function shell(which: ByHand, commands: readonly string[]): Promise<number> {
  if ((await runningByHand(which)) === undefined)
    await startByHand({ ...which, progress, share: process.cwd(), init: "minimal" });
  for (const command of commands) {
    const { code, stdout, stderr } = await runByHand(which, command);
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
    xen: { type: "boolean" },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [verb, ...words] = positionals;
  const which: ByHand = { cacheDir: values.cache, machine: values.xen ? xen : kvm };
  switch (verb) {
    case "build":
      process.stdout.write(`${await ensureImage({ ...which, progress })}\n`);
      return 0;
    case "start":
      if ((await runningByHand(which)) !== undefined)
        throw new BedError("usage", "a test bed is running already");
      await startByHand({
        ...which,
        progress,
        share: process.cwd(),
        init: values.systemd ? "systemd" : "minimal",
      });
      return 0;
    case "shell":
      return shell(which, words);
    case "stop":
      await stopByHand(which);
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
