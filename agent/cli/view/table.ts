// Lays out columns and fields, by the width that a terminal gives to each character.
import { eastAsianWidth } from "get-east-asian-width";
import { ABSENT, cellStyle, cellText, type Cell, type Paint } from "./paint.ts";

export interface Column {
  /** With its unit. */
  readonly title: string;
  /** Numbers stand under each other. */
  readonly align?: "right";
  /** Only shown in a wide table. */
  readonly wide?: true;
  /** Only shown where a row has something there. */
  readonly sparse?: true;
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
  const isEmpty = (index: number): boolean =>
    rows.length > 0 && rows.every((row) => cellText(row[index]) === ABSENT);
  const shown = columns.flatMap((column, index) =>
    (column.wide && !wide) || (column.sparse && isEmpty(index)) ? [] : [{ ...column, index }],
  );
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(cellText(row[index])))),
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
  const width = Math.max(0, ...fields.map(([name]) => widthOf(name) + 1));
  return fields.map(
    ([name, value]) => `${fit(`${name}:`, width)}${GAP}${paint(cellText(value), cellStyle(value))}`,
  );
}

function fit(text: string, width: number, align?: Column["align"]): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? space + text : text + space;
}

/** In columns of a terminal: an ideograph has two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}
