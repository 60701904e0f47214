// Writes the series of one metric as text, in either format. Ours rather than prom-client's, which keeps an object and
// a sorted key for each series and forgets none: too dear and the wrong way round for thousands that are read anew.
import type { Sample, SnapshotMetric } from "./definition.ts";

export type Format = "text" | "openmetrics";

/** Ends without a newline. A metric without samples is only described. */
export function familyText(metric: SnapshotMetric, samples: readonly Sample[], format: Format): string {
  const { name } = metric;
  let text = heading(metric, format);
  for (const { labels, value } of samples) text += `\n${name}${labelText(labels)} ${valueText(value)}`;
  return text;
}

function heading({ name, help, type }: SnapshotMetric, format: Format): string {
  const open = format === "openmetrics";
  // OpenMetrics names a counter's family without the suffix that its series bear, and escapes quotes in help texts.
  const family = open && type === "counter" ? name.replace(/_total$/, "") : name;
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${family} ${open ? escaped.replaceAll('"', '\\"') : escaped}\n# TYPE ${family} ${type}`;
}

function labelText(labels: Sample["labels"]): string {
  let text = "";
  for (const name in labels) {
    const value = labels[name];
    if (value !== undefined) text += `${text === "" ? "{" : ","}${name}="${escaped(value)}"`;
  }
  return text === "" ? "" : `${text}}`;
}

const SPECIAL = /[\\"\n]/;

function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
