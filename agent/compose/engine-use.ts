// The readings of what virtual functions use of engines, and what an operator hears of those that fail.
import { systemClock as clock } from "../core/clock.ts";
import { HostdEngineTicks } from "../host/engine-ticks.ts";
import type { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import { countedFunctions } from "../observation/engine-use.ts";
import { EngineUseSampler } from "../observation/engine-use-sampler.ts";
import type { MetricsView } from "../observation/view.ts";
import { failingLog } from "./failing-log.ts";

export function composeEngineUse(parts: {
  readonly hostd: HostdClient;
  readonly snapshot: Snapshot;
  readonly view: () => MetricsView;
  readonly log: Log;
  readonly cut: AbortSignal;
}): EngineUseSampler {
  const { hostd, snapshot, view, log, cut } = parts;
  return new EngineUseSampler({
    ...{ source: new HostdEngineTicks(hostd), clock, stop: cut },
    functions: () => countedFunctions(snapshot.current, () => view().vgpus),
    onReading: failingLog(log, "what virtual functions use of engines cannot be read"),
  });
}
