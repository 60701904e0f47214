// What a process gets that writes to the kernel's `create` and `remove` files: what the kernel does, unless a fault strikes.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { FaultBoard } from "./faults/board.ts";
import type { Errno } from "./faults/kinds.ts";
import type { CreateErrno, Removal, SimulatedKernel } from "./kernel.ts";
import { outlives } from "./one-boot.ts";

/** Of the aperture, when it is in pieces: room for the smallest type alone. */
const PIECE_MIB = 64;

export class KernelCalls {
  readonly #kernel: SimulatedKernel;
  readonly #faults: FaultBoard;

  /** vGPUs vanish by themselves from then on, when a fault says so. */
  constructor(kernel: SimulatedKernel, faults: FaultBoard) {
    this.#kernel = kernel;
    this.#faults = faults;
    let known = new Set<VgpuId>();
    kernel.onChange(() => {
      const before = known;
      known = new Set(kernel.mdevs.keys());
      for (const id of known)
        if (!before.has(id)) for (const { name } of faults.all("VGPU_VANISHES")) void this.#vanish(name, id);
    });
    faults.onSet(({ kind, name }) => {
      if (kind === "VGPU_VANISHES") for (const id of known) void this.#vanish(name, id);
    });
  }

  /** A write of `id` to the type's `create` file; undefined when it went through. */
  async create(gpu: PciAddress, type: string, id: VgpuId): Promise<CreateErrno | Errno | undefined> {
    const faults = this.#faults;
    const occasion = { gpu, object: [id] };
    // The writer is gone with the boot: nobody hears the errno.
    if (!(await outlives(this.#kernel, faults.hold("CREATE_LATE", occasion)))) return "EIO";
    const failing = faults.strike("CREATE_FAILS", occasion);
    if (failing !== undefined) return failing.errno;
    if (faults.strike("CREATE_SHOWS_NOTHING", occasion) !== undefined) return undefined;
    const partial = faults.strike("CREATE_PARTIAL", occasion) !== undefined;
    const isFragmented = faults.find("GM_FRAGMENTED", { gpu }) !== undefined;
    return this.#kernel.create(gpu, type, id, {
      partial,
      ...(isFragmented ? { largestPieceMib: PIECE_MIB } : {}),
    });
  }

  /** A write of `1` to the vGPU's `remove` file. May wait for ever. */
  async remove(id: VgpuId): Promise<Removal | { readonly errno: Errno }> {
    const faults = this.#faults;
    const mdev = this.#kernel.mdevs.get(id);
    // A removal that waits has taken the `remove` file away: no fault strikes twice for it.
    if (mdev === undefined || mdev.removing) return "absent";
    const occasion = { gpu: mdev.gpu, object: [id] };
    const failing = faults.strike("REMOVE_FAILS", occasion);
    if (failing?.errno !== undefined) return { errno: failing.errno };
    const blocks = faults.find("REMOVE_BLOCKS", occasion) !== undefined;
    return await this.#kernel.remove(id, {
      leaks: faults.strike("REMOVE_LEAKS", occasion) !== undefined,
      ...(blocks ? { after: faults.hold("REMOVE_BLOCKS", occasion) } : {}),
    });
  }

  async #vanish(fault: string, id: VgpuId): Promise<void> {
    const mdev = this.#kernel.mdevs.get(id);
    if (mdev === undefined) return;
    const isDue = await this.#faults.strikesLater(fault, { gpu: mdev.gpu, object: [id] });
    if (isDue && this.#kernel.mdevs.get(id)?.allocation === mdev.allocation) this.#kernel.vanish(id);
  }
}
