// Puts the tables into a registry and renders a scrape: one view, taken when Prometheus asks, feeds every gauge.
import { Gauge, Registry, collectDefaultMetrics } from "prom-client";
import type { Clock } from "../core/clock.ts";
import type { Collector, Described, SnapshotMetric } from "./definition.ts";
import { domainCollector } from "./domain-metrics.ts";
import { eventMetrics } from "./event-metrics.ts";
import { OPENMETRICS_FORMAT, TEXT_FORMAT, prefersOpenMetrics, toOpenMetrics } from "./exposition.ts";
import { gpuCollector } from "./gpu-metrics.ts";
import { claimCollector, hostCollector, type BuildInfo } from "./host-metrics.ts";
import { Recorder } from "./recorder.ts";
import { vgpuCollector } from "./vgpu-metrics.ts";
import type { MetricsView } from "./view.ts";

export interface MetricsOptions {
  /** Called once for each scrape. */
  readonly view: () => MetricsView;
  readonly build: BuildInfo;
  readonly clock: Pick<Clock, "now">;
  /** More domains than this are counted and left out; default 1000. */
  readonly maxDomains?: number;
  /** Whether prom-client adds its `process_` and `nodejs_` metrics; default true. */
  readonly processMetrics?: boolean;
  /** A collector failed: a fault of ours, which leaves its series out of the scrape. */
  readonly onError: (error: unknown, collector: string) => void;
}

export interface Rendered {
  readonly contentType: string;
  readonly body: string;
}

interface Filled {
  readonly name: string;
  readonly series: readonly { readonly metric: SnapshotMetric; readonly gauge: Gauge }[];
}

const MAX_DOMAINS = 1000;

const success = {
  name: "vgpud_scrape_collector_success",
  help: "Whether the collector could compute its series (1) or not (0).",
  labels: ["collector"],
  type: "gauge",
} as const satisfies Described;
const duration = {
  name: "vgpud_scrape_collector_duration_seconds",
  help: "How long the collector took for this scrape.",
  labels: ["collector"],
  type: "gauge",
} as const satisfies Described;

export class Metrics {
  /** Where the stages report what happens. */
  readonly recorder: Recorder;
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #collectors: readonly Filled[];
  readonly #success: Gauge;
  readonly #duration: Gauge;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#collectors = collectors(options).map(({ name, metrics }) => ({
      name,
      series: metrics.map((metric) => ({ metric, gauge: this.#gauge(metric) })),
    }));
    this.#success = this.#gauge(success);
    this.#duration = this.#gauge(duration);
    this.recorder = new Recorder(this.#registry);
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.#registry });
  }

  /** One scrape in the format that the Accept header prefers. Rejects only when no view can be taken. */
  async render(accept?: string): Promise<Rendered> {
    // Taken and filled in without an await, so that scrapes at the same time do not mix their views.
    const view = this.#options.view();
    for (const collector of this.#collectors) this.#fill(collector, view);
    const text = await this.#registry.metrics();
    return prefersOpenMetrics(accept)
      ? { contentType: OPENMETRICS_FORMAT, body: toOpenMetrics(text) }
      : { contentType: TEXT_FORMAT, body: text };
  }

  #fill({ name, series }: Filled, view: MetricsView): void {
    const { clock, onError } = this.#options;
    const started = clock.now();
    let succeeded = true;
    try {
      for (const { metric, gauge } of series) setAll(gauge, metric.samples(view));
    } catch (error) {
      succeeded = false;
      for (const { gauge } of series) setAll(gauge, []);
      onError(error, name);
    }
    this.#success.set({ collector: name }, succeeded ? 1 : 0);
    this.#duration.set({ collector: name }, (clock.now() - started) / 1000);
  }

  #gauge({ name, help, labels }: Described): Gauge {
    return new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry] });
  }
}

/** Every metric of ours, for the documentation. */
export function describeMetrics(): Described[] {
  const build = { version: "", revision: undefined, nodeVersion: "" };
  return [
    ...collectors({ build }).flatMap(({ metrics }) => metrics),
    ...[success, duration],
    ...Object.values(eventMetrics),
  ].map(({ name, help, type, labels }) => ({ name, help, type, labels }));
}

function collectors({ build, maxDomains }: Pick<MetricsOptions, "build" | "maxDomains">): Collector[] {
  return [
    hostCollector(build),
    gpuCollector,
    vgpuCollector,
    domainCollector(maxDomains ?? MAX_DOMAINS),
    claimCollector,
  ];
}

/** Replaces all series: one whose subject is gone must disappear. */
function setAll(gauge: Gauge, samples: ReturnType<SnapshotMetric["samples"]>): void {
  gauge.reset();
  // A gauge without labels is reset to zero, not to nothing.
  if (samples.length === 0) gauge.remove({});
  for (const { labels, value } of samples) gauge.set(present(labels), value);
}

function present(labels: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
