// A real libvirtd of our own, in a private mount namespace with all its directories in one folder.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Connection } from "../../agent/node-libvirt/connection.ts";

/** Why it cannot run here; undefined when it can. */
export function whyNoLibvirtd(): string | undefined {
  if (process.getuid?.() !== 0) return "a libvirtd of our own needs root (mount namespace, qemu:///system)";
  const missing = ["libvirtd", "unshare", "qemu-system-x86_64"].filter((program) => !installed(program));
  return missing.length > 0 ? `${missing.join(", ")} not installed` : undefined;
}

export function installed(program: string): boolean {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  return spawnSync("sh", ["-c", `command -v ${program}`], { env: { PATH: path } }).status === 0;
}

// Where the daemon keeps things; bound to folders of ours, it neither sees nor disturbs the machine's own.
const DIRECTORIES = [
  "/run/libvirt",
  "/var/lib/libvirt",
  "/var/log/libvirt",
  "/var/cache/libvirt",
  "/etc/libvirt",
];

// The guests run as root without confinement: the folder is root's, and the daemon under test is not what confines.
const CONFIGURATION = {
  "libvirtd.conf": 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nlog_outputs = "3:stderr"\n',
  // Guests log to a file: no virtlogd is needed beside libvirtd.
  "qemu.conf":
    'stdio_handler = "file"\nuser = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = []\nnamespaces = []\n',
};

export interface LibvirtdOptions {
  /** Replaces files below /etc/libvirt. */
  readonly configuration?: Readonly<Record<string, string>>;
  /** Shell commands in the namespace before libvirtd starts, in the folder. What they leave running writes NAME.pid. */
  readonly before?: readonly string[];
}

export class RealLibvirtd {
  readonly #folder: string;
  readonly #before: readonly string[];
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, before: readonly string[]) {
    this.#folder = folder;
    this.#before = before;
  }

  static async start(options: LibvirtdOptions = {}): Promise<RealLibvirtd> {
    const libvirtd = new RealLibvirtd(await mkdtemp(join(tmpdir(), "lv-")), options.before ?? []);
    // Other users may reach the socket, if its own mode lets them.
    await chmod(libvirtd.#folder, 0o711);
    for (const directory of DIRECTORIES) await mkdir(libvirtd.#bound(directory), { recursive: true });
    for (const [name, text] of Object.entries({ ...CONFIGURATION, ...options.configuration })) {
      await writeFile(join(libvirtd.#bound("/etc/libvirt"), name), text);
    }
    await libvirtd.boot();
    return libvirtd;
  }

  get socket(): string {
    return join(this.#bound("/run/libvirt"), "libvirt-sock");
  }

  /** Of libvirtd itself; 0 when none runs. */
  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Starts the daemon, again after `kill`; resolves when it answers. */
  async boot(): Promise<void> {
    const mounts = DIRECTORIES.map(
      (directory) => `mkdir -p ${directory}; mount --bind ${this.#bound(directory)} ${directory}`,
    );
    const script = [
      "set -e",
      ...mounts,
      `cd ${this.#folder}`,
      ...this.#before,
      "exec libvirtd -p /run/libvirt/libvirtd.pid",
    ].join("\n");
    const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
    const args = ["--mount", "--propagation", "private", "sh", "-c", script];
    this.#daemon = spawn("unshare", args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    this.#daemon.stderr?.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
    await this.#untilItAnswers(() => log);
  }

  signal(name: NodeJS.Signals): void {
    this.#daemon?.kill(name);
  }

  /** SIGKILL; resolves when it is gone. Guests are left as a crash leaves them. */
  async kill(): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = once(daemon, "exit");
    daemon.kill("SIGCONT");
    daemon.kill("SIGKILL");
    await exited;
  }

  /** Ends the daemon, its guests and what `before` left running, and removes the folder. */
  async stop(): Promise<void> {
    await this.kill();
    for (const folder of [this.#folder, join(this.#bound("/run/libvirt"), "qemu")]) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (name.endsWith(".pid")) await this.#killByPidFile(join(folder, name));
      }
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #untilItAnswers(log: () => string): Promise<void> {
    const deadline = AbortSignal.timeout(30_000);
    for (;;) {
      try {
        const connection = await Connection.open({
          socket: this.socket,
          uri: "test:///default",
          signal: deadline,
        });
        await connection.close();
        return;
      } catch (cause) {
        const gone = this.#daemon?.exitCode !== null;
        if (gone || deadline.aborted)
          throw new Error(`libvirtd does not answer; it said:\n${log()}`, { cause });
        await delay(50);
      }
    }
  }

  async #killByPidFile(path: string): Promise<void> {
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (!Number.isInteger(pid) || pid <= 1) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }

  #bound(directory: string): string {
    return join(this.#folder, directory.slice(1).replaceAll("/", "-"));
  }
}
