// What a create teaches that the kernel refused although the sums had room: until one of its slices goes, one as large is made
// after all, or ten minutes have passed, the GPU is not offered for that size. Placement prefers another GPU meanwhile.
import type { Snapshot } from "../inventory/snapshot.ts";
import type { LifecycleEvent } from "./driver.ts";

/** `at` in milliseconds since the epoch. */
export function learnRefusal(snapshot: Snapshot, event: LifecycleEvent, at: number): void {
  if (event.kind !== "step-failed" || event.error.reason !== "GM_FRAGMENTED") return;
  const { gpu, share } = event.claim;
  if (share.mode !== "gvt-g") return;
  const { lowGmMib, highGmMib } = share.sizes;
  snapshot.learn(gpu, { refusal: { sizes: { lowGmMib, highGmMib }, at } });
}
