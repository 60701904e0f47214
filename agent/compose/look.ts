// A look at the host, with the backend that finds slices.
import { MdevBus } from "../backends/kvmgt/mdev-bus.ts";
import { systemClock as clock } from "../core/clock.ts";
import { KernelReader } from "../discovery/kernel-facts.ts";
import { observe, type Observer } from "../discovery/observe.ts";
import type { Log } from "../host/journal.ts";
import type { Look } from "../inventory/lookout.ts";
import { unreadLog } from "./unread-log.ts";

/** A thread that waits for a processor has had it by then as a rule; looks that find another shape wait as long. */
const PAUSE_MS = 20;
const NEVER = new AbortController().signal;

export function composeLook(of: Pick<Observer, "files" | "domains" | "xenGuests">, log: Log): Look {
  const kernel = new KernelReader(() => clock.sleep(PAUSE_MS, NEVER));
  const observer: Observer = { ...of, kernel, slicesIn: (files) => new MdevBus(files), wall: clock.wall };
  const tell = unreadLog(log);
  return async (signal) => {
    const seen = await observe(observer, signal);
    tell(seen.unread);
    return seen;
  };
}
