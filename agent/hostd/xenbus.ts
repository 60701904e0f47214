// The way to xenstore: a file that is written and read in turns. The kernel keeps whoever reads it until xenstored answers, which one that
// has died never does, and a change that asks it first must not be ended by a signal; so it is read without waiting (O_NONBLOCK;
// kernel drivers/xen/xenbus/xenbus_dev_frontend.c).
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { hasCode } from "./kernel-files.ts";
import { Xenstore } from "./xenstore.ts";

/** How long xenstored has for all that is asked at once: a fraction of a millisecond for each node where it is well, and some hundred. */
const PATIENCE_MS = 5000;
/** Between two looks for more, twice as long each time: most answers are there at the second. */
const FIRST_WAIT_MS = 0.1;
const LONGEST_WAIT_MS = 20;

/** @throws NodeJS.ErrnoException when there is no xenstore to ask, XenstoreError when it refuses, XenstoreSilence when it does not answer */
export function askXenstore<T>(files: AllowedFiles, ask: (store: Xenstore) => T): T {
  const fd = openXenbus(files);
  const until = performance.now() + PATIENCE_MS;
  try {
    const store = new Xenstore({
      write: (bytes) => {
        for (let left = bytes; left.length > 0;) {
          const from = left;
          const written = patiently(() => writeSync(fd, from), until);
          if (written === undefined) return false;
          left = left.subarray(written);
        }
        return true;
      },
      read: (into) => patiently(() => readSync(fd, into), until),
      patienceMs: PATIENCE_MS,
    });
    return ask(store);
  } finally {
    closeSync(fd);
  }
}

/** How many bytes went; undefined when none did until then. */
function patiently(move: () => number, until: number): number | undefined {
  for (let ms = FIRST_WAIT_MS; ; ms = Math.min(2 * ms, LONGEST_WAIT_MS)) {
    const moved = unlessItWaits(move);
    if (moved !== undefined || performance.now() >= until) return moved;
    // Nobody wakes it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
  }
}

function unlessItWaits(move: () => number): number | undefined {
  try {
    return move();
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return undefined;
    throw error;
  }
}

/**
 * In /proc a plain file, where xenfs is mounted, as Xen's own services do; the device node is the same (xenbus_dev_frontend.c), and all
 * there is in the sandbox of vgpud-hostd.service, whose /proc is its own.
 */
function openXenbus(files: AllowedFiles): number {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NOCTTY | constants.O_NONBLOCK;
  try {
    return openSync(files.resolved("xenbusFile", {}), flags);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return openSync(files.resolved("xenbusDevice", {}), flags);
  }
}
