// What must not be left half done when vgpud stops, and what cannot be waited for without end then either.
import type { Clock } from "../../core/clock.ts";
import { FINISH_MS } from "../scheduler.ts";

/** Does what is to go on after `stop`, with a signal that aborts FINISH_MS after it. */
export async function finishing<T>(
  act: (late: AbortSignal) => Promise<T>,
  { stop, clock }: { readonly stop: AbortSignal; readonly clock: Pick<Clock, "sleep"> },
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const onStop = (): void => {
    const abort = (): void => {
      late.abort(new Error(`not done ${FINISH_MS} ms after vgpud was told to stop`));
    };
    clock.sleep(FINISH_MS, done.signal).then(abort, () => undefined);
  };
  stop.addEventListener("abort", onStop, { once: true, signal: done.signal });
  if (stop.aborted) onStop();
  try {
    return await act(late.signal);
  } finally {
    done.abort();
  }
}
