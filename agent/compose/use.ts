// What domains and GPUs are measured by: samplers that read now and then, and when a scrape asks.
import { systemClock as clock } from "../core/clock.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import type { Log } from "../host/journal.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import type { DomainSampler } from "../observation/domain-sampler.ts";
import { DomainStatsHistory } from "../observation/domain-stats.ts";
import { GpuSensors } from "../observation/gpu-sensors.ts";
import type { EngineUseSampler } from "../observation/engine-use-sampler.ts";
import type { GpuUseSampler } from "../observation/gpu-use-sampler.ts";
import type { Recorder } from "../observation/recorder.ts";
import type { SliceUseSampler } from "../observation/slice-use-sampler.ts";
import type { MetricsView } from "../observation/view.ts";
import type { Daemons } from "./daemons.ts";
import { composeSampler, HISTORY } from "./domain-sampler.ts";
import { composeEngineUse } from "./engine-use.ts";
import { composeGpuUse } from "./gpu-use.ts";
import { composeSliceUse } from "./slice-use.ts";
import { unreadLog } from "./unread-log.ts";

export interface Use {
  /** What domains used in the last minutes. */
  readonly domainHistory: DomainStatsHistory;
  readonly sampler: DomainSampler;
  readonly sensors: GpuSensors;
  readonly gpuUse: GpuUseSampler;
  readonly sliceUse: SliceUseSampler;
  readonly engineUse: EngineUseSampler;
}

export function composeUse(
  { libvirt, hostd }: Daemons,
  parts: {
    readonly files: HostFiles;
    readonly snapshot: Snapshot;
    readonly view: () => MetricsView;
    readonly recorder: Recorder;
    readonly log: Log;
    readonly cut: AbortSignal;
  },
): Use {
  const { files, snapshot, view, recorder, log, cut } = parts;
  const domainHistory = new DomainStatsHistory(HISTORY);
  const sampler = composeSampler({ libvirt, domainHistory, recorder, log, cut });
  const sensors = new GpuSensors({
    ...{ files, clock },
    gpus: () => [...(snapshot.current?.gpus.values() ?? [])],
    onReading: unreadLog(log),
  });
  const gpuUse = composeGpuUse({ hostd, snapshot, log, cut });
  const sliceUse = composeSliceUse({ hostd, snapshot, log, cut });
  const engineUse = composeEngineUse({ hostd, snapshot, view, log, cut });
  return { domainHistory, sampler, sensors, gpuUse, sliceUse, engineUse };
}
