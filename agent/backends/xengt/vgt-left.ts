// How much XenGT of 2015 and 2016 has left, which root alone may read: it is asked for, and is what it was while nobody answers.
import { messageOf } from "../../core/errors.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import { VGT_RESOURCES } from "../../inventory/xengt.ts";
import { domidsIn, type VgtLeft } from "./vgt-files.ts";

/** Of an agent's whole life: a look asks by `VgtLeftNow`. */
export class VgtLeftMemory {
  readonly #ask: () => Promise<VgtLeft>;
  /** The domains for which there were slices at that time: what is left changes with them alone. */
  #last: { readonly left: VgtLeft; readonly domids: string } | undefined;

  /** `ask` rejects when it cannot be read, with why. */
  constructor(ask: () => Promise<VgtLeft>) {
    this.#ask = ask;
  }

  async ask(files: HostFiles): Promise<VgtLeft> {
    const before = await domidsOf(files);
    const left = await this.#ask();
    // Of a time between two sets of slices it is told, and not remembered.
    this.#last = (await domidsOf(files)) === before ? { left, domids: before } : undefined;
    return left;
  }

  /** Undefined where it is not known, as slices have come or gone since it was told. */
  async last(files: HostFiles): Promise<VgtLeft | undefined> {
    return this.#last?.domids === (await domidsOf(files)) ? this.#last.left : undefined;
  }
}

/** Of one look, which reads a GPU until it shows the same twice: who does not answer is not asked again. */
export class VgtLeftNow {
  readonly #memory: VgtLeftMemory;
  readonly #files: HostFiles;
  #isAsked = true;

  constructor(memory: VgtLeftMemory, files: HostFiles) {
    this.#memory = memory;
    this.#files = files;
  }

  async left(): Promise<VgtLeft | undefined> {
    const files = this.#files;
    if (this.#isAsked)
      try {
        return await this.#memory.ask(files);
      } catch (error) {
        this.#isAsked = false;
        files.missed?.(VGT_RESOURCES, messageOf(error));
      }
    return this.#memory.last(files);
  }
}

async function domidsOf(files: HostFiles): Promise<string> {
  return (await domidsIn(files)).join();
}
