// Puts the simulated host together: kernel, its tree of files, hostd's socket, libvirt's and the control socket.
import { randomUUID } from "node:crypto";
import { KeyedLock } from "../core/keyed-lock.ts";
import { serveProtocol, type ProtocolServer } from "../hostd/protocol/server.ts";
import { SimulatedClock } from "./clock.ts";
import { serveControl, type ControlCommand } from "./control.ts";
import { DeviceModelLogs } from "./device-model-logs.ts";
import { SimulatorDirectory } from "./directory.ts";
import { FaultBoard } from "./faults/board.ts";
import { withFailingFiles } from "./faults/failing-files.ts";
import type { Fault } from "./faults/fault.ts";
import { faultsBeyond } from "./faults/beyond-host.ts";
import { FunctionCalls, type RefusedWrite } from "./function-calls.ts";
import { makeMdevs, makeXlGuests } from "./made-by-others.ts";
import type { Entries } from "./entries.ts";
import { hostEntries } from "./host-tree.ts";
import { parseHost } from "./host-yaml.ts";
import { hotState } from "./hot-state.ts";
import { HostdFace } from "./hostd-face.ts";
import { holdWhatIsIdle } from "./holding.ts";
import { KernelCalls } from "./kernel-calls.ts";
import { SimulatedKernel } from "./kernel.ts";
import { LibvirtDaemon } from "./libvirt/daemon.ts";
import { renderingDomains } from "./libvirt/rendering.ts";
import { fieldOf, Refusal } from "./problem.ts";
import { snapshotOf } from "./snapshot.ts";
import { TreeWriter } from "./tree-writer.ts";
import { UeventFeed } from "./uevent-feed.ts";
import type { XlRefusal } from "./xen-guests.ts";
import { VgtCalls } from "./xengt/calls.ts";

type Change = Exclude<ControlCommand, { readonly command: "snapshot" | "simulation" }>;

export class Simulator implements AsyncDisposable {
  readonly directory: SimulatorDirectory;
  readonly #kernel: SimulatedKernel;
  readonly #faults: FaultBoard;
  readonly #clock = new SimulatedClock();
  readonly #calls: KernelCalls;
  readonly #functionCalls: FunctionCalls;
  readonly #vgtCalls: VgtCalls;
  readonly #deviceModelLogs = new DeviceModelLogs();
  readonly #face: HostdFace;
  /** The description as it was given. */
  #yaml: string;
  #control: AsyncDisposable | undefined;
  #hostd: ProtocolServer | undefined;
  #libvirt: LibvirtDaemon | undefined;
  #uevents: UeventFeed | undefined;
  /** What changes the host: one change must not meet another half done. */
  readonly #turns = new KeyedLock<"host">();

  private constructor(directory: string, yaml: string, origin: string) {
    const host = parseHost(yaml, origin);
    this.directory = new SimulatorDirectory(directory);
    this.#yaml = yaml;
    const kernel = new SimulatedKernel(host, randomUUID);
    const faults = new FaultBoard(this.#clock, host.faults);
    this.#kernel = kernel;
    this.#faults = faults;
    this.#calls = new KernelCalls(kernel, faults);
    this.#functionCalls = new FunctionCalls(kernel, faults);
    this.#vgtCalls = new VgtCalls(kernel, faults, (domid) => this.#namesOf(domid));
    holdWhatIsIdle(kernel, faults);
    this.#face = new HostdFace({
      kernel,
      faults,
      calls: this.#calls,
      functionCalls: this.#functionCalls,
      vgtCalls: this.#vgtCalls,
      deviceModelLogs: this.#deviceModelLogs,
      libvirtGuests: () => this.#libvirt?.domains.onXen() ?? [],
      renderingDomains: () => renderingDomains(this.#libvirt?.domains.list() ?? [], this.#clock),
      root: this.directory.root,
    });
  }

