// A real hostd over a tree of its own, with a client, and what ps would show of processes.
import assert from "node:assert/strict";
import { readFile, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { StartedProcess } from "../../fakes/process.ts";

export const hostdProgram = fileURLToPath(import.meta.resolve("../../../agent/hostd/main.js"));
export const PATIENT = { deadlineMs: 30_000 };

export class Bench implements AsyncDisposable {
  readonly tree: GvtTree;
  readonly socketPath: string;
  readonly client: HostdClient;
  #process: StartedProcess | undefined;

  private constructor(tree: GvtTree) {
    this.tree = tree;
    this.socketPath = path.join(tree.root, "hostd.sock");
    this.client = new HostdClient({ socketPath: this.socketPath, ...PATIENT });
  }

  static async make(prefix: readonly string[] = []): Promise<Bench> {
    const bench = new Bench(await GvtTree.make());
    await bench.start(prefix);
    return bench;
  }

  get process(): StartedProcess {
    assert.ok(this.#process);
    return this.#process;
  }

  async start(prefix: readonly string[] = []): Promise<void> {
    const words = [
      ...prefix,
      process.execPath,
      hostdProgram,
      "--socket",
      this.socketPath,
      "--root",
      this.tree.root,
    ];
    this.#process = await StartedProcess.start(words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.process[Symbol.asyncDispose]();
    await this.tree[Symbol.asyncDispose]();
  }
}

/** Empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

/** EBUSY comes from a terminal in exclusive mode here; CAP_SYS_ADMIN would open it all the same (tty_io.c). */
export const OPENS_ONCE =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"] : [];

/** The groups of the tree are the terminals of their numbers from then on. */
export async function groupsAreTerminals(root: string): Promise<void> {
  await rm(path.join(root, "dev/vfio"), { recursive: true });
  await symlink("/dev/pts", path.join(root, "dev/vfio"));
}

/** A pseudo terminal in exclusive mode: open(2) of it answers EBUSY as that of a held VFIO group does. */
export async function exclusiveTerminal(): Promise<AsyncDisposable & { readonly number: string }> {
  const program = `
    open(my $ptmx, "+<", "/dev/ptmx") or die; my $number = pack("i", 0);
    ioctl($ptmx, 0x40045431, my $unlock = pack("i", 0)) or die; ioctl($ptmx, 0x80045430, $number) or die;
    $number = unpack("i", $number); open(my $tty, "+<", "/dev/pts/$number") or die; ioctl($tty, 0x540c, 0) or die;
    $| = 1; print "ready $number\\n"; sleep;`;
  const holder = await StartedProcess.start(["perl", "-e", program]);
  const number = holder.ready.slice("ready ".length);
  return { number, [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose]() };
}
