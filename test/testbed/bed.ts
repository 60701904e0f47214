// A test bed as suites use it: a restored VM with a GPU, libvirt and the project's files, thrown away at the end.
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { BedError, messageOf, within } from "./bed-error.ts";
import type { CommandResult, RunningCommand } from "./guest-channel.ts";
import { ensureImage, prepareRun } from "./image.ts";
import { kvm } from "./kvm-machine.ts";
import type { Init, Machine } from "./machine.ts";
import { mountShare, sharedFolders } from "./share.ts";
import { Vm } from "./vm.ts";

export const defaultCacheDir = "/var/cache/vgpud-testbed";

export interface BedOptions {
  /** Which bed; default the KVM bed. */
  readonly machine?: Machine;
  /** Folder that the guest sees at /share, read-only; absent for a guest without one. */
  readonly share?: string;
  readonly cacheDir?: string;
  /** PID 1 of the guest; default "minimal". */
  readonly init?: Init;
  /** Lines about what is being built; silent when absent. */
  readonly progress?: (line: string) => void;
}

export interface TextResult {
  /** Exit status; 128 + the signal's number when a signal ended the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** When it passes, the command is killed and BedError "timeout" thrown. Default 60 s. */
  readonly timeoutMs?: number;
  readonly stdin?: string | Uint8Array;
}

interface RunParts {
  readonly machine: Machine;
  readonly image: string;
  readonly dir: string;
  readonly share: string | undefined;
  readonly init: Init;
}

export class Bed {
  #parts: RunParts;
  readonly #forwards: Server[] = [];
  /** Ports here by those of the guest. */
  readonly #leads = new Map<number, number>();
  #vm: Vm;
  /** Nothing was done in it since it was restored. */
  #clean = true;

  private constructor(parts: RunParts, vm: Vm) {
    this.#parts = parts;
    this.#vm = vm;
  }

