// The shipped vgpud, started as its first line says, with its log in a file: a reader of the log would cost the machine time.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { programStart } from "../../scripts/program-start.ts";
import { cpuMsSinceStart } from "./measure.ts";

const main = fileURLToPath(import.meta.resolve("../../agent/main.js"));

export interface AgentOptions {
  /** A folder that is there; socket, ledger and log are put into it. */
  readonly folder: string;
  readonly root: string;
  readonly hostdSocket: string;
  readonly libvirtSocket: string;
  /** On top of our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class BenchAgent implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly socket: string;
  /** The URL of /metrics. */
  readonly metrics: string;
  /** Milliseconds from the start to the line that says ready. */
  readonly readyMs: number;
  /** Milliseconds of CPU until then. */
  readonly readyCpuMs: number;

  private constructor(
    child: ChildProcess,
    told: Pick<BenchAgent, "socket" | "metrics" | "readyMs" | "readyCpuMs">,
  ) {
    this.#child = child;
    this.socket = told.socket;
    this.metrics = told.metrics;
    this.readyMs = told.readyMs;
    this.readyCpuMs = told.readyCpuMs;
  }

  /** Resolves when it is ready. */
  static async start(options: AgentOptions): Promise<BenchAgent> {
    const { folder, root, hostdSocket, libvirtSocket, env = {} } = options;
    const socket = path.join(folder, "vgpud.sock");
    const words = [
      ...["--config", path.join(folder, "vgpud.yaml"), "--socket", socket],
      ...["--state-dir", path.join(folder, "state"), "--metrics", "127.0.0.1:0"],
      ...["--host-root", root, "--hostd-socket", hostdSocket, "--libvirt-socket", libvirtSocket],
    ];
    const { environment, flags } = programStart(await readFile(main, "utf8"));
    const log = openSync(path.join(folder, "vgpud.log"), "a");
    const begun = performance.now();
    const child = spawn(process.execPath, [...flags, main, ...words], {
      stdio: ["ignore", "pipe", log],
      env: { ...process.env, ...environment, ...env },
    });
    closeSync(log);
    if (child.stdout === null) throw new TypeError("the pipe that was asked for is missing");
    for await (const line of createInterface(child.stdout)) {
      const readyMs = performance.now() - begun;
      const metrics = /^ready socket=\S+ metrics=(\S+)/.exec(line)?.[1] ?? "";
      const readyCpuMs = await cpuMsSinceStart(child.pid ?? 0);
      return new BenchAgent(child, { socket, metrics, readyMs, readyCpuMs });
    }
    throw new Error(`vgpud ended: ${await readFile(path.join(folder, "vgpud.log"), "utf8")}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}
