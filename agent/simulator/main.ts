#!/usr/bin/env node
// The simulated host as a process of its own, so that an agent that is killed meets the same kernel again.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { defaultHost, parseHost, type HostDescription } from "./host-description.ts";
import { Simulator } from "./simulator.ts";

const USAGE = "usage: simulator --dir DIR [--host HOST.yaml]";
const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;

async function main(): Promise<void> {
  const { dir, host } = readOptions();
  const simulator = await Simulator.start(path.resolve(dir), await readHost(host));
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
  const { root, hostdSocket, controlSocket, libvirtSocket } = simulator.paths;
  process.stdout.write(
    `ready root=${root} hostd=${hostdSocket} control=${controlSocket} libvirt=${libvirtSocket}\n`,
  );
  await stopped;
  await simulator[Symbol.asyncDispose]();
  // Operations that hang in the simulated kernel must not keep it alive.
  process.exit();
}

function readOptions(): { readonly dir: string; readonly host: string | undefined } {
  try {
    const { values } = parseArgs({ options: { dir: { type: "string" }, host: { type: "string" } } });
    if (values.dir !== undefined) return { dir: values.dir, host: values.host };
  } catch {
    // An unknown option is answered as a missing one.
  }
  throw new Refusal(USAGE, EXIT_USAGE);
}

async function readHost(file: string | undefined): Promise<HostDescription> {
  if (file === undefined) return defaultHost();
  try {
    return parseHost(await readFile(file, "utf8"), file);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error), EXIT_CONFIG);
  }
}

class Refusal extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`vgpud-simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Refusal ? error.exitCode : 1;
}
