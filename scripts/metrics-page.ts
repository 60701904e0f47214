// docs/reference/metrics.md, from the table of the metrics and the notes beside it. Pure.
import type { Described } from "../agent/observation/definition.ts";
import { describeMetrics } from "../agent/observation/metrics.ts";
import { page, table } from "./markdown.ts";
import { metricNotes } from "./metric-notes.ts";

const groups: readonly (readonly [heading: string, prefix: RegExp])[] = [
  ["The agent and its view of the host", /^vgpud_(build|config|hypervisor|inventory)_/],
  ["GPUs", /^vgpud_gpu_/],
  ["vGPUs", /^vgpud_(vgpu_|capacity_)/],
  ["Domains", /^vgpud_domains?_(?!stats_reading)/],
  ["Claims and operations", /^vgpud_(claims|operations?|lifecycle)(_|$)/],
  ["The scheduler in front of this host", /^vgpud_scheduler_/],
  ["Calls", /^vgpud_(rpc|hostd)_/],
  ["What goes on inside", /./],
];

const INTRODUCTION = `What \`/metrics\` shows, beside the \`process_\` and \`nodejs_\` series of every Node.js program. Rules, alerts and a dashboard made
of them: [docs/monitoring.md](../monitoring.md).

- **Join** on \`vgpu_id\` and \`domain_uuid\`, with \`instance\` where hosts are many; names stand only in the \`_info\` series.
- Counters of domains start anew with the domain; \`rate()\` knows. The series of what is gone disappear.
- **How old** things are: GPUs, vGPUs and states of domains are of the last look (\`vgpud_inventory_age_seconds\`), which an event
  or a minute brings about. What domains use is read when Prometheus asks, if the last reading is older than a second. A scrape
  waits half a second for it at most; then it shows the last figures with their age, and none that are older than a minute.
- At most 1,000 domains are shown; \`vgpud_domains_dropped\` counts the others.`;

export function metricsPage(): string {
  const metrics = describeMetrics();
  const sections = groups.map(([heading], index) => {
    const own = metrics.filter(({ name }) => groups.findIndex(([, prefix]) => prefix.test(name)) === index);
    return `## ${heading}\n\n${tableOf(own)}`;
  });
  return page("Metrics", INTRODUCTION, sections.join("\n\n"));
}

function tableOf(metrics: readonly Described[]): string {
  const rows = metrics.map((metric) => {
    const { name, type, labels, help } = metric;
    const { absent, query } = metricNotes[name] ?? { absent: "", query: "" };
    return [`\`${name}\``, type, unitOf(metric), labels.join(", "), help, absent, `\`${query}\``];
  });
  return table(["series", "type", "unit", "labels", "meaning", "absent", "to ask"], rows);
}

function unitOf({ name }: Described): string {
  if (name.endsWith("_timestamp_seconds")) return "seconds since 1970";
  const unit = /_(seconds|bytes)(_total)?$/.exec(name)?.[1];
  if (unit !== undefined) return unit;
  return name.endsWith("_info") ? "always 1" : "";
}
