// The simulated host's time: it runs as ours does and can be pushed forward, so that a test need not wait.
export class SimulatedClock {
  #advancedMs = 0;
  readonly #sleepers = new Set<() => void>();

  /** Milliseconds; never steps back. */
  now(): number {
    return performance.now() + this.#advancedMs;
  }

  /** Resolves when the time has passed, or at once when the signal aborts. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    const due = this.now() + ms;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(wake, ms);
      const look = (): void => {
        if (this.now() >= due) wake();
      };
      const sleepers = this.#sleepers;
      function wake(): void {
        clearTimeout(timer);
        sleepers.delete(look);
        signal?.removeEventListener("abort", wake);
        resolve();
      }
      sleepers.add(look);
      signal?.addEventListener("abort", wake);
    });
  }

  /** Everything that sleeps until within the next `ms` wakes at once. */
  advance(ms: number): void {
    this.#advancedMs += ms;
    for (const look of [...this.#sleepers]) look();
  }
}
