// Lays out columns and fields. Every character is taken as one column wide.
import { cellStyle, cellText, type Cell, type Paint } from "./paint.ts";

export interface Column {
  /** With its unit. */
  readonly title: string;
  /** Numbers stand under each other. */
  readonly align?: "right";
  /** Only shown in a wide table. */
  readonly wide?: true;
}

export interface TableStyle {
  readonly paint: Paint;
  readonly wide: boolean;
}

const GAP = "  ";

/** Title and rows, columns as wide as their widest cell, without trailing space. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { paint, wide }: TableStyle,
): readonly string[] {
  const shown = columns.flatMap((column, index) => (column.wide && !wide ? [] : [{ ...column, index }]));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => cellText(row[index]).length)),
  );
  const line = (cells: readonly Cell[]): string =>
    shown
      .map(({ align, index }, place) => {
        const cell = cells[index];
        const last = place === shown.length - 1 && align !== "right";
        const text = fit(cellText(cell), last ? 0 : (widths[index] ?? 0), align);
        return paint(text, cellStyle(cell));
      })
      .join(GAP)
      .trimEnd();
  const head = columns.map(({ title }) => ({ text: title, style: "head" }) as const);
  return [line(head), ...rows.map(line)];
}

/** `name:  value`, values under each other. */
export function fieldLines(
  fields: readonly (readonly [name: string, value: Cell])[],
  paint: Paint,
): readonly string[] {
  const width = Math.max(0, ...fields.map(([name]) => name.length + 1));
  return fields.map(
    ([name, value]) => `${`${name}:`.padEnd(width)}${GAP}${paint(cellText(value), cellStyle(value))}`,
  );
}

function fit(text: string, width: number, align: Column["align"]): string {
  return align === "right" ? text.padStart(width) : text.padEnd(width);
}
