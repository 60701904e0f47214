// How a metric is declared. The tables made of these feed the scrape, the documentation and the naming test alike.
import type { ScrapeView } from "./view.ts";

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

/** A metric whose series are computed from the view at every scrape; a counter is one that somebody else counts. */
export interface SnapshotMetric extends Described {
  readonly type: "gauge" | "counter";
  readonly samples: (view: ScrapeView) => readonly Sample[];
}

/** Metrics that share a source. One that fails leaves out its own series and no others. */
export interface Collector {
  readonly name: string;
  readonly metrics: readonly SnapshotMetric[];
  /** Whether the source answers; when it does not, what is still known is shown and the collector has no success. */
  readonly healthy?: (view: ScrapeView) => boolean;
}

interface Declared<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  readonly samples: (view: ScrapeView) => readonly Sample<NoInfer<Label>>[];
}

/** Declares a gauge; the compiler demands every label of every sample. */
export function gauge<const Label extends string>(declared: Declared<Label>): SnapshotMetric {
  return { type: "gauge", ...declared };
}

/** Declares a counter that is read, not counted here; the compiler demands every label of every sample. */
export function counter<const Label extends string>(declared: Declared<Label>): SnapshotMetric {
  return { type: "counter", ...declared };
}
