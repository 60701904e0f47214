// The readings of how busy slices of XenGT were, and what an operator hears of those that fail.
import { systemClock as clock } from "../core/clock.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import { SliceUse } from "../host/slice-use.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import { SliceUseSampler } from "../observation/slice-use-sampler.ts";
import { failingLog } from "./failing-log.ts";

export function composeSliceUse(parts: {
  readonly hostd: HostdClient;
  readonly snapshot: Snapshot;
  readonly log: Log;
  readonly cut: AbortSignal;
}): SliceUseSampler {
  const { hostd, snapshot, log, cut } = parts;
  return new SliceUseSampler({
    ...{ source: new SliceUse(hostd), clock, stop: cut },
    // Of the interface that is called 2015 those of 2016 tell; of one that does not, hostd finds no file and says so.
    hasSlices: () => {
      const { vgpus, gpus } = snapshot.current ?? {};
      return [...(vgpus?.values() ?? [])].some(({ gpu }) => gpus?.get(gpu)?.vgt === "2015");
    },
    onReading: failingLog(log, "how busy slices were cannot be read"),
  });
}
