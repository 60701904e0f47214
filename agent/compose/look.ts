// A look at the host, with the backend that finds slices, and what an operator hears of files that cannot be read.
import { MdevBus } from "../backends/kvmgt/mdev-bus.ts";
import { systemClock as clock } from "../core/clock.ts";
import { KernelReader } from "../discovery/kernel-facts.ts";
import { observe, type Observer } from "../discovery/observe.ts";
import type { Log } from "../host/journal.ts";
import type { Look } from "../inventory/lookout.ts";
import type { Unread } from "../inventory/model.ts";

export function composeLook(of: Pick<Observer, "files" | "domains">, log: Log): Look {
  const kernel = new KernelReader();
  const observer: Observer = { ...of, kernel, slicesIn: (files) => new MdevBus(files), wall: clock.wall };
  let known: readonly Unread[] = [];
  return async (signal) => {
    const seen = await observe(observer, signal);
    logChanges(log, known, seen.unread);
    known = seen.unread;
    return seen;
  };
}

/** One line when a file begins to be unreadable, and one when that is over: not one for each look. */
function logChanges(log: Log, before: readonly Unread[], now: readonly Unread[]): void {
  const newTo = (known: readonly Unread[]) => (file: Unread) => known.every(({ path }) => path !== file.path);
  for (const file of now.filter(newTo(before))) log.warn(file, "a fact of the kernel is unknown");
  for (const { path } of before.filter(newTo(now))) log.info({ path }, "a fact of the kernel is known again");
}
