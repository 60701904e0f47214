// Starts one of our own programs beside the agent and ends it with the agent: the simulator, or hostd on a copied tree.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Companion extends AsyncDisposable {
  /** What it said when it was ready: `ready root=/… hostd=/…`. */
  readonly ready: string;
  /** Resolves when it ends by itself, with why; never once it is being disposed of. */
  readonly endedItself: Promise<string>;
}

/** Until the companion says that it is ready. */
const READY_MS = 20_000;
/** Between asking it to end and ending it. */
const END_MS = 5_000;

/** `program` is a compiled module of ours, relative to this folder. Rejects when it ends or keeps silent before it is ready. */
export async function startCompanion(program: string, args: readonly string[]): Promise<Companion> {
  const script = fileURLToPath(new URL(program, import.meta.url));
  // Its errors are the operator's to see. By the channel it notices our end, even a SIGKILL, and ends too.
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => {
      resolve(error.message);
    });
    child.once("exit", (code, signal) => {
      resolve(`${program} ended with ${signal ?? `exit code ${String(code)}`}`);
    });
  });
  let toldToEnd = false;
  const endedItself = new Promise<string>((resolve) => {
    void ended.then((why) => {
      if (!toldToEnd) resolve(why);
    });
  });
  const end = async (): Promise<void> => {
    toldToEnd = true;
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), END_MS);
    await ended;
    clearTimeout(force);
  };
  try {
    const ready = await Promise.race([firstLine(child), ended.then(fail), silence(program)]);
    return { ready, endedItself, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function firstLine({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (stdout) createInterface({ input: stdout }).once("line", resolve);
  });
}

function silence(program: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      reject(new Error(`${program} was not ready in ${READY_MS} ms`));
    }, READY_MS).unref();
  });
}

function fail(why: string): never {
  throw new Error(why);
}
