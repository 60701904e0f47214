// A simulator in a process and a directory of its own, for one test.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sendControl, type ControlMessage } from "../../agent/simulator/control-client.ts";
import { StartedProcess } from "./process.ts";

const main = fileURLToPath(import.meta.resolve("../../agent/simulator/main.js"));
const PATIENCE_MS = 30_000;

export class SimulatedHost implements AsyncDisposable {
  readonly directory: string;
  process: StartedProcess;

  private constructor(directory: string, process: StartedProcess) {
    this.directory = directory;
    this.process = process;
  }

  /** `yaml` is the HOST.yaml; without it the default host. */
  static async start(yaml = ""): Promise<SimulatedHost> {
    const directory = await mkdtemp(path.join(tmpdir(), "simulated-host-"));
    await writeFile(path.join(directory, "host.yaml"), yaml);
    return new SimulatedHost(directory, await startIn(directory));
  }

  get root(): string {
    return path.join(this.directory, "root");
  }

  get hostdSocket(): string {
    return path.join(this.directory, "hostd.sock");
  }

  get libvirtSocket(): string {
    return path.join(this.directory, "libvirt-sock");
  }

  /** Sends a command of `agent/simulator/control.ts`. */
  async control(message: ControlMessage): Promise<unknown> {
    return await sendControl(
      path.join(this.directory, "control.sock"),
      message,
      AbortSignal.timeout(PATIENCE_MS),
    );
  }

  /** Starts another process in the same directory. */
  async startAgain(): Promise<void> {
    this.process = await startIn(this.directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true });
  }
}

async function startIn(directory: string): Promise<StartedProcess> {
  const host = path.join(directory, "host.yaml");
  return await StartedProcess.start([process.execPath, main, "--dir", directory, "--host", host]);
}
