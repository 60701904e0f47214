// Waits for what others share or what cannot be stopped only as long as somebody wants to know.

/** What the promise gives, or the signal's reason when that aborts first; what the promise stands for goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    };
    const unhook = (): void => {
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(unhook);
    if (signal.aborted) abort();
  });
}
