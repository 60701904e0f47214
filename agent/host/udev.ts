// Watches the kernel's device events, as a trigger only: what changed is always read from the tree.
// inotify does not fire for sysfs, and Node has no netlink: `udevadm monitor` is the way that ships with every systemd host.
import { spawn } from "node:child_process";
import net from "node:net";
import { createInterface } from "node:readline";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";

export interface Uevent {
  readonly subsystem: string;
  readonly action: string;
}

/** Tells the lines of `udevadm monitor` until the signal aborts; resolves with why it ended by itself. */
export type Monitor = (onLine: (line: string) => void, stop: AbortSignal) => Promise<string>;

export interface UdevOptions {
  readonly monitor: Monitor;
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
  "--subsystem-match=module",
];
/** A line per event: `UDEV  [12.34] add  /devices/… (mdev)`. What precedes the first one explains the columns. */
const EVENT = /^UDEV\s+\[[^\]]*\]\s+(\S+)\s+\S+\s+\((\S+)\)/;
const RETRY_MS = 30_000;

/** Runs until the signal aborts. */
export async function watchUdev(options: UdevOptions, stop: AbortSignal): Promise<void> {
  const { monitor, onEvent, onLost, clock } = options;
  const onLine = (line: string): void => {
    const [, action, subsystem] = EVENT.exec(line) ?? [];
    if (action !== undefined && subsystem !== undefined) onEvent({ subsystem, action });
  };
  for (;;) {
    const why = await monitor(onLine, stop);
    if (stop.aborted) return;
    onLost(why, RETRY_MS);
    await clock.sleep(RETRY_MS, stop).catch(() => undefined);
  }
}

/** This machine's. */
export const udevadm: Monitor = (onLine, stop) => {
  const child = spawn(COMMAND, ARGUMENTS, {
    stdio: ["ignore", "pipe", "ignore"],
    signal: stop,
    killSignal: "SIGTERM",
  });
  createInterface({ input: child.stdout }).on("line", onLine);
  return new Promise((resolve) => {
    child.once("error", (error) => {
      resolve(messageOf(error));
    });
    child.once("exit", (code, signal) => {
      resolve(`${COMMAND} ended with ${signal ?? `exit code ${String(code)}`}`);
    });
  });
};

/** A simulated host's, which tells them on a socket. */
export function monitorAt(socketPath: string): Monitor {
  return (onLine, stop) => {
    const socket = net.connect({ path: socketPath, signal: stop });
    createInterface({ input: socket }).on("line", onLine);
    return new Promise((resolve) => {
      socket.once("error", (error) => {
        resolve(messageOf(error));
      });
      socket.once("close", () => {
        resolve(`${socketPath} was closed`);
      });
    });
  };
}
