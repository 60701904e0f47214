// Watches the kernel's device events, as a trigger only: what changed is always read from the tree.
// inotify does not fire for sysfs, and Node has no netlink: `udevadm monitor` is the way that ships with every systemd host.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";

export interface Uevent {
  readonly subsystem: string;
  readonly action: string;
}

export interface UdevOptions {
  /** Named as udev does: `mdev`, `add`. */
  readonly onEvent: (event: Uevent) => void;
  /** Told when the watch ends by itself; the resync goes on meanwhile. */
  readonly onLost: (why: string, retryInMs: number) => void;
  readonly clock: Clock;
}

const COMMAND = "udevadm";
const ARGUMENTS = [
  "monitor",
  "--udev",
  "--subsystem-match=mdev",
  "--subsystem-match=pci",
  "--subsystem-match=drm",
];
/** A line per event: `UDEV  [12.34] add  /devices/… (mdev)`. What precedes the first one explains the columns. */
const EVENT = /^UDEV\s+\[[^\]]*\]\s+(\S+)\s+\S+\s+\((\S+)\)/;
const RETRY_MS = 30_000;

/** Runs until the signal aborts. */
export async function watchUdev({ onEvent, onLost, clock }: UdevOptions, stop: AbortSignal): Promise<void> {
  for (;;) {
    const why = await monitorOnce(onEvent, stop);
    if (stop.aborted) return;
    onLost(why, RETRY_MS);
    await clock.sleep(RETRY_MS, stop).catch(() => undefined);
  }
}

function monitorOnce(onEvent: UdevOptions["onEvent"], stop: AbortSignal): Promise<string> {
  const child = spawn(COMMAND, ARGUMENTS, {
    stdio: ["ignore", "pipe", "ignore"],
    signal: stop,
    killSignal: "SIGTERM",
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, action, subsystem] = EVENT.exec(line) ?? [];
    if (action !== undefined && subsystem !== undefined) onEvent({ subsystem, action });
  });
  return new Promise((resolve) => {
    child.once("error", (error) => {
      resolve(messageOf(error));
    });
    child.once("exit", (code, signal) => {
      resolve(`${COMMAND} ended with ${signal ?? `exit code ${String(code)}`}`);
    });
  });
}
