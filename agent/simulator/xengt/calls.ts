// What a process gets that writes to XenGT's create_vgt_instance: what the driver does, unless a fault strikes.
import type { FaultBoard, Occasion } from "../faults/board.ts";
import type { Errno } from "../faults/kinds.ts";
import type { SimulatedKernel } from "../kernel.ts";
import { outlives } from "../one-boot.ts";
import type { VgtErrno, VgtSlice } from "./driver.ts";
import { readLine, type Wish } from "./line.ts";

/** Of the aperture, when it is in pieces: what GVT-g's smallest type needs. */
const PIECE_MIB = 64;

export class VgtCalls {
  readonly #kernel: SimulatedKernel;
  readonly #faults: FaultBoard;
  /** Names of the guest with a number: of its domain, when it is one that is known. */
  readonly #namesOf: (domid: number) => readonly string[];

  /** Slices vanish by themselves from then on, when a fault says so. */
  constructor(
    kernel: SimulatedKernel,
    faults: FaultBoard,
    namesOf: (domid: number) => readonly string[] = () => [],
  ) {
    this.#kernel = kernel;
    this.#faults = faults;
    this.#namesOf = namesOf;
    let known: readonly VgtSlice[] = [];
    kernel.onChange(() => {
      const before = new Set(known.map(({ domid }) => domid));
      known = kernel.vgt?.slices ?? [];
      for (const { domid } of known)
        if (!before.has(domid))
          for (const { name } of faults.all("VGPU_VANISHES")) void this.#vanish(name, domid);
    });
    faults.onSet(({ kind, name }) => {
      if (kind === "VGPU_VANISHES") for (const { domid } of known) void this.#vanish(name, domid);
    });
  }

  /**
   * One write; undefined when it went through. May wait for ever. `names`: of the guest, where the writer knows them and nobody else
   * yet does.
   */
  async write(text: string, names: readonly string[] = []): Promise<VgtErrno | Errno | undefined> {
    const line = readLine(text);
    switch (line.kind) {
      case "wrong":
        return this.#kernel.writeVgt(text);
      case "make":
        return await this.#make(text, line.wish, this.#occasion(line.wish.domid, names));
      case "remove":
        return await this.#remove(text, this.#occasion(line.domid, names));
    }
  }

  async #make(text: string, { lowMib }: Wish, occasion: Occasion): Promise<VgtErrno | Errno | undefined> {
    const faults = this.#faults;
    // The writer is gone with the boot: nobody hears the errno.
    if (!(await outlives(this.#kernel, faults.hold("CREATE_LATE", occasion)))) return "EIO";
    const failing = faults.strike("CREATE_FAILS", occasion);
    if (failing !== undefined) return failing.errno;
    if (faults.strike("CREATE_SHOWS_NOTHING", occasion) !== undefined) return undefined;
    const isFragmented = faults.find("GM_FRAGMENTED", occasion) !== undefined;
    if (isFragmented && lowMib > PIECE_MIB)
      return this.#kernel.vgt?.generation === "2015" ? "ENOMEM" : "EINVAL";
    return this.#kernel.writeVgt(text);
  }

  async #remove(text: string, occasion: Occasion): Promise<VgtErrno | Errno | undefined> {
    const faults = this.#faults;
    const failing = faults.strike("REMOVE_FAILS", occasion);
    if (failing !== undefined) return failing.errno;
    if (!(await outlives(this.#kernel, faults.hold("REMOVE_BLOCKS", occasion)))) return "EIO";
    return this.#kernel.writeVgt(text);
  }

  #occasion(domid: number, names: readonly string[] = []): Occasion {
    const gpu = this.#kernel.vgt?.gpu.address;
    const object = [`vm${domid}`, ...names, ...this.#namesOf(domid)];
    return gpu === undefined ? { object } : { gpu, object };
  }

  async #vanish(fault: string, domid: number): Promise<void> {
    const { bootId } = this.#kernel;
    const isDue = await this.#faults.strikesLater(fault, this.#occasion(domid));
    if (isDue && this.#kernel.bootId === bootId) this.#kernel.writeVgt(`-${domid}`);
  }
}
