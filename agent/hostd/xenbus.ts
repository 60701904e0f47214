// The way to xenstore: a file that is written and read in turns.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { hasCode } from "./kernel-files.ts";
import { Xenstore } from "./xenstore.ts";

/** @throws NodeJS.ErrnoException when there is no xenstore to ask, XenstoreError when it refuses */
export function askXenstore<T>(files: AllowedFiles, ask: (store: Xenstore) => T): T {
  const fd = openXenbus(files);
  try {
    const store = new Xenstore({
      write: (bytes) => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      },
      read: (into) => readSync(fd, into),
    });
    return ask(store);
  } finally {
    closeSync(fd);
  }
}

/**
 * In /proc a plain file, where xenfs is mounted, as Xen's own services do; the device node is the same (xenbus_dev_frontend.c), and all
 * there is in the sandbox of vgpud-hostd.service, whose /proc is its own.
 */
function openXenbus(files: AllowedFiles): number {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NOCTTY;
  try {
    return openSync(files.resolved("xenbusFile", {}), flags);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return openSync(files.resolved("xenbusDevice", {}), flags);
  }
}
