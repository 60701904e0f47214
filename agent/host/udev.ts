// Watches the kernel's device events, as a trigger only: what changed is always read from the tree.
// inotify does not fire for sysfs, and Node has no netlink: `udevadm monitor` is the way that ships with every systemd host.
import { spawn } from "node:child_process";
import net from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
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
  const child = spawn(COMMAND, ARGUMENTS, { stdio: ["ignore", "pipe", "ignore"] });
  readLines(child.stdout, onLine);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => {
      resolve(messageOf(error));
    });
    child.once("exit", (code, signal) => {
      resolve(`${COMMAND} ended with ${signal ?? `exit code ${String(code)}`}`);
    });
  });
  return endedBy(stop, () => child.kill(), ended);
};

/** A simulated host's, which tells them on a socket. */
export function monitorAt(socketPath: string): Monitor {
  return (onLine, stop) => {
    const socket = net.connect({ path: socketPath });
    readLines(socket, onLine);
    const ended = new Promise<string>((resolve) => {
      socket.once("error", (error) => {
        resolve(messageOf(error));
      });
      socket.once("close", () => {
        resolve(`${socketPath} was closed`);
      });
    });
    return endedBy(stop, () => socket.destroy(), ended);
  };
}

function readLines(input: Readable, onLine: (line: string) => void): void {
  const lines = createInterface({ input });
  lines.on("line", onLine);
  // It repeats an error of its input, which whoever opened that has heard of.
  lines.on("error", () => undefined);
}

/** Node's own `signal` option leaves its listener on the signal when a spawn or a connect fails, each time it is tried again. */
async function endedBy(stop: AbortSignal, end: () => void, ended: Promise<string>): Promise<string> {
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  try {
    return await ended;
  } finally {
    stop.removeEventListener("abort", end);
  }
}
