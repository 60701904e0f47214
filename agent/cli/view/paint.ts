// Cells of the output, and their colours where there is a terminal to show them.

export type Style = "good" | "warn" | "bad" | "head";

/** How a value is shown that there is none of. */
export const ABSENT = "-";

/** A value to show. */
export type Cell = string | number | undefined | { readonly text: string; readonly style: Style };

/** Puts a style around a text that is already as wide as it has to be. */
export type Paint = (text: string, style: Style | undefined) => string;

// SGR parameters of ECMA-48: bold, and the foreground colours that every terminal has.
const sgr = { good: "32", warn: "33", bad: "31", head: "1" } as const satisfies Record<Style, string>;

export const plain: Paint = (text) => text;
export const coloured: Paint = (text, style) =>
  style === undefined ? text : `\u001b[${sgr[style]}m${text}\u001b[0m`;

export function cellText(cell: Cell): string {
  const text = typeof cell === "object" ? cell.text : String(cell ?? "");
  return text === "" ? ABSENT : printable(text);
}

export function cellStyle(cell: Cell): Style | undefined {
  return typeof cell === "object" ? cell.style : undefined;
}

/** Control characters as `\xNN`: names of foreign domains and words of the kernel must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
