// One frame of top: what is known and how large the screen is, as lines. Pure.
import type { DomainUsage } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Host } from "../../../proto/gen/vgpud/v1/host.ts";
import { printable, type Cell, type Paint } from "../view/paint.ts";
import { tableLines, type Column } from "../view/table.ts";
import { vgpuCount } from "../view/vgpu-count.ts";
import { stateCell, time, word } from "../view/words.ts";
import { ordered, type DomainRow, type Order } from "./rows.ts";

/** What vgpud said last. */
export interface Seen {
  readonly host: Host | undefined;
  readonly gpus: readonly Gpu[];
  readonly rows: readonly DomainRow[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How the user wants to see it. */
export interface Choice {
  readonly order: Order;
  readonly reversed: boolean;
  /** Domains above the first that is shown. */
  readonly scrolled: number;
}

const BAR_WIDTH = 40;

/** Everything, however large. */
export function wholeFrame(seen: Seen, choice: Choice, paint: Paint): readonly string[] {
  const [head = "", ...domains] = domainLines(seen, choice, paint);
  return [...topLines(seen, paint), head, ...domains];
}

/** As many domains as there are rows for; `notice` stands where the keys stand, when there is something to say. */
export function screenFrame(
  seen: Seen,
  choice: Choice,
  { rows, paint, notice }: { readonly rows: number; readonly paint: Paint; readonly notice: string },
): readonly string[] {
  const top = topLines(seen, paint);
  const [head = "", ...domains] = domainLines(seen, choice, paint);
  const room = Math.max(0, rows - top.length - 2);
  const first = Math.min(choice.scrolled, Math.max(0, domains.length - room));
  const shown = domains.slice(first, first + room);
  const below = domains.length - first - shown.length;
  const keys = `q quit  sort: c cpu  g gpu  m memory  n name  s state  r reverse${below > 0 || first > 0 ? `  ↑↓ ${below} more below` : ""}`;
  const blank = Array<string>(room - shown.length).fill("");
  return [...top, head, ...shown, ...blank, paint(notice === "" ? keys : notice, "head")].slice(0, rows);
}

function topLines({ host, gpus, rows, at }: Seen, paint: Paint): readonly string[] {
  const running = rows.filter(({ domain }) => word(domain.state, "DOMAIN_STATE") === "running").length;
  const libvirt = host?.libvirt?.connected === false ? ", libvirt does not answer" : "";
  const drained = host?.drained === true ? ", drained" : "";
  const title = `${host?.hostname ?? "-"}, vgpud ${host?.agentVersion ?? "-"}${libvirt}${drained}: ${rows.length} domains, ${running} running; ${time(new Date(at)) ?? "-"}`;
  return [printable(title), ...gpus.flatMap((gpu) => ["", ...gpuLines(gpu, paint)]), ""];
}

function gpuLines(gpu: Gpu, paint: Paint): readonly string[] {
  const { pciAddress, model, budget, drained } = gpu;
  const mode = word(gpu.mode, "MODE") ?? "not shared";
  const title = [pciAddress, ...(model === "" ? [] : [model]), drained ? `${mode}, drained` : mode].join(
    "  ",
  );
  const { total, host, used, free } = budget ?? {};
  const count = vgpuCount(gpu);
  if (total === undefined || used === undefined || free === undefined)
    return [
      printable(title),
      ...(count ? [barLine({ ...count, name: "vGPUs", unit: "", paint, host: 0 })] : []),
    ];
  const bar = (name: string, key: "lowGmMib" | "highGmMib" | "fences" | "instances", unit: string): string =>
    barLine({ name, unit, paint, total: total[key], used: used[key], host: host?.[key] ?? 0 });
  return [
    printable(title),
    bar("aperture", "lowGmMib", " MiB"),
    bar("high GM", "highGmMib", " MiB"),
    bar("fences", "fences", ""),
    bar("vGPUs", "instances", ""),
  ];
}

interface Bar {
  readonly name: string;
  readonly unit: string;
  readonly paint: Paint;
  readonly total: number;
  readonly used: number;
  readonly host: number;
}

/** `aperture  [::||||......]  384/1024 MiB, 128 of them the host's` */
function barLine({ name, unit, paint, total, used, host }: Bar): string {
  const width = (amount: number): number => (total === 0 ? 0 : Math.round((amount / total) * BAR_WIDTH));
  const hostWidth = Math.min(BAR_WIDTH, width(host));
  const usedWidth = Math.min(BAR_WIDTH, width(host + used)) - hostWidth;
  const rest = ".".repeat(BAR_WIDTH - hostWidth - usedWidth);
  const full = total > 0 && (host + used) / total >= 0.9;
  const bar = `${":".repeat(hostWidth)}${paint("|".repeat(usedWidth), full ? "bad" : "good")}${rest}`;
  const whose = host === 0 ? "" : `, ${host} of them the host's`;
  return `  ${name.padEnd(8)}  [${bar}]  ${host + used}/${total}${unit}${whose}`;
}

const columns: readonly Column[] = [
  { title: "DOMAIN" },
  { title: "STATE" },
  { title: "CPU %", align: "right" },
  { title: "VCPUS", align: "right" },
  { title: "MEMORY MIB", align: "right" },
  { title: "RESIDENT MIB", align: "right" },
  { title: "GPU %", align: "right" },
  { title: "GPU MIB", align: "right" },
  { title: "GPU" },
  { title: "TYPE" },
  { title: "CLAIM" },
];

function domainLines({ rows }: Seen, { order, reversed }: Choice, paint: Paint): readonly string[] {
  return tableLines(columns, ordered(rows, order, reversed).map(rowCells), { paint, wide: false });
}

function rowCells({ domain, vgpus, busy }: DomainRow): readonly Cell[] {
  const { usage } = domain;
  return [
    domain.name,
    stateCell(domain.state, "DOMAIN_STATE"),
    busy.cpu?.toFixed(1),
    domain.vcpus,
    domain.memoryMib,
    usage?.residentMib === undefined ? undefined : String(usage.residentMib),
    busy.gpu?.toFixed(1),
    gpuMib(usage),
    vgpus.map(({ gpu }) => gpu).join(" "),
    vgpus.map(({ type }) => type).join(" "),
    stateCell(domain.claimState, "CLAIM_STATE"),
  ];
}

/** In place in all regions of all GPUs that it renders on. */
function gpuMib(usage: DomainUsage | undefined): string | undefined {
  const regions = (usage?.gpus ?? []).flatMap(({ memory }) => memory);
  if (regions.length === 0) return undefined;
  const bytes = regions.reduce((sum, { residentBytes }) => sum + residentBytes, 0n);
  return String(bytes / 2n ** 20n);
}
