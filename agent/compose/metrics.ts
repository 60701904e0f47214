// The metrics and the view they are made from. A new collector gets what it reads here.
import { systemClock as clock } from "../core/clock.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import type { Ledger } from "../lifecycle/ledger.ts";
import { domainViews, gpuViews, vgpuViews, type Terms } from "../lifecycle/views.ts";
import { Metrics } from "../observation/metrics.ts";
import type { MetricsView, ScrapeView } from "../observation/view.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Use } from "./use.ts";

/** Readings younger than this serve whoever asks: several Prometheus that scrape at once cost libvirt one question. */
export const FRESH_MS = 1_000;
/** Nobody waits longer for libvirt, for hostd, or for a driver; the figures that there are are shown then, with their age. */
export const WAIT_MS = 500;

/** What the samplers have read, and when. */
function readings({ sampler, sensors, gpuUse, sliceUse, engineUse }: Use) {
  return {
    domainStats: sampler.view,
    sensors: sensors.view,
    gpuUse: gpuUse.view,
    sliceUse: sliceUse.view,
    engineUse: engineUse.view,
  } satisfies Partial<ScrapeView>;
}

/** `use` is asked for with each scrape. */
export function composeMetrics(
  { version, revision, log }: Pick<AgentOptions, "version" | "revision" | "log">,
  parts: {
    readonly view: () => Omit<ScrapeView, keyof ReturnType<typeof readings>>;
    readonly use: () => Use;
  },
): Metrics {
  const metrics = new Metrics({
    view: () => ({ ...parts.view(), ...readings(parts.use()) }),
    prepare: async () => {
      const { sampler, sensors, gpuUse, sliceUse, engineUse } = parts.use();
      const sources = [sampler, sensors, gpuUse, sliceUse, engineUse];
      await Promise.all(sources.map((source) => source.refresh(FRESH_MS, WAIT_MS)));
    },
    build: { version, revision, nodeVersion: process.versions.node },
    clock,
    onError: (err, collector) => {
      log.error({ err, collector }, "metrics collector failed");
    },
  });
  // It starts with one that was read.
  metrics.recorder.configReload({ ok: true, at: clock.wall() });
  return metrics;
}

export function metricsView(snapshot: Snapshot, ledger: Ledger, terms: Terms): MetricsView {
  const { drains, modes } = terms;
  const inventory = snapshot.current;
  const claims = ledger.all();
  if (!inventory) return { inventory, claims, drains, gpus: [], vgpus: [], domains: [] };
  return {
    inventory,
    claims,
    drains,
    gpus: gpuViews(inventory, ledger, terms),
    vgpus: vgpuViews(inventory, ledger, modes),
    domains: domainViews(inventory, ledger, modes),
  };
}
