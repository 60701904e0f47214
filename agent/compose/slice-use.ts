// The readings of how busy slices of XenGT were, and what an operator hears of those that fail.
import { systemClock as clock } from "../core/clock.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import { SliceUse } from "../host/slice-use.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import { SliceUseSampler } from "../observation/slice-use-sampler.ts";

export function composeSliceUse(parts: {
  readonly hostd: HostdClient;
  readonly snapshot: Snapshot;
  readonly log: Log;
  readonly cut: AbortSignal;
}): SliceUseSampler {
  const { hostd, snapshot, log, cut } = parts;
  let failing = false;
  return new SliceUseSampler({
    ...{ source: new SliceUse(hostd), clock, stop: cut },
    // Drivers since 2017 do not tell; those of 2015 are asked for nothing.
    hasSlices: () => {
      const { vgpus, gpus } = snapshot.current ?? {};
      return [...(vgpus?.values() ?? [])].some(({ gpu }) => gpus?.get(gpu)?.vgt === "2015");
    },
    onReading: (error) => {
      const failed = error !== undefined;
      if (failed && !failing) log.warn({ err: error }, "how busy slices were cannot be read");
      failing = failed;
    },
  });
}
