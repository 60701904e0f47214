// What is made and removed goes to the backend of its mode.
import type { Share } from "../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../lifecycle/ports.ts";

/** One for each mode that this host gives out. */
export type SlicesOfModes = {
  readonly [Mode in Share["mode"]]: Slices<Extract<Share, { readonly mode: Mode }>>;
};

export class SlicesByMode implements Slices {
  readonly #of: SlicesOfModes;

  constructor(of: SlicesOfModes) {
    this.#of = of;
  }

  create(slice: Slice, signal: AbortSignal): Promise<void> {
    return this.#backendOf(slice).create(slice, signal);
  }

  remove(slice: Slice, signal: AbortSignal): Promise<RemoveOutcome> {
    return this.#backendOf(slice).remove(slice, signal);
  }

  #backendOf({ share }: Slice): Slices {
    return this.#of[share.mode];
  }
}
