// What Placement refuses for one GPU alone: it is told of, and tried again when the books are compared next, while the others are told
// all there is. A fault of Placement or Keystone looks the same from within one GPU's request, so that something of no GPU is asked after each.
import type { PciAddress } from "../../core/ids.ts";
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { Untold } from "../scheduler.ts";

/** What would meet every other request, too. */
const OF_ALL: ReadonlySet<PlacementFailure> = new Set([
  "unreachable",
  "unauthorized",
  "no-secret",
  "version",
]);

interface Attempt<T> {
  /** The GPU's provider by its name. */
  readonly what: string;
  /** Of Placement something that is of no GPU; rejects where that is not answered either. */
  readonly ask: () => Promise<unknown>;
  readonly work: () => Promise<T>;
}

export class Refusals {
  readonly #byGpu = new Map<PciAddress, Untold>();

  get all(): readonly Untold[] {
    return [...this.#byGpu.values()];
  }

  has(gpu: PciAddress): boolean {
    return this.#byGpu.has(gpu);
  }

  /** All is to be tried again. */
  clear(): void {
    this.#byGpu.clear();
  }

  /** Undefined where Placement refused; throws what would meet every other GPU, too. */
  async attempt<T>(gpu: PciAddress, { what, ask, work }: Attempt<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PlacementError) || OF_ALL.has(error.kind)) throw error;
      await ask();
      this.#byGpu.set(gpu, { what, kind: error.kind, message: error.message });
      return undefined;
    }
  }
}
