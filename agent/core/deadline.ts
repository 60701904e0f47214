// An end by time beside another end. AbortSignal.any holds the signals that it is made of weakly, so that an AbortSignal.timeout which nobody
// else holds is collected, and what waits for both never ends by time (Node 20). And what it makes of a signal that lives long
// lives as long.
import type { Clock } from "./clock.ts";

interface Options {
  /** Ends it before its time, with its own reason. */
  readonly stop: AbortSignal;
  readonly clock: Pick<Clock, "sleep">;
}

/** Until it is disposed of, which is when nothing waits for it any more. */
export class Deadline implements Disposable {
  readonly #ended = new AbortController();
  readonly #stop: AbortSignal;
  #isOver = false;

  /** Begins now. `ms` may be as long as the clock sleeps: with that of the system however long. */
  constructor(ms: number, { stop, clock }: Options) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#end, { once: true });
    if (stop.aborted) this.#end();
    else void this.#endAfter(ms, clock);
  }

  /** Aborts at the end of the time, with a TimeoutError as AbortSignal.timeout has it, or when it is stopped; with what a clock fails with at once. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Whether it has ended by time. */
  get isOver(): boolean {
    return this.#isOver;
  }

  [Symbol.dispose](): void {
    this.#stop.removeEventListener("abort", this.#end);
    this.#ended.abort();
  }

  readonly #end = (): void => {
    this.#ended.abort(this.#stop.reason);
  };

  async #endAfter(ms: number, clock: Pick<Clock, "sleep">): Promise<void> {
    let reason: unknown = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    try {
      await clock.sleep(ms, this.#ended.signal);
      this.#isOver = !this.#ended.signal.aborted;
    } catch (error) {
      // By a clock that fails nobody is to wait for ever.
      reason = error;
    }
    if (this.#ended.signal.aborted) return;
    this.#stop.removeEventListener("abort", this.#end);
    this.#ended.abort(reason);
  }
}
