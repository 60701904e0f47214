// Draws a text over the one before it on a terminal, below what else stands there. Pure.
import type { ScreenSize } from "../environment.ts";

// Control sequences of ECMA-48 and of every terminal since the VT100.
const UP = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}F`);
const ERASE_BELOW = "\u001b[J";
const HOME = "\u001b[H";
const COLOURS = /\u001b\[\d+m/g;

/**
 * Makes what has to be written for each text that follows; the size is asked each time. A notice stands below the text,
 * which makes room for it.
 */
export function redrawer(size: () => ScreenSize): (text: string, notice?: string) => string {
  let before: readonly string[] = [];
  return (text, notice = "") => {
    const { rows, columns } = size();
    const below = notice === "" ? [] : [notice];
    const room = { rows: rows - heightOf(below, columns), columns };
    const lines = [...cutTo(text.trimEnd().split("\n"), room), ...below];
    const height = heightOf(before, columns);
    // What has scrolled out of reach cannot be drawn over.
    const back = height >= rows ? HOME : UP(height);
    before = lines;
    return `${back}${ERASE_BELOW}${lines.join("\n")}\n`;
  };
}

/** As much as the screen holds, with a line that tells what is missing. */
function cutTo(lines: readonly string[], { rows, columns }: ScreenSize): readonly string[] {
  if (heightOf(lines, columns) < rows) return lines;
  const kept: string[] = [];
  for (const line of lines) {
    if (heightOf([...kept, line], columns) > rows - 2) break;
    kept.push(line);
  }
  return [...kept, `… ${lines.length - kept.length} more lines`.slice(0, columns)];
}

/** Lines that are wider than the screen are wrapped by the terminal. */
function heightOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / columns)), 0);
}

/** A line at the width of the screen; its colours take no room and are kept. */
export function cutLine(line: string, columns: number): string {
  if (visibleLength(line) <= columns) return line;
  let room = columns;
  const parts = line.split(/(\u001b\[\d+m)/).map((part) => {
    if (part.startsWith("\u001b")) return part;
    const kept = part.slice(0, room);
    room -= kept.length;
    return kept;
  });
  return parts.join("");
}

function visibleLength(line: string): number {
  return line.replaceAll(COLOURS, "").length;
}
