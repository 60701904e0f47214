// Waits for something to become true on the other side of a socket, where nobody tells.
import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 20;

/** The first value that is neither undefined nor false; rejects after a generous while with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await delay(PAUSE_MS);
  }
  throw new Error(`waited in vain until ${what}`);
}
