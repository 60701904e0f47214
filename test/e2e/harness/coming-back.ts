// A caller that does as it is told: it comes back with the same request.
import { setTimeout as delay } from "node:timers/promises";
import { RpcError } from "./rpc.ts";

/** Shorter than the agent asks for: the more they come, the better. */
const COME_BACK_MS = 10;

/** Again as long as the refusal is one to come back from; whatever else it is rejects. Mocha's limit ends it. */
export async function comingBack<T>(
  call: () => Promise<T>,
  mayComeBack: (refusal: RpcError) => boolean,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RpcError) || !mayComeBack(error)) throw error;
    }
    await delay(COME_BACK_MS);
  }
}
