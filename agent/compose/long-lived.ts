// What runs as long as the agent does: libvirt's connection, the reconciler, the watch on udev.
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { watchUdev } from "../host/udev.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Task } from "../tasks.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Stages } from "./stages.ts";

/** Between two tries of the first look, while the kernel's facts cannot be read. */
const FIRST_LOOK_RETRY_MS = 1_000;

export function tasksOf({ config, log }: AgentOptions, stages: Stages, onSeen: () => void): Task[] {
  const { libvirt, lookout, reconciler, metrics, sampler } = stages;
  const reconcile: Task = {
    name: "reconciler",
    run: async (signal) => {
      if (!(await firstLook(lookout, log, signal))) return;
      const gpus = [...(lookout.current?.gpus.values() ?? [])];
      const offers = gpus.map(({ address, types }) => `${address} offers ${types.length} vGPU types`);
      log.info({ gpus: offers, claims: stages.ledger.living().length }, "the host is seen");
      onSeen();
      await reconciler.run();
    },
  };
  const udev: Task = {
    name: "udev",
    run: (signal) =>
      watchUdev(
        {
          clock,
          onEvent: () => {
            metrics.recorder.trigger("udev");
            reconciler.trigger();
          },
          onLost: (why, retryInMs) => {
            log.warn({ why, retryInMs }, "udev is not watched; changes are seen at the next resync");
          },
        },
        signal,
      ),
  };
  const connect: Task = { name: "libvirt", run: (signal) => libvirt.run(signal) };
  const sample: Task = { name: "domain sampler", run: (signal) => sampler.run(signal) };
  const everywhere = [connect, reconcile, sample];
  // A copied or simulated tree has no udev of its own, and this machine's does not concern it.
  return config.host_root === "/" ? [...everywhere, udev] : everywhere;
}

/** Readiness needs the kernel's facts, and waits for them as long as it takes (law 5). False when stopped before. */
async function firstLook(lookout: Lookout, log: Log, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await lookout.fresh();
      return true;
    } catch (err) {
      log.error({ err }, "the kernel's facts cannot be read");
      await clock.sleep(FIRST_LOOK_RETRY_MS, signal).catch(() => undefined);
    }
  }
  return false;
}
