// What was decided of GPUs and of the host, which outlives the agent, and what an operator hears when it changes.
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { Drains, type DrainOptions } from "../lifecycle/drains.ts";
import { GpuModes, type GpuModesOptions } from "../lifecycle/gpu-modes.ts";

/** The records as they were read, and where changes of them are written. */
export interface KeptRecords {
  readonly drained: Pick<DrainOptions, "store" | "record">;
  readonly modes: GpuModesOptions;
}

export interface Records {
  readonly modes: GpuModes;
  readonly drains: Drains;
}

export function composeRecords(kept: KeptRecords, log: Log): Records {
  const modes = new GpuModes(kept.modes);
  modes.onChange((gpu, setting) => {
    log.info({ gpu, ...setting }, setting ? "GPU is set to a mode" : "GPU has no mode set any more");
  });
  const drains = new Drains({ ...kept.drained, wall: clock.wall });
  drains.onChange((drain, gpu) => {
    const what = gpu === undefined ? "host" : "GPU";
    log.info({ gpu, note: drain?.note }, drain ? `${what} is drained` : `${what} is no longer drained`);
  });
  return { modes, drains };
}
