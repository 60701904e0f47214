// The one Xen bed of a test run: every suite that imports it runs in the same machine.
import type { Bed } from "../bed.ts";
import { oneBedForAll } from "../one-bed.ts";
import { xen } from "./machine.ts";

/** Running from the first test to the last. A suite leaves it as it found it, or resets it. */
export let bed: Bed;

oneBedForAll(xen, (started) => {
  bed = started;
});
