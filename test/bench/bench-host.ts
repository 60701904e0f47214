// A simulated host with the agent on it, and on request a real libvirtd in the place of the simulated one.
import { mkdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { BenchAgent } from "./agent.ts";

export class BenchHost implements AsyncDisposable {
  readonly simulated: SimulatedHost;
  readonly #libvirtSocket: string;

  private constructor(simulated: SimulatedHost, libvirtSocket: string) {
    this.simulated = simulated;
    this.#libvirtSocket = libvirtSocket;
  }

  /** `yaml` is the HOST.yaml. */
  static async start(yaml = "", libvirtSocket?: string): Promise<BenchHost> {
    return await BenchHost.on(await SimulatedHost.start(yaml), libvirtSocket);
  }

  /** Takes the simulated host over, and ends it. */
  static async on(simulated: SimulatedHost, libvirtSocket?: string): Promise<BenchHost> {
    const host = new BenchHost(simulated, libvirtSocket ?? simulated.libvirtSocket);
    await mkdir(path.dirname(host.image));
    await writeFile(host.image, "");
    await truncate(host.image, 1024 * 1024);
    const config = `storage_roots: [${path.dirname(host.image)}]\n`;
    await writeFile(path.join(simulated.directory, "vgpud.yaml"), config);
    return host;
  }

  /** A raw image of one MiB. */
  get image(): string {
    return path.join(this.simulated.directory, "images", "bench.img");
  }

  /** One at a time: all have the same sockets and ledger. */
  async agent(env: Readonly<Record<string, string>> = {}): Promise<BenchAgent> {
    const { directory: folder, root, hostdSocket } = this.simulated;
    return await BenchAgent.start({ folder, root, hostdSocket, libvirtSocket: this.#libvirtSocket, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulated[Symbol.asyncDispose]();
  }
}
