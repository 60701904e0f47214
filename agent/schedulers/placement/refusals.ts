// What Placement refuses for one GPU or one consumer alone: it is told of, and tried again when the books are compared next, while of the
// others all is done. A fault of Placement or Keystone looks the same from within such a request, so that something else is asked after each.
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { PlacementApi } from "../../placement/model.ts";
import type { Untold } from "../scheduler.ts";

/** What would meet every other request, too. */
const OF_ALL: ReadonlySet<PlacementFailure> = new Set([
  "unreachable",
  "unauthorized",
  "no-secret",
  "version",
]);

/** Asks Placement something that is of no GPU and no consumer; rejects where that is not answered either. */
export type Ask = () => Promise<unknown>;

/** `host`: as Placement calls it. */
export function askFor(host: string, api: Pick<PlacementApi, "providerNamed">, signal: AbortSignal): Ask {
  return () => api.providerNamed(host, signal);
}

interface Attempt<T> {
  /** How an operator finds it in Placement, as the GPU's provider by its name. */
  readonly what: string;
  readonly ask: Ask;
  readonly work: () => Promise<T>;
  /** A failure that, but for this work, would be one of all: a rule of policy may be about this alone. */
  readonly mayBeOfOne?: PlacementFailure;
}

/** `Of`: what each is of. */
export class Refusals<Of> {
  readonly #byWhat = new Map<Of, Untold>();

  get all(): readonly Untold[] {
    return [...this.#byWhat.values()];
  }

  has(one: Of): boolean {
    return this.#byWhat.has(one);
  }

  /** All is to be tried again. */
  clear(): void {
    this.#byWhat.clear();
  }

  /** Undefined where Placement refused; throws what would meet every other, too. */
  async attempt<T>(one: Of, { what, ask, work, mayBeOfOne }: Attempt<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      if (OF_ALL.has(error.kind) && error.kind !== mayBeOfOne) throw error;
      await ask();
      this.#byWhat.set(one, { what, kind: error.kind, message: error.message });
      return undefined;
    }
  }
}
