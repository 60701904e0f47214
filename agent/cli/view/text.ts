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

export interface Layout {
  readonly paint: Paint;
  /** Whether tables have their head. */
  readonly headers: boolean;
  /** Whether tables show the columns that are for wide ones only. */
  readonly wide: boolean;
}

export function layOut(text: Text, layout: Layout): string {
  return text.map((block) => `${linesOf(block, layout).join("\n")}\n`).join("\n");
}

function linesOf(block: Block, layout: Layout): readonly string[] {
  switch (block.kind) {
    case "table": {
      const lines = tableLines(block.columns, block.rows, layout);
      return layout.headers ? lines : lines.slice(1);
    }
    case "fields":
      return fieldLines(block.fields, layout.paint);
    case "lines":
      return block.lines;
  }
}
