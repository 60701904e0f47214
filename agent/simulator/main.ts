#!/usr/bin/env node
// The simulated host as a process of its own, so that an agent that is killed meets the same kernel again.
import path from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_MACHINE, readHost, type HostText } from "./machines.ts";
import { Refusal } from "./problem.ts";
import { Simulator } from "./simulator.ts";

const USAGE = "usage: simulator --dir DIR [--host HOST.yaml|MACHINE]";
const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;

class ExitError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

async function main(): Promise<void> {
  const { dir, host } = readOptions();
  const { yaml, origin } = await readGivenHost(host);
  const simulator = await Simulator.start(path.resolve(dir), yaml, origin);
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => {
      resolve();
    });
    process.once("SIGINT", () => {
      resolve();
    });
    // Started by the agent, it ends with the agent, however that ended.
    process.once("disconnect", () => {
      resolve();
    });
  });
  const { root, hostdSocket, controlSocket, libvirtSocket } = simulator.directory;
  process.stdout.write(
    `ready root=${root} hostd=${hostdSocket} control=${controlSocket} libvirt=${libvirtSocket}\n`,
  );
  await stopped;
  await simulator[Symbol.asyncDispose]();
  // Operations that hang in the simulated kernel must not keep it alive.
  process.exit();
}

function readOptions(): { readonly dir: string; readonly host: string } {
  try {
    const { values } = parseArgs({ options: { dir: { type: "string" }, host: { type: "string" } } });
    if (values.dir !== undefined) return { dir: values.dir, host: values.host ?? DEFAULT_MACHINE };
  } catch {
    // An unknown option is answered as a missing one.
  }
  throw new ExitError(USAGE, EXIT_USAGE);
}

async function readGivenHost(word: string): Promise<HostText> {
  try {
    return await readHost(word);
  } catch (error) {
    throw new ExitError(error instanceof Error ? error.message : String(error), EXIT_CONFIG);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ExitError) return error.exitCode;
  return error instanceof Refusal ? EXIT_CONFIG : 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`vgpud-simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
