// The last minutes of a domain or of many as lines to draw: which values, on which scale, in which words. Pure.
import type { DomainRow } from "./domain-groups.ts";
import type { Activity, History, Reading } from "./model.ts";
import { bytes, bytesPerSecond, percent } from "./units.ts";

export type Measure = "cpu" | "memory" | "disk" | "network";

export interface Line {
  /** Empty where a chart has only one. */
  readonly name: string;
  /** One for each reading of the history; undefined where nothing is known. */
  readonly values: readonly (number | undefined)[];
}

export interface Chart {
  readonly measure: Measure;
  readonly lines: readonly Line[];
  /** The value at the upper edge; above 0. */
  readonly top: number;
  readonly say: (value: number) => string;
}

export const measures = ["cpu", "memory", "disk", "network"] as const satisfies readonly Measure[];

export const measureNames = {
  cpu: "CPU",
  memory: "Memory",
  disk: "Disk",
  network: "Network",
} as const satisfies Record<Measure, string>;

const parts = {
  cpu: [["", "cores"]],
  memory: [["", "memoryBytes"]],
  disk: [
    ["read", "diskReadPerSecond"],
    ["write", "diskWritePerSecond"],
  ],
  network: [
    ["in", "receivedPerSecond"],
    ["out", "sentPerSecond"],
  ],
} as const satisfies Record<Measure, readonly (readonly [string, keyof Activity])[]>;

const MIB = 1024 * 1024;

/** The charts of each row. Disk and network have one scale for all rows, so that heights can be compared. */
export function rowCharts(rows: readonly DomainRow[], history: History): ReadonlyMap<DomainRow, Chart[]> {
  const lines = new Map(
    rows.map((row) => [row, linesOf((reading) => reading.domains.get(row.view.id), history)]),
  );
  const common = {
    disk: highest([...lines.values()].flatMap(({ disk }) => disk)),
    network: highest([...lines.values()].flatMap(({ network }) => network)),
  };
  return new Map(
    [...lines].map(([row, of]) => {
      const { vcpus, memoryMib } = row.view.domain ?? {};
      const cpus = Math.max(1, vcpus ?? 1);
      const shares = of.cpu.map(({ name, values }) => ({
        name,
        values: values.map((cores) => cores && cores / cpus),
      }));
      return [
        row,
        [
          { measure: "cpu", lines: shares, top: Math.max(1, highest(shares)), say: percent },
          {
            measure: "memory",
            lines: of.memory,
            top: Math.max((memoryMib ?? 0) * MIB, highest(of.memory)),
            say: bytes,
          },
          { measure: "disk", lines: of.disk, top: common.disk, say: bytesPerSecond },
          { measure: "network", lines: of.network, top: common.network, say: bytesPerSecond },
        ],
      ];
    }),
  );
}

/** The charts of groups taken together, each measure on one scale for all of them. */
export function groupCharts(groups: readonly (readonly DomainRow[])[], history: History): Chart[][] {
  const sums = groups.map((rows) => linesOf((reading) => sumOf(rows, reading), history));
  return sums.map((of) =>
    measures.map((measure) => ({
      measure,
      lines: of[measure],
      top: highest(sums.flatMap((each) => each[measure])),
      say: measure === "cpu" ? coresOf : measure === "memory" ? bytes : bytesPerSecond,
    })),
  );
}

function coresOf(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ${value.toFixed(2) === "1.00" ? "core" : "cores"}`;
}

function linesOf(
  of: (reading: Reading) => Activity | undefined,
  { readings }: History,
): Record<Measure, Line[]> {
  const activities = readings.map(of);
  const line = ([name, key]: readonly [string, keyof Activity]): Line => ({
    name,
    values: activities.map((activity) => activity?.[key]),
  });
  return {
    cpu: parts.cpu.map(line),
    memory: parts.memory.map(line),
    disk: parts.disk.map(line),
    network: parts.network.map(line),
  };
}

/** Undefined when none of them runs. Where libvirt did not say, a domain counts as nothing. */
function sumOf(rows: readonly DomainRow[], { domains }: Reading): Activity | undefined {
  const activities = rows.flatMap(({ view }) => domains.get(view.id) ?? []);
  if (activities.length === 0) return undefined;
  const sum = (key: keyof Activity): number | undefined => {
    const known = activities.flatMap((activity) => activity[key] ?? []);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
  };
  return {
    cores: sum("cores"),
    memoryBytes: sum("memoryBytes"),
    diskReadPerSecond: sum("diskReadPerSecond"),
    diskWritePerSecond: sum("diskWritePerSecond"),
    receivedPerSecond: sum("receivedPerSecond"),
    sentPerSecond: sum("sentPerSecond"),
  };
}

/** The highest value of all lines; 1 when there is none above 0. */
function highest(lines: readonly Line[]): number {
  const top = lines.reduce(
    (high, { values }) => values.reduce<number>((a, b) => Math.max(a, b ?? 0), high),
    0,
  );
  return top > 0 ? top : 1;
}

/** A chart in words: the last value, and the range of each line. */
export function chartInWords({ lines, say }: Chart): string {
  const told = lines.flatMap(({ name, values }) => {
    const known = values.flatMap((value) => value ?? []);
    if (known.length === 0) return [];
    const last = values.at(-1);
    const now = last === undefined ? "now unknown" : `now ${say(last)}`;
    const range = `lowest ${say(Math.min(...known))}, highest ${say(Math.max(...known))}`;
    return [`${name === "" ? "" : `${name} `}${now}, ${range}`];
  });
  return told.length === 0 ? "no readings" : told.join("; ");
}
