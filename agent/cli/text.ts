// Text for people as blocks: tables, fields and lines. Laid out and coloured in one place, at the end.
import { fieldLines, tableLines, type Column } from "./table.ts";
import type { Cell, Paint } from "./paint.ts";

export type Block =
  | {
      readonly kind: "table";
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: "fields"; readonly fields: readonly (readonly [name: string, value: Cell])[] }
  | { readonly kind: "lines"; readonly lines: readonly string[] };

/** Blocks, with an empty line between two of them. */
export type Text = readonly Block[];

export function layOut(text: Text, paint: Paint): string {
  return text.map((block) => `${linesOf(block, paint).join("\n")}\n`).join("\n");
}

function linesOf(block: Block, paint: Paint): readonly string[] {
  switch (block.kind) {
    case "table":
      return tableLines(block.columns, block.rows, paint);
    case "fields":
      return fieldLines(block.fields, paint);
    case "lines":
      return block.lines;
  }
}
