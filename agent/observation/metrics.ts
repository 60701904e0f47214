// Renders a scrape: what is read off one view of the host, taken when Prometheus asks, and what was counted since the start.
import { Registry, collectDefaultMetrics } from "prom-client";
import type { Clock } from "../core/clock.ts";
import { gauge, type Collector, type Described, type Sample, type SnapshotMetric } from "./definition.ts";
import { diagnosisCollector } from "./diagnosis-metrics.ts";
import { domainCollector } from "./domain-metrics.ts";
import { domainStatsCollector } from "./domain-stats-metrics.ts";
import { engineUseCollector } from "./engine-use-metrics.ts";
import { eventMetrics } from "./event-metrics.ts";
import { OPENMETRICS_FORMAT, TEXT_FORMAT, openFamilies, prefersOpenMetrics } from "./exposition.ts";
import { familyText, type Format } from "./family-text.ts";
import { gpuCollector } from "./gpu-metrics.ts";
import { gpuSensorCollector } from "./gpu-sensor-metrics.ts";
import { gpuUseCollector } from "./gpu-use-metrics.ts";
import { claimCollector, hostCollector, type BuildInfo } from "./host-metrics.ts";
import { Recorder } from "./recorder.ts";
import { schedulerCollector } from "./scheduler-metrics.ts";
import { sliceUseCollector } from "./slice-use-metrics.ts";
import { vgpuCollector } from "./vgpu-metrics.ts";
import type { ScrapeView } from "./view.ts";

export interface MetricsOptions {
  /** Called once for each scrape, when `prepare` is over. */
  readonly view: () => ScrapeView;
  /** Refreshes what the view is made from; must neither take long nor reject. */
  readonly prepare: () => Promise<void>;
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

/** How a collector did in this scrape. */
interface Collected {
  readonly text: string;
  readonly success: boolean;
  readonly seconds: number;
}

const MAX_DOMAINS = 1000;
/**
 * Between two looks of Node.js at its event loop, milliseconds. prom-client's 10 would wake an idle host a hundred times a
 * second. What `nodejs_eventloop_lag_*` show is this and the delay, of which the dashboard takes it away.
 */
const EVENT_LOOP_MS = 100;

/** What a scrape says of itself; its samples come from the collectors of the same scrape. */
const success = gauge({
  name: "vgpud_scrape_collector_success",
  help: "Whether the collector could compute its series and its source answers (1) or not (0).",
  labels: ["collector"],
  samples: () => [],
});
const duration = gauge({
  name: "vgpud_scrape_collector_duration_seconds",
  help: "How long the collector took for this scrape.",
  labels: ["collector"],
  samples: () => [],
});

export class Metrics {
  /** Where the stages report what happens. */
  readonly recorder: Recorder;
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #collectors: readonly Collector[];

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#collectors = collectors(options);
    this.recorder = new Recorder(this.#registry);
    if (options.processMetrics ?? true) registerProcess(this.#registry);
  }

  /** One scrape in the format that the Accept header prefers. Rejects only when no view can be taken. */
  async render(accept?: string): Promise<Rendered> {
    const format: Format = prefersOpenMetrics(accept) ? "openmetrics" : "text";
    await this.#options.prepare();
    const view = this.#options.view();
    const collected = new Map(
      this.#collectors.map((collector) => [collector.name, this.#collect(collector, view, format)]),
    );
    const parts = [
      ...[...collected.values()].map(({ text }) => text),
      familyText(
        success,
        each(collected, (one) => (one.success ? 1 : 0)),
        format,
      ),
      familyText(
        duration,
        each(collected, ({ seconds }) => seconds),
        format,
      ),
    ];
    const counted = await this.#registry.metrics();
    return format === "openmetrics"
      ? { contentType: OPENMETRICS_FORMAT, body: `${parts.join("\n")}\n${openFamilies(counted)}# EOF\n` }
      : { contentType: TEXT_FORMAT, body: `${parts.join("\n\n")}\n\n${counted}` };
  }

  #collect({ name, metrics, healthy }: Collector, view: ScrapeView, format: Format): Collected {
    const { clock, onError } = this.#options;
    const started = clock.now();
    let text: string;
    let success = true;
    try {
      text = familiesText(metrics, (metric) => metric.samples(view), format);
      success = healthy?.(view) ?? true;
    } catch (error) {
      success = false;
      text = familiesText(metrics, () => [], format);
      onError(error, name);
    }
    return { text, success, seconds: (clock.now() - started) / 1000 };
  }
}

/** What prom-client knows of the process, but for gauges that are named like counters, which promtool refuses. */
function registerProcess(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_MS });
  for (const what of ["handles", "requests", "resources"])
    register.removeSingleMetric(`nodejs_active_${what}_total`);
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

function collectors({
  build,
  maxDomains = MAX_DOMAINS,
}: Pick<MetricsOptions, "build" | "maxDomains">): Collector[] {
  return [
    hostCollector(build),
    gpuCollector,
    diagnosisCollector,
    gpuSensorCollector,
    vgpuCollector(maxDomains),
    domainCollector(maxDomains),
    domainStatsCollector(maxDomains),
    gpuUseCollector(maxDomains),
    sliceUseCollector,
    engineUseCollector,
    claimCollector,
    schedulerCollector,
  ];
}

function familiesText(
  metrics: readonly SnapshotMetric[],
  samples: (metric: SnapshotMetric) => readonly Sample[],
  format: Format,
): string {
  return metrics
    .map((metric) => familyText(metric, samples(metric), format))
    .join(format === "openmetrics" ? "\n" : "\n\n");
}

function each(
  collected: ReadonlyMap<string, Collected>,
  value: (of: Collected) => number,
): Sample<"collector">[] {
  return [...collected].map(([collector, of]) => ({ labels: { collector }, value: value(of) }));
}