  /**
   * Starts to serve in a directory, which is made when it is not there. What a killed simulator left there is replaced.
   * `yaml` describes the host, and `origin` is what a refusal calls it.
   * @throws Refusal when the description is wrong; Error when another simulator runs there, or the directory holds a
   * `root` that no simulator made
   */
  static async start(directory: string, yaml: string, origin: string): Promise<Simulator> {
    const simulator = new Simulator(directory, yaml, origin);
    await simulator.directory.make();
    // First of all: a running simulator is recognised by its control socket.
    simulator.#control = await serveControl(simulator.directory.controlSocket, (command) =>
      simulator.#obey(command),
    );
    try {
      await simulator.#inTurn(() => simulator.#serve());
    } catch (error) {
      await simulator[Symbol.asyncDispose]();
      throw error;
    }
    return simulator;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inTurn(async () => {
      await this.#hostd?.close();
      await this.#libvirt?.[Symbol.asyncDispose]();
      await this.#uevents?.[Symbol.asyncDispose]();
    });
    await this.#control?.[Symbol.asyncDispose]();
    await this.directory.removeOwn();
  }

  async #serve(): Promise<void> {
    await this.directory.claim();
    const writer = new TreeWriter(this.directory.root, this.directory.staging);
    this.#uevents = await UeventFeed.serve(this.directory.ueventSocket, this.#clock);
    const write = (): void => {
      const entries = this.#entries();
      writer.apply(entries);
      this.#uevents?.show(entries);
    };
    this.#changeGpus();
    write();
    this.#kernel.onChange(write);
    this.#faults.onChange(() => {
      this.#changeGpus();
      write();
      // Who sets or clears a fault is told by its own turn; one that ends by itself has nobody to tell.
      this.#inTurn(() => this.#obeyFaults()).catch((error: unknown) => {
        process.emitWarning(error instanceof Error ? error : String(error));
      });
    });
    makeMdevs(this.#kernel, this.#kernel.host);
    makeXlGuests(this.#kernel, this.#kernel.host);
    this.#libvirt = await LibvirtDaemon.start({
      kernel: this.#kernel,
      faults: this.#faults,
      calls: this.#calls,
      functionCalls: this.#functionCalls,
      vgtCalls: this.#vgtCalls,
      deviceModelLogs: this.#deviceModelLogs,
      clock: this.#clock,
      socketPath: this.directory.libvirtSocket,
      innerPath: this.directory.libvirtInner,
    });
    await this.#obeyFaults();
  }

  /** Of the guest with the number. */
  #namesOf(domid: number): readonly string[] {
    const guests = this.#kernel.xen.withThoseOf(this.#libvirt?.domains.onXen() ?? []);
    return guests.filter((guest) => guest.domid === domid).flatMap(({ name, uuid }) => [name, uuid]);
  }

  #entries(): Entries {
    return withFailingFiles(this.#soundEntries(), this.#faults.all("FILE_FAILS"));
  }

  /** With every file as it is when none fails. */
  #soundEntries(): Entries {
    return hostEntries(
      this.#kernel,
      (gpu) => this.#faults.find("AVAILABLE_INSTANCES_WRONG", { gpu })?.instances ?? 0,
    );
  }

  #changeGpus(): void {
    this.#kernel.setHot(hotState(this.#kernel.host, this.#faults));
  }

  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    return await this.#turns.run("host", change);
  }

  /** Resolves when hostd and libvirt are as gone or as hung as the faults want them. */
  async #obeyFaults(): Promise<void> {
    if (this.#faults.find("HOSTD_GONE") !== undefined) await this.#stopHostd();
    else this.#hostd ??= await this.#serveHostd();
    await this.#libvirt?.obeyFaults();
  }

  async #serveHostd(): Promise<ProtocolServer> {
    return await serveProtocol({
      address: { path: this.directory.hostdSocket },
      program: "vgpud-simulator",
      perform: (request) => this.#face.perform(request),
    });
  }

  async #stopHostd(): Promise<void> {
    const hostd = this.#hostd;
    this.#hostd = undefined;
    await hostd?.close();
  }

  async #obey(command: ControlCommand): Promise<unknown> {
    if (command.command === "snapshot")
      return snapshotOf(this.#kernel, this.#faults, this.#libvirt?.domains.list() ?? []);
    if (command.command === "simulation") return { yaml: this.#yaml, faults: this.#faults.list };
    return await this.#inTurn(() => this.#change(command));
  }

  async #change(command: Change): Promise<unknown> {
    switch (command.command) {
      case "set-faults":
        return await this.#setFaults(command.faults);
      case "clear-faults":
        this.#faults.clear(command.names);
        await this.#obeyFaults();
        return { faults: this.#faults.list };
      case "create-mdev":
        this.#kernelDid(this.#kernel.create(command.gpu, command.type, command.uuid), "create the mdev");
        return undefined;
      case "remove-mdev":
        return await Promise.race([this.#kernel.remove(command.uuid), nextTurn("blocked")]);
      case "set-vfs":
        this.#kernel.functions.setAutoprobe(command.gpu, command.autoprobe);
        return await this.#wrote(
          this.#functionCalls.setVfs(command.gpu, command.count),
          "set the virtual functions",
        );
      case "bind-driver":
        return await this.#wrote(
          this.#functionCalls.bind(command.device, command.driver),
          "bind the PCI function",
        );
      case "hold-function":
        this.#kernelDid(
          this.#kernel.functions.open(command.device, { pid: command.pid, command: command.name }),
          "hold the PCI function",
        );
        return undefined;
      case "write-vgt":
        return await this.#wrote(
          this.#vgtCalls.write(command.line).then((errno) => errno && { errno }),
          "write create_vgt_instance",
        );
      case "xl-create":
        refuseXl(command.guest.name, this.#kernel.xen.create(command.guest));
        return undefined;
      case "xl-destroy":
        if (!this.#kernel.xen.destroy(command.name))
          throw new Error(`cannot destroy: there is no guest ${command.name}`);
        return undefined;
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
        await nextTurn(undefined);
        return undefined;
      case "replace-libvirt":
        this.#libvirt?.replace(command.version);
        return undefined;
      case "guest":
        this.#guestDoes(command.domain, command.does);
        await nextTurn(undefined);
        return undefined;
      case "load-host":
        await this.#loadHost(command.yaml, command.keep_faults);
        return undefined;
      case "reboot":
        await this.#reboot();
        return undefined;
    }
  }

  async #setFaults(faults: readonly Fault[]): Promise<unknown> {
    const problems = faultsBeyond(this.#kernel.host, this.#soundEntries(), faults);
    if (problems.length > 0) {
      throw new Refusal(
        "set the faults",
        problems.map(({ path, ...problem }) => ({ ...problem, field: fieldOf(path) })),
      );
    }
    this.#faults.set(faults);
    await this.#obeyFaults();
    return { faults };
  }

  async #loadHost(yaml: string, keepFaults: boolean): Promise<void> {
    const host = parseHost(yaml, "the host's description");
    await this.#reboot(() => {
      this.#yaml = yaml;
      if (!keepFaults) this.#faults.clear();
      this.#kernel.reboot(host);
      this.#faults.set(host.faults);
      makeMdevs(this.#kernel, host);
      makeXlGuests(this.#kernel, host);
    });
  }

  /** Everything that ran on the host is gone; files and connections too. hostd is back when the host has booted. */
  async #reboot(
    boot = (): void => {
      this.#kernel.reboot();
    },
  ): Promise<void> {
    await this.#stopHostd();
    boot();
    this.#face.reboot();
    this.#libvirt?.reboot();
    await this.#obeyFaults();
  }

  #guestDoes(name: string, what: "crash" | "poweroff" | "reboot"): void {
    const domains = this.#libvirt?.domains;
    const uuid = domains?.byName(name).uuid;
    if (domains === undefined || uuid === undefined) throw new Error("libvirt does not run yet");
    if (what === "crash") domains.crash(uuid);
    if (what === "poweroff") domains.powerOff(uuid);
    if (what === "reboot") domains.reset(uuid);
  }

  /** `blocked` when the write waits. */
  async #wrote(
    write: Promise<Pick<RefusedWrite, "errno"> | undefined>,
    what: string,
  ): Promise<"blocked" | undefined> {
    const end = await Promise.race([write, nextTurn("blocked" as const)]);
    if (end === "blocked") return end;
    this.#kernelDid(end?.errno, what);
    return undefined;
  }

  #kernelDid(errno: string | undefined, what: string): void {
    if (errno !== undefined) throw new Error(`cannot ${what}: ${errno}`);
  }
}

function refuseXl(name: string, refusal: XlRefusal | undefined): void {
  if (refusal === undefined) return;
  const why =
    refusal.what === "name" ? `there is a guest ${name}` : `XenGT refuses its slice: ${refusal.errno}`;
  throw new Error(`cannot create: ${why}`);
}

/** A value after everything that is due now has run. */
async function nextTurn<T>(value: T): Promise<T> {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
}
