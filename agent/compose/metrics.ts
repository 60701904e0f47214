// The metrics and the view they are made from. A new collector gets what it reads here.
import { gvtgCapacity } from "../backends/kvmgt/capacity-rule.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { Snapshot } from "../inventory/snapshot.ts";
import type { Ledger } from "../lifecycle/ledger.ts";
import { domainViews, gpuViews, vgpuViews } from "../lifecycle/views.ts";
import { Metrics } from "../observation/metrics.ts";
import type { MetricsView } from "../observation/view.ts";
import type { AgentOptions } from "./agent-options.ts";

export function composeMetrics(
  { version, log }: Pick<AgentOptions, "version" | "log">,
  view: () => MetricsView,
): Metrics {
  return new Metrics({
    view,
    build: { version, revision: undefined, nodeVersion: process.versions.node },
    clock,
    onError: (err, collector) => {
      log.error({ err, collector }, "metrics collector failed");
    },
  });
}

export function metricsView(snapshot: Snapshot, ledger: Ledger): MetricsView {
  const inventory = snapshot.current;
  const claims = ledger.all();
  if (!inventory) return { inventory, claims, gpus: [], vgpus: [], domains: [] };
  return {
    inventory,
    claims,
    gpus: gpuViews(inventory, ledger, gvtgCapacity),
    vgpus: vgpuViews(inventory, ledger),
    domains: domainViews(inventory, ledger),
  };
}
