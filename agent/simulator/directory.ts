// The directory that a simulator serves in, and what of it is ours to delete.
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

/** Says that `root` and `staging` beside it are ours. */
const MARKER = ".vgpud-simulator";

export class SimulatorDirectory {
  /** The tree of files. */
  readonly root: string;
  readonly staging: string;
  readonly hostdSocket: string;
  readonly controlSocket: string;
  /** Where the kernel's events are told, in the lines of `udevadm monitor`. */
  readonly ueventSocket: string;
  readonly libvirtSocket: string;
  /** Where the daemon behind the one that clients see listens. */
  readonly libvirtInner: string;
  readonly #at: string;

  constructor(at: string) {
    this.#at = at;
    this.root = path.join(at, "root");
    this.staging = path.join(at, "staging");
    this.hostdSocket = path.join(at, "hostd.sock");
    this.controlSocket = path.join(at, "control.sock");
    this.ueventSocket = path.join(at, "uevents.sock");
    this.libvirtSocket = path.join(at, "libvirt-sock");
    this.libvirtInner = path.join(at, "libvirt-inner.sock");
  }

  async make(): Promise<void> {
    await mkdir(this.#at, { recursive: true });
  }

  /** Replaces what a killed simulator left. @throws Error when it holds a `root` that no simulator made */
  async claim(): Promise<void> {
    const marker = path.join(this.#at, MARKER);
    if (await exists(marker)) await this.removeOwn();
    if (await exists(this.root)) {
      throw new Error(
        `cannot simulate in ${this.#at}: its "root" was not made by a simulator, name another directory`,
      );
    }
    await writeFile(marker, "");
  }

  async removeOwn(): Promise<void> {
    const marker = path.join(this.#at, MARKER);
    if (!(await exists(marker))) return;
    for (const folder of [this.root, this.staging]) await rm(folder, { recursive: true, force: true });
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
