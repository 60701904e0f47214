// A vgpud on a simulated host of its own, whose time can be moved forward.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ownLimit } from "../../agent/cli/client/limit.ts";
import { connect, type Vgpud } from "../../agent/cli/client/vgpud.ts";
import { sendControl, type ControlMessage } from "../../agent/simulator/control-client.ts";
import { movableClock, passTime } from "./host-time.ts";

const main = fileURLToPath(new URL("../../agent/main.js", import.meta.url));
const PATIENCE_MS = 30_000;

export class SimulatedVgpud implements AsyncDisposable {
  /** Of the status page. */
  readonly url: string;
  /** A folder in which disks may lie. */
  readonly images: string;
  readonly libvirtSocket: string;
  readonly rpc: Vgpud;
  readonly #controlSocket: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, ready: ReadonlyMap<string, string>) {
    const told = (key: string): string => {
      const value = ready.get(key);
      if (value === undefined) throw new Error(`vgpud did not say where its ${key} is`);
      return value;
    };
    this.#child = child;
    this.#folder = folder;
    this.url = new URL("/", told("metrics")).href;
    this.images = told("images");
    const beside = (name: string): string => path.join(path.dirname(told("socket")), name);
    this.libvirtSocket = beside("libvirt-sock");
    this.#controlSocket = beside("control.sock");
    this.rpc = connect({
      ...{ target: { kind: "socket", path: told("socket") }, timeout: ownLimit(PATIENCE_MS) },
      signal: new AbortController().signal,
      onSend: () => undefined,
    });
  }

  /** `host` is a HOST.yaml, `settings` a configuration. */
  static async start(host: string, settings: string): Promise<SimulatedVgpud> {
    const folder = await mkdtemp(path.join(tmpdir(), "vgpud-screenshots-"));
    const [hostFile, settingsFile] = [path.join(folder, "host.yaml"), path.join(folder, "vgpud.yaml")];
    await Promise.all([writeFile(hostFile, host), writeFile(settingsFile, settings)]);
    const child = spawn(process.execPath, [main, "--config", settingsFile, "--simulate", hostFile], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, ...movableClock },
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const pairs = line.split(" ").map((word) => word.split(/=(.*)/s));
      return new SimulatedVgpud(child, folder, new Map(pairs.map(([key = "", value = ""]) => [key, value])));
    }
    await rm(folder, { recursive: true });
    throw new Error(`vgpud ended before it was ready; to see why: node ${main} --simulate`);
  }

  async control(message: ControlMessage): Promise<unknown> {
    return await sendControl(this.#controlSocket, message, AbortSignal.timeout(PATIENCE_MS));
  }

  /** Lets so many readings be taken, with the time between them. */
  async passTime(readings: number): Promise<void> {
    const signal = (): void => {
      this.#child.kill("SIGUSR2");
    };
    for (let taken = 0; taken < readings; taken += 1)
      await passTime({ controlSocket: this.#controlSocket, url: this.url, signal });
  }

  /** Resolves when the page says so. */
  async shows(text: string): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!(await (await fetch(this.url, { signal: patience })).text()).includes(text))
      patience.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rpc.close();
    const ended = once(this.#child, "exit");
    if (this.#child.exitCode === null && this.#child.kill("SIGTERM")) await ended;
    await rm(this.#folder, { recursive: true });
  }
}
