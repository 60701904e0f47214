// The files of one examination beside looks at the host: somebody waits for what a look finds, and nobody for a diagnosis.
import type { Clock } from "../core/clock.ts";
import type { ExaminedFiles } from "./look.ts";

/** How long an examination waits for looks, all in all: where one follows the other without end it is made all the same. */
const PATIENCE_MS = 1_000;

export interface Looks {
  /** Settles when the look under way is over; undefined when there is none. */
  readonly underWay: Promise<unknown> | undefined;
}

/** Each read begins when no look is under way. */
export class GivingWay implements ExaminedFiles {
  readonly #files: ExaminedFiles;
  readonly #looks: Looks;
  readonly #clock: Clock;
  #patienceMs = PATIENCE_MS;
  /** Of all who wait for the same look. */
  #waiting: Promise<void> | undefined;

  constructor(files: ExaminedFiles, looks: Looks, clock: Clock) {
    this.#files = files;
    this.#looks = looks;
    this.#clock = clock;
  }

  async read(path: string): Promise<string | undefined> {
    await this.turn();
    return this.#files.read(path);
  }

  async list(path: string): Promise<string[]> {
    await this.turn();
    return this.#files.list(path);
  }

  async linkName(path: string): Promise<string | undefined> {
    await this.turn();
    return this.#files.linkName(path);
  }

  async linkParentName(path: string): Promise<string | undefined> {
    await this.turn();
    return this.#files.linkParentName(path);
  }

  async exists(path: string): Promise<boolean> {
    await this.turn();
    return this.#files.exists(path);
  }

  /** Resolves when no look is under way, or was waited for long enough; also for what is read by other means. */
  async turn(): Promise<void> {
    const { underWay } = this.#looks;
    if (underWay !== undefined && this.#patienceMs > 0) this.#waiting ??= this.#waitFor(underWay);
    await this.#waiting;
  }

  /** The look to be waited for after another, while there is patience left of what there was at `from`. */
  #after(look: Promise<unknown>, from: number): Promise<unknown> | undefined {
    const { underWay } = this.#looks;
    const isOver = underWay === look || this.#clock.now() - from >= this.#patienceMs;
    return isOver ? undefined : underWay;
  }

  async #waitFor(look: Promise<unknown>): Promise<void> {
    const from = this.#clock.now();
    const over = new AbortController();
    const patience = this.#clock.sleep(this.#patienceMs, over.signal).catch(() => undefined);
    // One that was asked for meanwhile begins as soon as the first is over.
    for (let next: Promise<unknown> | undefined = look; next !== undefined; next = this.#after(next, from))
      await Promise.race([next.catch(() => undefined), patience]);
    over.abort();
    await patience;
    this.#patienceMs -= this.#clock.now() - from;
    this.#waiting = undefined;
  }
}
