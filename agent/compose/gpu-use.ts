// The readings of what domains use of GPUs that they render on, and what an operator hears of those that fail.
import { systemClock as clock } from "../core/clock.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import { RenderProcesses } from "../host/render-processes.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import { renderedOn } from "../observation/gpu-use.ts";
import { GpuUseSampler } from "../observation/gpu-use-sampler.ts";
import { failingLog } from "./failing-log.ts";

export function composeGpuUse(parts: {
  readonly hostd: HostdClient;
  readonly snapshot: Snapshot;
  readonly log: Log;
  readonly cut: AbortSignal;
}): GpuUseSampler {
  const { hostd, snapshot, log, cut } = parts;
  return new GpuUseSampler({
    ...{ source: new RenderProcesses(hostd), clock, stop: cut },
    gpus: () => snapshot.current && renderedOn(snapshot.current)?.map(({ address }) => address),
    onReading: failingLog(log, "what domains use of GPUs cannot be read"),
  });
}
