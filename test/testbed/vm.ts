// One QEMU process: started, asked to save or reset itself, and always ended by its own pid.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock as clock } from "../../agent/core/clock.ts";
import { Deadline } from "../../agent/core/deadline.ts";
import { BedError, messageOf, within } from "./bed-error.ts";
import { GuestChannel } from "./guest-channel.ts";
import { snapshotName, type Machine, type MachineOptions } from "./machine.ts";
import { Qmp } from "./qmp.ts";
import { connectWhenListening } from "./unix-socket.ts";

/** Emulated boots are slow and machines are shared: what is normal in 15 s gets this long. */
const bootTimeoutMs = 600_000;
const tailBytes = 3000;

export interface VmOptions extends MachineOptions {
  /** Let QEMU outlive this process (for `bed start`). */
  readonly detached?: boolean;
}

export class Vm {
  readonly pid: number;
  readonly #dir: string;
  readonly #process: ChildProcess;
  readonly #qmp: Qmp;
  readonly #channel: GuestChannel;
  #boot: string;

  private constructor(parts: {
    dir: string;
    process: ChildProcess;
    pid: number;
    qmp: Qmp;
    channel: GuestChannel;
    boot: string;
  }) {
    this.#dir = parts.dir;
    this.#process = parts.process;
    this.pid = parts.pid;
    this.#qmp = parts.qmp;
    this.#channel = parts.channel;
    this.#boot = parts.boot;
  }

  /** Resolves when the guest's agent has answered. A failure ends QEMU and shows the end of its console. */
  static async start(machine: Machine, options: VmOptions): Promise<Vm> {
    const { child, pid } = spawnQemu(machine, options);
    const ended = new AbortController();
    child.once("exit", (code, signal) => {
      ended.abort(new BedError("vm-ended", `QEMU ended at once (status ${String(code ?? signal)})`));
    });
    using booted = new Deadline(bootTimeoutMs, { stop: ended.signal, clock });
    const { signal } = booted;
    try {
      const qmp = await Qmp.open(join(options.dir, "qmp.sock"), signal);
      const channel = new GuestChannel(
        await connectWhenListening(join(options.dir, "control.sock"), signal),
        1,
      );
      const boot = await channel.hello(Date.now, bootTimeoutMs);
      return new Vm({ dir: options.dir, process: child, pid, qmp, channel, boot });
    } catch (error) {
      child.kill("SIGKILL");
      const log = await consoleTail(options.dir);
      throw new BedError("vm-ended", `the test bed's VM did not start: ${messageOf(error)}\n${log}`, {
        cause: error,
      });
    }
  }

  get channel(): GuestChannel {
    return this.#channel;
  }

  /** Changes with every start of the guest's kernel. */
  get boot(): string {
    return this.#boot;
  }

  /** Saves memory and disk in disk.qcow2; refused while a 9p share is mounted. */
  async save(): Promise<void> {
    await this.#qmp.human(`savevm ${snapshotName}`, 120_000);
  }

  /** Restarts the guest's kernel as a reset button does and waits for the agent of the new one. */
  async reboot(): Promise<void> {
    const before = this.#boot;
    await this.#qmp.execute("system_reset", {}, 60_000);
    const deadline = AbortSignal.timeout(bootTimeoutMs);
    do {
      deadline.throwIfAborted();
      this.#boot = await this.#channel.hello(Date.now, bootTimeoutMs);
    } while (this.#boot === before);
    this.#channel.forsake();
  }

  log(): Promise<string> {
    return consoleTail(this.#dir);
  }

  /** Leaves QEMU running without us. */
  detach(): void {
    this.#channel.close();
    this.#qmp.close();
    this.#process.unref();
  }

  /** Ends QEMU without asking the guest; its disk is thrown away. */
  async stop(): Promise<void> {
    this.#channel.close();
    this.#qmp.close();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await within(exited, 30_000, `QEMU (pid ${this.pid}) to end`);
  }
}

function spawnQemu(machine: Machine, options: VmOptions): { child: ChildProcess; pid: number } {
  const output = openSync(join(options.dir, "qemu.log"), "a");
  const qemu = ["qemu-system-x86_64", ...machine.qemuArguments(options)];
  // The kernel ends QEMU when this process dies, by whatever signal.
  const [file, ...args] = options.detached ? qemu : ["setpriv", "--pdeathsig", "KILL", "--", ...qemu];
  const child = spawn(file ?? "", args, {
    stdio: ["ignore", output, output],
    detached: options.detached ?? false,
  });
  closeSync(output);
  child.once("error", () => undefined);
  if (child.pid === undefined) throw new BedError("usage", `cannot run ${String(file)}: is it installed?`);
  return { child, pid: child.pid };
}

async function consoleTail(dir: string): Promise<string> {
  const parts = await Promise.all(
    ["qemu.log", "console.log"].map(async (name) => {
      const text = await readFile(join(dir, name), "utf8").catch(() => "");
      return text === "" ? "" : `--- end of ${name}\n${text.slice(-tailBytes)}`;
    }),
  );
  return parts.join("\n");
}
