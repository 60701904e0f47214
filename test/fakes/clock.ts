// A clock that moves only when a test says so. Waits for promises by letting the time pass that they wait for.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../agent/core/clock.ts";

/** 2026-01-01T00:00:00Z: what `wall` shows at the start. */
const EPOCH = 1_767_225_600_000;
/** More sleeps than any test needs. */
const PATIENCE = 500;

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  /** By how much the wall clock was set. */
  #setBy = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return EPOCH + this.#now + this.#setBy;
  }

  /** Sets the wall clock ahead, or back where `ms` is negative; no time passes. */
  setWall(ms: number): void {
    this.#setBy += ms;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        const error = new Error("The operation was aborted", { cause: signal.reason });
        reject(Object.assign(error, { name: "AbortError" }));
      };
      const wake = (): void => {
        signal.removeEventListener("abort", abort);
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const sleeper: Sleeper = { due: this.#now + ms, wake };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Moves on by `ms`, waking sleepers in the order they are due and letting each act before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.rest();
    for (let next = this.#earliest(); next && next.due <= end; next = this.#earliest()) {
      this.#now = Math.max(this.#now, next.due);
      next.wake();
      await this.rest();
    }
    this.#now = end;
  }

  /** Resolves when everything that can go on without time passing has done so. */
  async rest(): Promise<void> {
    for (let turns = 0; turns < 8; turns += 1) await turn();
  }

  /** The value of a promise that needs time to pass: skips from one sleeper to the next until it settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const settled = new AbortController();
    const note = (): void => {
      settled.abort();
    };
    promise.then(note, note);
    for (let skips = 0; skips < PATIENCE; skips += 1) {
      await this.rest();
      if (settled.signal.aborted) return promise;
      const next = this.#earliest();
      this.#now = Math.max(this.#now, next?.due ?? 0);
      next?.wake();
    }
    assert.fail(`the promise has not settled, ${this.sleepers} sleep: something hangs or spins`);
  }

  /** How many wait for time to pass. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  #earliest(): Sleeper | undefined {
    return [...this.#sleepers].sort((a, b) => a.due - b.due)[0];
  }
}
