// The accounts of a GPU in the modes beside gvt-g as tables.
import type {
  FunctionResources,
  Gpu,
  VirtualFunction,
  VirtualFunctions,
} from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Cell } from "./paint.ts";
import type { Column } from "./table.ts";
import type { Block } from "./text.ts";
import { word, yesNo } from "./words.ts";

const NANOS_PER_SECOND = 1_000_000_000;
const NANOS_PER_MS = 1_000_000;
const NANOS_PER_US = 1_000;

const right = (title: string): Column => ({ title, align: "right" });
const left = (title: string): Column => ({ title });
/** Drivers tell of some only. */
const sparse = (title: string): Column => ({ title, align: "right", sparse: true });

/** One line for each mode that has an account, then the virtual functions and what they share. */
export function accountTables(gpu: Gpu): readonly Block[] {
  return [...modeTable(gpu), ...functionTables(gpu.virtualFunctions)];
}

function modeTable({ virtualFunctions: functions, whole, seats }: Gpu): readonly Block[] {
  const rows: (readonly Cell[])[] = [
    ...(functions
      ? [
          [
            ...["virtual functions", functions.total, functions.enabled, functions.usedOwn],
            ...[functions.usedForeign, functions.unused, undefined],
          ],
        ]
      : []),
    ...(whole
      ? [
          [
            ...["whole GPU", 1, 1, whole.usedOwn, whole.usedForeign, whole.free],
            [...whole.heldBy.map((holder) => word(holder, "WHOLE_GPU_HOLDER")), domainText(whole)]
              .filter((text) => text !== undefined && text !== "")
              .join(", "),
          ],
        ]
      : []),
    ...(seats
      ? [["seats", seats.total, taken(seats), seats.usedOwn, seats.usedForeign, seatsFree(seats), undefined]]
      : []),
  ];
  const columns = [
    left("ACCOUNT"),
    ...["TOTAL", "EXIST", "BY CLAIMS", "BY OTHERS", "FREE"].map(right),
    left("HELD BY"),
  ];
  return rows.length === 0 ? [] : [{ kind: "table", columns, rows }];
}

function taken({ usedOwn, usedForeign }: Seats): number | undefined {
  return usedOwn === undefined || usedForeign === undefined ? undefined : usedOwn + usedForeign;
}

/** Undefined while the GPU is in another mode, and while it is not known how many others have. */
function seatsFree(seats: Seats): number | undefined {
  const used = taken(seats);
  return seats.total === undefined || used === undefined ? undefined : Math.max(0, seats.total - used);
}

type Seats = NonNullable<Gpu["seats"]>;

/** Of a vgpud that does not tell the name it is the UUID. */
function domainText({ domainName, domainUuid }: Pick<VirtualFunction, "domainName" | "domainUuid">): string {
  return domainName === "" ? domainUuid : domainName;
}

const RESOURCES = ["VRAM MIB", "GGTT MIB", "CONTEXTS", "DOORBELLS"].map(sparse);

function resourceCells(resources: FunctionResources | undefined): readonly Cell[] {
  const { vramMib, ggttMib, contexts, doorbells } = resources ?? {};
  return [vramMib?.toString(), ggttMib?.toString(), contexts, doorbells];
}

/** Undefined where no driver tells: i915 of the kernel, and xe before Linux 6.19. */
function turnsTable({ functions }: VirtualFunctions): Block | undefined {
  const isTold = functions.some(
    ({ execQuantum, preemptTimeout, schedPriority }) =>
      execQuantum !== undefined || preemptTimeout !== undefined || schedPriority !== "",
  );
  const rows = functions.map(({ number, execQuantum, preemptTimeout, schedPriority }) => [
    ...[`vf${number}`, quantumMs(execQuantum), timeoutUs(preemptTimeout)],
    schedPriority,
  ]);
  const columns = [
    left("FUNCTION"),
    ...["EXEC QUANTUM MS", "PREEMPT TIMEOUT US"].map(right),
    left("PRIORITY"),
  ];
  return isTold ? { kind: "table", columns, rows } : undefined;
}

export function quantumMs(quantum: VirtualFunction["execQuantum"]): Cell {
  return limit(quantum, NANOS_PER_MS);
}

export function timeoutUs(timeout: VirtualFunction["preemptTimeout"]): Cell {
  return limit(timeout, NANOS_PER_US);
}

/** Drivers say 0 for what has none. */
function limit(duration: VirtualFunction["execQuantum"], nanosEach: number): Cell {
  if (duration === undefined) return undefined;
  const count = (Number(duration.seconds) * NANOS_PER_SECOND + duration.nanos) / nanosEach;
  return count === 0 ? "no limit" : count;
}

function functionTables(account: VirtualFunctions | undefined): readonly Block[] {
  if (account === undefined) return [];
  const functions = account.functions.map(({ number, pciAddress, driver, free, quota, ...by }) => [
    ...[`vf${number}`, pciAddress, driver, yesNo(free), domainText(by)],
    ...resourceCells(quota),
  ]);
  const shares = [
    ["allocated", account.allocated],
    ["available", account.available],
    ["largest quota", account.largestQuota],
  ] as const;
  const told = shares.filter(([, resources]) => resources !== undefined);
  const turns = turnsTable(account);
  return [
    ...(functions.length === 0
      ? []
      : [
          {
            kind: "table",
            columns: [...["FUNCTION", "ADDRESS", "DRIVER", "FREE", "DOMAIN"].map(left), ...RESOURCES],
            rows: functions,
          } as const,
        ]),
    ...(turns ? [turns] : []),
    ...(told.length === 0
      ? []
      : [
          {
            kind: "table",
            columns: [left("SHARES"), ...RESOURCES],
            rows: told.map(([name, resources]) => [name, ...resourceCells(resources)]),
          } as const,
        ]),
  ];
}
