// A look at the host, with the backend that finds slices.
import { MdevBus } from "../backends/kvmgt/mdev-bus.ts";
import { sliceMade } from "../backends/xengt/types.ts";
import { systemClock as clock } from "../core/clock.ts";
import { KernelReader } from "../discovery/kernel-facts.ts";
import { observe, type Observer } from "../discovery/observe.ts";
import type { Log } from "../host/journal.ts";
import type { Look } from "../inventory/lookout.ts";
import { unreadLog } from "./unread-log.ts";
import type { Xengt } from "./xengt.ts";

/** A thread that waits for a processor has had it by then as a rule; looks that find another shape wait as long. */
const PAUSE_MS = 20;
const NEVER = new AbortController().signal;

export interface LookOptions extends Pick<Observer, "files" | "domains" | "xenGuests"> {
  /** Undefined for a host whose domains are not Xen's. */
  readonly xengt: Pick<Xengt, "sourceIn"> | undefined;
  /** What a domain was promised by a claim. */
  readonly promised: Observer["owners"]["promised"];
  /** Slices of the look before. */
  readonly before: Observer["owners"]["before"];
}

export function composeLook({ xengt, promised, before, ...of }: LookOptions, log: Log): Look {
  const observer: Observer = {
    ...of,
    kernel: new KernelReader(() => clock.sleep(PAUSE_MS, NEVER)),
    slicesIn: (files) => xengt?.sourceIn(files) ?? new MdevBus(files),
    owners: { promised, before, sliceMade },
    wall: clock.wall,
  };
  const tell = unreadLog(log);
  return async (signal) => {
    const seen = await observe(observer, signal);
    tell(seen.unread);
    return seen;
  };
}
