// A caller that does as it is told: it comes back with the same request.
import { setTimeout as delay } from "node:timers/promises";
import { RpcError } from "./rpc.ts";

/** Shorter than the agent asks for: the more they come, the better. */
const COME_BACK_MS = 10;

/** More than any test has. */
const PATIENCE_MS = 300_000;

/** Again, at `most` so often, while the refusal is one to come back from. Whatever else it is rejects, and so does the last. */
export async function comingBack<T>(
  call: () => Promise<T>,
  mayComeBack: (refusal: RpcError) => boolean,
  most = Infinity,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const isOver = tries >= most || performance.now() > deadline;
      if (isOver || !(error instanceof RpcError) || !mayComeBack(error)) throw error;
    }
    await delay(COME_BACK_MS);
  }
}
