// What would fit and what would not.
import type {
  PlanItem,
  PlanRequest,
  PlanResponse,
  UnplannedItem,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { wantText } from "../request/plan-request.ts";
import { sizeCells, sizeColumns } from "./gpu-view.ts";
import type { Cell } from "./paint.ts";
import type { Column } from "./table.ts";
import type { Block, Text } from "./text.ts";

export function planText({ items, whatIf }: PlanRequest, plan: PlanResponse): Text {
  return [
    { kind: "lines", lines: [planLine(plan)] },
    ...plannedTable(items, plan),
    ...unplannedTable(items, whatIf, plan.unplanned),
  ];
}

/** In one line, as `2 of 3 vGPUs would fit`. */
export function planLine({ planned, unplanned, exact }: PlanResponse): string {
  const all = planned.length + missingOf(unplanned);
  const some = `${planned.length} of ${all} ${all === 1 ? "vGPU" : "vGPUs"} would fit; nothing was made`;
  return exact ? some : `${some}. The search was given up: more might fit`;
}

function missingOf(unplanned: readonly UnplannedItem[]): number {
  return unplanned.reduce((sum, { count }) => sum + count, 0);
}

/** In the order to make them. */
function plannedTable(items: readonly PlanItem[], { planned }: PlanResponse): readonly Block[] {
  if (planned.length === 0) return [];
  const columns: readonly Column[] = [
    { title: "ORDER", align: "right" },
    { title: "WANTED" },
    { title: "GPU" },
    { title: "TYPE" },
    ...sizeColumns,
  ];
  const rows = planned.map(({ item, gpu, type, sizes }, index) => [
    index + 1,
    wanted(items, item),
    ...[gpu, type],
    ...sizeCells(sizes),
  ]);
  return [{ kind: "table", columns, rows }];
}

/** What each GPU lacks for one more. */
function unplannedTable(
  items: readonly PlanItem[],
  whatIf: PlanRequest["whatIf"],
  unplanned: readonly UnplannedItem[],
): readonly Block[] {
  if (unplanned.length === 0) return [];
  const columns: readonly Column[] = [
    { title: "NOT FITTING" },
    { title: "COUNT", align: "right" },
    { title: "GPU" },
    { title: "REASON" },
    ...sizeColumns.map(({ title, ...rest }) => ({ ...rest, title: `SHORT ${title}` })),
    { title: "SHORT VGPUS", align: "right" },
    { title: "WHY" },
  ];
  return [{ kind: "table", columns, rows: unplanned.flatMap((lost) => unplannedRows(items, whatIf, lost)) }];
}

function unplannedRows(
  items: readonly PlanItem[],
  whatIf: PlanRequest["whatIf"],
  { item, count, reason, shortfalls }: UnplannedItem,
): readonly (readonly Cell[])[] {
  const head: readonly Cell[] = [wanted(items, item), count];
  const none = Array<Cell>(4).fill(undefined);
  if (shortfalls.length === 0)
    return [
      [
        ...head,
        items[item]?.vgpu?.gpu,
        { text: reason, style: "bad" },
        ...none,
        "no GPU is left for it by what is supposed",
      ],
    ];
  return shortfalls.map(({ gpu, reason: lost, missing, message }) => [
    ...head,
    gpu,
    { text: lost, style: "bad" },
    ...[missing?.lowGmMib, missing?.highGmMib, missing?.fences, missing?.instances],
    `${message}${supposedText(gpu, whatIf)}`,
  ]);
}

/** Under another aperture it is that which decides, and not what the GPU has. */
function supposedText(gpu: string, whatIf: PlanRequest["whatIf"]): string {
  const supposed = whatIf?.apertures.find((each) => each.gpu.toLowerCase() === gpu);
  return supposed ? `, with the supposed aperture of ${supposed.apertureMib} MiB` : "";
}

function wanted(items: readonly PlanItem[], index: number): Cell {
  const item = items[index];
  return item && wantText(item);
}
