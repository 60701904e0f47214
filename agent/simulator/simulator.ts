// Puts the simulated host together: kernel, its tree of files, hostd's socket and the control socket in one directory.
import { randomUUID } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { serveProtocol, type ProtocolServer } from "../hostd/protocol/server.ts";
import { SimulatedClock } from "./clock.ts";
import { serveControl, type ControlCommand } from "./control.ts";
import { FaultBoard } from "./faults.ts";
import { hostEntries } from "./host-tree.ts";
import type { HostDescription } from "./host-description.ts";
import { HostdFace } from "./hostd-face.ts";
import { SimulatedKernel } from "./kernel.ts";
import { LibvirtDaemon } from "./libvirt/daemon.ts";
import { snapshotOf } from "./snapshot.ts";
import { TreeWriter } from "./tree-writer.ts";

/** Says that `root` and `staging` beside it are ours to delete. */
const MARKER = ".vgpud-simulator";
/** Holders made by HOST.yaml get pids from here. */
const FIRST_HOLDER_PID = 4_300_000;

export interface SimulatorPaths {
  readonly root: string;
  readonly hostdSocket: string;
  readonly controlSocket: string;
  readonly libvirtSocket: string;
}

export class Simulator implements AsyncDisposable {
  readonly paths: SimulatorPaths;
  readonly #directory: string;
  readonly #kernel: SimulatedKernel;
  readonly #faults: FaultBoard;
  readonly #clock = new SimulatedClock();
  readonly #face: HostdFace;
  readonly #closing: AsyncDisposable[] = [];
  #hostd: ProtocolServer | undefined;
  #libvirt: LibvirtDaemon | undefined;

  private constructor(directory: string, host: HostDescription) {
    this.#directory = directory;
    this.paths = {
      root: path.join(directory, "root"),
      hostdSocket: path.join(directory, "hostd.sock"),
      controlSocket: path.join(directory, "control.sock"),
      libvirtSocket: path.join(directory, "libvirt-sock"),
    };
    this.#kernel = new SimulatedKernel(host, randomUUID);
    this.#faults = new FaultBoard(host.faults);
    this.#face = new HostdFace({
      kernel: this.#kernel,
      faults: this.#faults,
      clock: this.#clock,
      root: this.paths.root,
    });
  }

  /**
   * Starts to serve in a directory, which is made when it is not there. What a killed simulator left there is replaced.
   * @throws Error when another simulator runs there, or the directory holds a `root` that no simulator made
   */
  static async start(directory: string, host: HostDescription): Promise<Simulator> {
    const simulator = new Simulator(directory, host);
    await mkdir(directory, { recursive: true });
    // First of all: a running simulator is recognised by its control socket.
    simulator.#closing.push(
      await serveControl(simulator.paths.controlSocket, (command) => simulator.#obey(command)),
    );
    try {
      await simulator.#serve(host);
    } catch (error) {
      await simulator[Symbol.asyncDispose]();
      throw error;
    }
    return simulator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hostd?.close();
    await this.#libvirt?.[Symbol.asyncDispose]();
    for (const part of this.#closing.reverse()) await part[Symbol.asyncDispose]();
    await this.#removeOwn();
  }

  async #serve(host: HostDescription): Promise<void> {
    await this.#claimDirectory();
    const writer = new TreeWriter(this.paths.root, path.join(this.#directory, "staging"));
    const write = (): void => {
      writer.apply(hostEntries(this.#kernel, this.#faults.current.available_instances_error ?? 0));
    };
    write();
    this.#kernel.onChange(write);
    this.#faults.onChange(write);
    for (const [index, { gpu, type, uuid, held_by: command }] of host.mdevs.entries()) {
      this.#kernelDid(this.#kernel.create(gpu, type, uuid), `create the mdev ${uuid}`);
      const pid = FIRST_HOLDER_PID + index;
      if (command !== undefined)
        this.#kernelDid(this.#kernel.open(uuid, { pid, command }), `hold the mdev ${uuid}`);
    }
    await this.#serveHostd();
    this.#libvirt = await LibvirtDaemon.start({
      kernel: this.#kernel,
      faults: this.#faults,
      clock: this.#clock,
      socketPath: this.paths.libvirtSocket,
      innerPath: path.join(this.#directory, "libvirt-inner.sock"),
    });
  }

  async #serveHostd(): Promise<void> {
    this.#hostd = await serveProtocol({
      address: { path: this.paths.hostdSocket },
      program: "vgpud-simulator",
      perform: (request) => this.#face.perform(request),
    });
  }

  async #obey(command: ControlCommand): Promise<unknown> {
    switch (command.command) {
      case "snapshot":
        return snapshotOf(this.#kernel, this.#faults, this.#libvirt?.domains.list() ?? []);
      case "set-faults":
        this.#faults.set(command.faults);
        return await this.#libvirt?.obeyFaults();
      case "clear-faults":
        this.#faults.clear(command.names);
        return await this.#libvirt?.obeyFaults();
      case "create-mdev":
        this.#kernelDid(this.#kernel.create(command.gpu, command.type, command.uuid), "create the mdev");
        return undefined;
      case "remove-mdev":
        return await Promise.race([this.#kernel.remove(command.uuid), nextTurn("blocked")]);
      case "hold":
        this.#kernelDid(
          this.#kernel.open(command.uuid, { pid: command.pid, command: command.name }),
          "hold the mdev",
        );
        return undefined;
      case "release":
        this.#kernel.close(command.pid);
        return undefined;
      case "advance":
        this.#clock.advance(command.ms);
        return undefined;
      case "guest":
        this.#guestDoes(command.domain, command.does);
        return undefined;
      case "reboot":
        await this.#reboot();
        return undefined;
    }
  }

  /** Everything that ran on the host is gone; files and connections too. */
  async #reboot(): Promise<void> {
    await this.#hostd?.close();
    this.#kernel.reboot();
    this.#face.reboot();
    await this.#serveHostd();
    await this.#libvirt?.reboot();
  }

  #guestDoes(name: string, what: "crash" | "poweroff" | "reboot"): void {
    const domains = this.#libvirt?.domains;
    const uuid = domains?.byName(name).uuid;
    if (domains === undefined || uuid === undefined) throw new Error("libvirt does not run yet");
    if (what === "crash") domains.crash(uuid);
    if (what === "poweroff") domains.powerOff(uuid);
    if (what === "reboot") domains.reset(uuid);
  }

  #kernelDid(errno: string | undefined, what: string): void {
    if (errno !== undefined) throw new Error(`cannot ${what}: ${errno}`);
  }

  async #claimDirectory(): Promise<void> {
    const marker = path.join(this.#directory, MARKER);
    if (await exists(marker)) await this.#removeOwn();
    if (await exists(this.paths.root)) {
      throw new Error(
        `cannot simulate in ${this.#directory}: its "root" was not made by a simulator, name another directory`,
      );
    }
    await writeFile(marker, "");
  }

  async #removeOwn(): Promise<void> {
    const marker = path.join(this.#directory, MARKER);
    if (!(await exists(marker))) return;
    for (const name of ["root", "staging"])
      await rm(path.join(this.#directory, name), { recursive: true, force: true });
    await rm(marker);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

/** A value after everything that is due now has run. */
async function nextTurn<T>(value: T): Promise<T> {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
}
