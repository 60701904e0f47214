// The two text formats of a scrape. prom-client's own OpenMetrics mode renames the counters of the registry for good
// (its registry.js, standardizeCounterName), which would corrupt every later scrape in the older format.

export const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";
export const OPENMETRICS_FORMAT = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Whether an Accept header prefers OpenMetrics 1.0.0; the older format serves everybody else, also those who send none. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const quality = (matches: (range: Range) => boolean): number =>
    Math.max(0, ...ranges.filter(matches).map(({ q }) => q));
  const open = quality(
    ({ type, version }) =>
      type === "application/openmetrics-text" && (version === undefined || version === "1.0.0"),
  );
  return open > 0 && open >= quality(({ type }) => type === "text/plain" || type === "text/*");
}

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly q: number;
}

function parseRange(text: string): Range {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim().toLowerCase());
  const parameters = new Map(rest.map((part) => [part.split("=")[0] ?? "", part.split("=")[1] ?? ""]));
  const q = Number(parameters.get("q") ?? "1");
  return { type, version: parameters.get("version"), q: Number.isFinite(q) ? q : 0 };
}

/** Turns families in the 0.0.4 format, as prom-client writes them, into those of OpenMetrics 1.0.0. */
export function openFamilies(text: string): string {
  const families = text.split("\n\n").map((family) => family.trim());
  return `${families
    .filter((family) => family !== "")
    .map(openFamily)
    .join("\n")}\n`;
}

function openFamily(family: string): string {
  const [help = "", type = "", ...series] = family.split("\n");
  // A counter's family is named without the suffix that its series bear.
  const heads = type.endsWith(" counter")
    ? [help, type].map((head) => head.replace("_total ", " "))
    : [help, type];
  // Bounds must be canonical floats, and quotes are escaped in help texts too (OpenMetrics 1.0, text format).
  const bounds = type.endsWith(" histogram")
    ? series.map((line) => line.replace(/([{,]le=")(\d+)"/, '$1$2.0"'))
    : series;
  return [(heads[0] ?? "").replaceAll('"', '\\"'), heads[1], ...bounds].join("\n");
}
