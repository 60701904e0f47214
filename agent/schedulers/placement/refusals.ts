// What Placement refuses for one GPU alone: it is told of, and tried again when the books are compared next, while the others are told
// all there is.
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

  /** `what`: the GPU's provider by its name. Undefined where Placement refused; throws what would meet every other GPU, too. */
  async attempt<T>(gpu: PciAddress, what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PlacementError) || OF_ALL.has(error.kind)) throw error;
      this.#byGpu.set(gpu, { what, kind: error.kind, message: error.message });
      return undefined;
    }
  }
}
