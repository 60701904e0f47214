// The faults that are set: who asks whether one strikes, waits for the end of one, or strikes by itself later.
import { setMaxListeners } from "node:events";
import type { PciAddress } from "../../core/ids.ts";
import type { SimulatedClock } from "../clock.ts";
import type { Fault } from "./fault.ts";
import { rowOf, type FaultKind } from "./kinds.ts";

/** What happens where; a fault strikes when nothing that it is narrowed to is something else. */
export interface Occasion {
  readonly gpu?: PciAddress;
  /** All names of the object: a vGPU's id, a domain's UUID and name. */
  readonly object?: readonly string[];
  /** All names of libvirt's method. */
  readonly target?: readonly string[];
}

interface Entry {
  readonly fault: Fault;
  /** How often it can strike still. */
  left: number;
  /** How many it holds up now. */
  holding: number;
  /** Aborts when it is cleared, replaced or over. */
  readonly end: AbortController;
}

export class FaultBoard {
  readonly #clock: SimulatedClock;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  readonly #setListeners = new Set<(fault: Fault) => void>();

  constructor(clock: SimulatedClock, initial: readonly Fault[]) {
    this.#clock = clock;
    this.set(initial);
  }

  /** By name; `times` counts down, and is 1 while the last one still lasts: 0 would say "always". */
  get list(): readonly Fault[] {
    const entries = [...this.#entries.values()].sort((a, b) => (a.fault.name < b.fault.name ? -1 : 1));
    return entries.map(({ fault, left }) =>
      fault.times === undefined ? fault : { ...fault, times: Math.max(1, left) },
    );
  }

  /** Sets each; one of the same name is replaced, and what that held up goes on. */
  set(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#end(fault.name);
      const entry = { fault, left: fault.times ?? Infinity, holding: 0, end: new AbortController() };
      // Every call that the fault holds up listens until it ends: many are no leak.
      setMaxListeners(0, entry.end.signal);
      this.#entries.set(fault.name, entry);
      if (rowOf(fault.kind).nature === "state" && fault.delay_ms !== undefined)
        void this.#endAfter(entry, fault.delay_ms);
    }
    this.#changed();
    for (const fault of faults) for (const listener of this.#setListeners) listener(fault);
  }

  /** Ends the named ones, or all. What they held up goes on. A name that is not set is passed over. */
  clear(names: readonly string[] = [...this.#entries.keys()]): void {
    for (const name of names) this.#end(name);
    this.#changed();
  }

  /** Called after each change of what is set. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Called for each fault that is set. */
  onSet(listener: (fault: Fault) => void): void {
    this.#setListeners.add(listener);
  }

  /** The faults of a kind that are set. */
  all(kind: FaultKind): readonly Fault[] {
    return this.list.filter((fault) => fault.kind === kind);
  }

  /** One that applies, without striking. */
  find(kind: FaultKind, occasion: Occasion = {}): Fault | undefined {
    return this.#entry(kind, occasion)?.fault;
  }

  /** One that applies and strikes now. */
  strike(kind: FaultKind, occasion: Occasion = {}): Fault | undefined {
    const entry = this.#entry(kind, occasion);
    if (entry === undefined) return undefined;
    entry.left -= 1;
    this.#endWhenUsedUp(entry);
    return entry.fault;
  }

  /** Strikes, and resolves when the fault lets go: it ended, or its delay is over. At once when none applies. */
  async hold(kind: FaultKind, occasion: Occasion = {}): Promise<void> {
    const entry = this.#entry(kind, occasion);
    if (entry === undefined) return;
    entry.left -= 1;
    entry.holding += 1;
    const { delay_ms: delayMs } = entry.fault;
    const isTimed = delayMs !== undefined && rowOf(kind).nature !== "state";
    await (isTimed ? this.#clock.sleep(delayMs, entry.end.signal) : aborted(entry.end.signal));
    entry.holding -= 1;
    this.#endWhenUsedUp(entry);
  }

  /** Resolves when the fault's delay is over, with whether it strikes the object: not when it ended before. */
  async strikesLater(name: string, occasion: Occasion): Promise<boolean> {
    const entry = this.#entries.get(name);
    if (entry === undefined || !applies(entry.fault, occasion)) return false;
    const { delay_ms: delayMs } = entry.fault;
    if (delayMs !== undefined) await this.#clock.sleep(delayMs, entry.end.signal);
    if (entry.end.signal.aborted || entry.left <= 0) return false;
    entry.left -= 1;
    this.#endWhenUsedUp(entry);
    return true;
  }

  #entry(kind: FaultKind, occasion: Occasion): Entry | undefined {
    return [...this.#entries.values()].find(
      ({ fault, left }) => fault.kind === kind && left > 0 && applies(fault, occasion),
    );
  }

  async #endAfter(entry: Entry, ms: number): Promise<void> {
    await this.#clock.sleep(ms, entry.end.signal);
    if (!entry.end.signal.aborted) this.clear([entry.fault.name]);
  }

  #endWhenUsedUp(entry: Entry): void {
    if (entry.left > 0 || entry.holding > 0 || entry.end.signal.aborted) return;
    this.clear([entry.fault.name]);
  }

  #end(name: string): void {
    this.#entries.get(name)?.end.abort();
    this.#entries.delete(name);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function applies({ gpu, object, target }: Fault, occasion: Occasion): boolean {
  return (
    (gpu === undefined || gpu === occasion.gpu) &&
    (object === undefined || occasion.object?.includes(object) === true) &&
    (target === undefined || occasion.target?.includes(target) === true)
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}
