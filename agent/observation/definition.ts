// How a metric is declared. The tables made of these feed the registry, the documentation and the naming test alike.
import type { MetricsView } from "./view.ts";

export interface Described {
  readonly name: string;
  /** One sentence with unit and meaning; it stands in the scrape and in the documentation. */
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly labels: readonly string[];
}

/** A label that is undefined is left out, which Prometheus takes for an empty one. */
export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string | undefined>>;
  readonly value: number;
}

/** A metric whose series are computed from the view at every scrape. */
export interface SnapshotMetric extends Described {
  readonly type: "gauge";
  readonly samples: (view: MetricsView) => readonly Sample[];
}

/** Metrics that share a source. One that fails leaves out its own series and no others. */
export interface Collector {
  readonly name: string;
  readonly metrics: readonly SnapshotMetric[];
}

/** Declares a gauge; the compiler demands every label of every sample. */
export function gauge<const Label extends string>(declared: {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  readonly samples: (view: MetricsView) => readonly Sample<NoInfer<Label>>[];
}): SnapshotMetric {
  return { type: "gauge", ...declared };
}
