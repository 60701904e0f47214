// GPUs, their types and modes as tables.
import { ConditionStatus } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Gpu, ResourceAmounts, ResourceBudget, SliceSizes } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { accountTables } from "./account-view.ts";
import type { Cell } from "./paint.ts";
import type { Column } from "./table.ts";
import type { Block, Text } from "./text.ts";
import { vgpuCount } from "./vgpu-count.ts";
import { word, yesNo } from "./words.ts";

const right = (title: string): Column => ({ title, align: "right" });
const left = (title: string): Column => ({ title });
const wide = (title: string): Column => ({ title, wide: true });
/** Of some modes alone. */
const sparse = (title: string): Column => ({ title, align: "right", sparse: true });

/** Columns of what one vGPU takes; `sizeCells` fills them. */
export const sizeColumns = ["LOW GM MIB", "HIGH GM MIB", "FENCES"].map(sparse);

export function sizeCells(sizes: SliceSizes | undefined): readonly Cell[] {
  return [sizes?.lowGmMib, sizes?.highGmMib, sizes?.fences];
}

/** One line for each GPU, then one for each type. */
export function gpuList(gpus: readonly Gpu[]): Text {
  return [gpuTable(gpus), ...typeTables(gpus)];
}

/** Everything about one GPU. */
export function gpuDetail(gpu: Gpu): Text {
  return [
    gpuFields(gpu),
    ...budgetTables(gpu.budget),
    ...typeTables([gpu]),
    ...accountTables(gpu),
    ...modeTables(gpu),
    ...conditionFields(gpu),
  ];
}

function gpuTable(gpus: readonly Gpu[]): Block {
  return {
    kind: "table",
    columns: [
      ...["GPU", "DEVICE", "DRIVER"].map(left),
      right("NUMA"),
      left("MODE"),
      ...["LOW GM FREE/TOTAL MIB", "HIGH GM FREE/TOTAL MIB", "FENCES FREE/TOTAL"].map(sparse),
      right("VGPUS USED/MAX"),
      ...["BACKEND", "GENERATION", "IOMMU GROUP", "DRM NODES", "MODEL"].map(wide),
    ],
    rows: gpus.map((gpu) => [
      gpu.pciAddress,
      gpu.deviceId,
      gpu.driver,
      gpu.numaNode,
      modeCell(gpu),
      ...amountCells(gpu.budget),
      countCell(gpu),
      word(gpu.backend, "BACKEND"),
      gpu.generation,
      gpu.iommuGroup,
      drmNodes(gpu),
      gpu.model,
    ]),
  };
}

function drmNodes({ drmCard, drmRender }: Gpu): string {
  return [drmCard, drmRender].filter((node) => node !== "").join(" ");
}

function modeCell(gpu: Gpu): Cell {
  const mode = word(gpu.mode, "MODE");
  const drained = gpu.drained ? "drained" : isHostDrained(gpu) ? "host drained" : undefined;
  return drained === undefined ? mode : { text: `${mode ?? "-"} (${drained})`, style: "warn" };
}

function isHostDrained({ conditions }: Gpu): boolean {
  return conditions.some(({ reason }) => reason === "HOST_DRAINED");
}

function drainedCell({ drainNote }: Gpu): Cell {
  return { text: drainNote === "" ? "yes" : `yes: ${drainNote}`, style: "warn" };
}

function amountCells(budget: ResourceBudget | undefined): readonly Cell[] {
  const { free, total } = budget ?? {};
  if (free === undefined || total === undefined) return Array<Cell>(3).fill(undefined);
  return [
    `${free.lowGmMib}/${total.lowGmMib}`,
    `${free.highGmMib}/${total.highGmMib}`,
    `${free.fences}/${total.fences}`,
  ];
}

function countCell(gpu: Gpu): Cell {
  const count = vgpuCount(gpu);
  return count && `${count.used}/${count.total}`;
}

function typeTables(gpus: readonly Gpu[]): readonly Block[] {
  const rows = gpus.flatMap((gpu) =>
    gpu.types.map((type) => [
      gpu.pciAddress,
      type.name,
      ...sizeCells(type.sizes),
      type.weight,
      type.resolution,
      type.allocatable,
      type.kernelAvailable,
    ]),
  );
  if (rows.length === 0) return [];
  const columns = [
    ...["GPU", "TYPE"].map(left),
    ...sizeColumns,
    sparse("WEIGHT"),
    { title: "MAX PIXELS", sparse: true } as const,
    right("ALLOCATABLE"),
    sparse("KERNEL SAYS"),
  ];
  return [{ kind: "table", columns, rows }];
}

function gpuFields(gpu: Gpu): Block {
  return {
    kind: "fields",
    fields: [
      ["GPU", gpu.pciAddress],
      ["device", `${gpu.vendorId}:${gpu.deviceId}`],
      ["model", gpu.model],
      ["generation", gpu.generation],
      ["driver", gpu.driver],
      ["NUMA node", gpu.numaNode],
      ["IOMMU group", gpu.iommuGroup],
      ["DRM nodes", drmNodes(gpu)],
      ["boot display", yesNo(gpu.bootVga)],
      ["BAR 2 MiB", gpu.apertureMib],
      ["mode", modeCell(gpu)],
      ["backend", word(gpu.backend, "BACKEND")],
      ...(gpu.drained ? ([["drained", drainedCell(gpu)]] as const) : []),
    ],
  };
}

function budgetTables(budget: ResourceBudget | undefined): readonly Block[] {
  if (budget === undefined) return [];
  const row = (name: string, amounts: Partial<ResourceAmounts> | undefined): readonly (readonly Cell[])[] =>
    amounts === undefined
      ? []
      : [[name, amounts.lowGmMib, amounts.highGmMib, amounts.fences, amounts.instances]];
  const { total, host, used, usedOwn, usedForeign, usedReserved, free, largestFree } = budget;
  const rows = [
    ...row("total", total),
    ...row("host", host),
    ...row("used", used),
    ...row("- by claims", usedOwn),
    ...row("- by others", usedForeign),
    ...row("- reserved", usedReserved),
    ...row("free", free),
    ...row("- in one piece", largestFree),
  ];
  return [{ kind: "table", columns: [left("BUDGET"), ...sizeColumns, right("VGPUS")], rows }];
}

function modeTables({ modes }: Gpu): readonly Block[] {
  if (modes.length === 0) return [];
  const rows = modes.map(({ mode, backend, available, reason }) => [
    word(mode, "MODE"),
    word(backend, "BACKEND"),
    yesNo(available),
    reason,
  ]);
  return [{ kind: "table", columns: ["MODE", "BACKEND", "AVAILABLE", "REASON"].map(left), rows }];
}

/** What failed of the checks that were made without being asked. */
function conditionFields({ conditions }: Gpu): readonly Block[] {
  const failed = conditions.filter(({ status }) => status === ConditionStatus.FAIL);
  return failed.map(({ reason, message, remedy }) => ({
    kind: "fields",
    fields: [
      ["condition", { text: reason, style: "warn" }],
      ["found", message],
      ["remedy", remedy],
    ],
  }));
}