  /** Restores the booted VM from the cache, building it first when it is not there (minutes). Needs root to build. */
  static async start(options: BedOptions = {}): Promise<Bed> {
    const cacheDir = options.cacheDir ?? defaultCacheDir;
    const machine = options.machine ?? kvm;
    const image = await ensureImage({ cacheDir, machine, progress: options.progress ?? (() => undefined) });
    const dir = await mkdtemp(join(cacheDir, `run-${process.pid}-`));
    try {
      const parts = { machine, image, dir, share: options.share, init: options.init ?? "minimal" };
      return new Bed(parts, await startVm(parts));
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs a bash command to its end; a status other than 0 is a result, not an error. */
  async run(command: string, options: RunOptions = {}): Promise<TextResult> {
    const { code, stdout, stderr } = await this.runBytes(command, options);
    return { code, stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8") };
  }

  async runBytes(command: string, options: RunOptions = {}): Promise<CommandResult> {
    const running = this.background(command, options.stdin);
    try {
      return await within(running.result, options.timeoutMs ?? 60_000, `the guest to run: ${command}`);
    } catch (error) {
      running.kill("SIGKILL");
      throw await this.#withLog(error);
    }
  }

  /** The trimmed output of a command that must succeed; otherwise BedError "guest" with what it wrote. */
  async check(command: string, options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, options);
    if (code !== 0)
      throw new BedError("guest", `status ${code} of: ${command}\n${stdout}${stderr}`.trimEnd());
    return stdout.trim();
  }

  /** Starts a command and leaves it running. */
  background(command: string, stdin: string | Uint8Array = ""): RunningCommand {
    this.#clean = false;
    return this.#vm.channel.start(command, Buffer.from(stdin));
  }

  async writeFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    this.#clean = false;
    await this.#vm.channel.writeFile(path, Buffer.from(content), mode);
  }

  /**
   * Opens a UNIX socket on this machine whose connections end at `unix:PATH` or `tcp:PORT` in the guest, and returns its
   * path. It stays across `reset` and `reboot` (connections do not).
   */
  async forward(address: string): Promise<string> {
    const path = join(this.#parts.dir, `forward-${this.#forwards.length}.sock`);
    await this.#forward(address, { path });
    return path;
  }

  /** The same from a port of this machine's loopback, for who knows hosts by TCP alone. */
  async forwardPort(port: number, address: string): Promise<void> {
    await this.#forward(address, { host: "127.0.0.1", port });
  }

  /**
   * The other direction: connections in the guest to 127.0.0.1:PORT end at a port of this machine's loopback, the one way out of the
   * guest that there is. It is opened again with `reboot` and `powerOn`, and gone with `reset`.
   */
  async lead(guestPort: number, port: number): Promise<void> {
    this.#clean = false;
    await openLead(this.#vm, guestPort, port);
    this.#leads.set(guestPort, port);
  }

  /**
   * Back to the clean kernel and disk of a saved state (one to three seconds; a boot where none is saved with this PID 1): the same
   * PID 1 unless another is named. A bed in which nothing was done is one: a suite that resets it need not know whether the one
   * before has.
   */
  async reset(init: Init = this.#parts.init): Promise<void> {
    if (this.#clean && init === this.#parts.init) return;
    await this.#vm.stop();
    this.#parts = { ...this.#parts, init };
    this.#leads.clear();
    this.#vm = await startVm(this.#parts);
    this.#clean = true;
  }

  /** The power is gone: nothing of the guest is told, what it had not yet written to its disk is lost. Forwards answer nobody. */
  async cutPower(): Promise<void> {
    this.#clean = false;
    await this.#vm.stop();
  }

  /** Boots from the disk as the cut has left it. */
  async powerOn(): Promise<void> {
    this.#vm = await startVm(this.#parts, { restore: false });
    await this.#openLeads();
  }

  /** Boots the guest's kernel anew on the same disk (seconds to tens of seconds); what is only in memory is gone. */
  async reboot(): Promise<void> {
    await this.check("sync");
    try {
      await this.#vm.reboot();
      if (this.#parts.share !== undefined) await mountShare(this.#vm.channel);
      await this.#openLeads();
    } catch (error) {
      throw await this.#withLog(error);
    }
  }

  /** The end of what QEMU and the guest's console have said. */
  log(): Promise<string> {
    return this.#vm.log();
  }

  /** Ends QEMU and removes everything this bed has made. */
  async stop(): Promise<void> {
    for (const server of this.#forwards) server.close();
    await this.#vm.stop();
    await rm(this.#parts.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #forward(address: string, where: ListenOptions): Promise<void> {
    const server = createServer((client) => {
      this.#vm.channel.connect(address, 30_000).then(
        (guest) => {
          pipeline(client, guest, client, () => undefined);
        },
        () => client.destroy(),
      );
    });
    this.#forwards.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(where, resolve);
    });
  }

  async #openLeads(): Promise<void> {
    for (const [guestPort, port] of this.#leads) await openLead(this.#vm, guestPort, port);
  }

  async #withLog(error: unknown): Promise<BedError> {
    const code = error instanceof BedError ? error.code : "guest";
    return new BedError(code, `${messageOf(error)}\n${await this.log()}`, { cause: error });
  }
}

/** `kept`: from a disk that is there. */
async function startVm(parts: RunParts, kept?: { readonly restore: boolean }): Promise<Vm> {
  const { machine, image, dir, share, init } = parts;
  const prepared = kept ?? (await prepareRun({ image, dir, init }));
  const shares = await sharedFolders(share, dir);
  const vm = await Vm.start(machine, { dir, image, shares, init, ...prepared });
  if (share === undefined) return vm;
  try {
    await mountShare(vm.channel);
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

async function openLead(vm: Vm, guestPort: number, port: number): Promise<void> {
  await vm.channel.listen(guestPort, (guest) => {
    const there = connect({ host: "127.0.0.1", port });
    pipeline(guest, there, guest, () => undefined);
  });
}
