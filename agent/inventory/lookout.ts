// Looks at the host when asked, once for all who ask at the same time.
import type { Inventory } from "./model.ts";
import type { Snapshot } from "./snapshot.ts";

/** A look at the host; see discovery/observe.ts. */
export type Look = (signal: AbortSignal) => Promise<Omit<Inventory, "revision">>;

export class Lookout {
  readonly #look: Look;
  readonly #snapshot: Snapshot;
  readonly #stop: AbortSignal;
  readonly #onBlinded = new Set<() => void>();
  readonly #onView = new Set<() => void>();
  #running: Promise<Inventory> | undefined;
  #next: Promise<Inventory> | undefined;

  constructor(options: { readonly look: Look; readonly snapshot: Snapshot; readonly stop: AbortSignal }) {
    this.#look = options.look;
    this.#snapshot = options.snapshot;
    this.#stop = options.stop;
  }

  /** The last view taken; undefined before the first. */
  get current(): Inventory | undefined {
    return this.#snapshot.current;
  }

  /** The look that is being taken now. */
  get underWay(): Promise<Inventory> | undefined {
    return this.#running;
  }

  /** Tells of each look that finds libvirt away, or hanging, which the look before still saw. */
  onBlinded(listener: () => void): void {
    this.#onBlinded.add(listener);
  }

  /** Tells of each view that was taken. */
  onView(listener: () => void): void {
    this.#onView.add(listener);
  }

  /** A view whose look began after this call: what the caller just changed is in it. */
  fresh(): Promise<Inventory> {
    // A look under way may have passed what the caller is after; all who come meanwhile share the one that follows.
    if (this.#next) return this.#next;
    if (!this.#running) return this.#begin();
    this.#next = this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<Inventory> {
    this.#next = undefined;
    const running = this.#look(this.#stop)
      .then((observation) => this.#take(observation))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  #take(observation: Omit<Inventory, "revision">): Inventory {
    const saw = this.current?.domains.known === true;
    const inventory = this.#snapshot.update(observation);
    if (saw && !inventory.domains.known) for (const listener of this.#onBlinded) listener();
    for (const listener of this.#onView) listener();
    return inventory;
  }
}
