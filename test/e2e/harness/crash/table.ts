// What became of many ends of the agent, as a table for people.
import { flawKinds } from "./flaws.ts";
import { passedBy } from "./operations.ts";
import { IDLE, type Run } from "./stage.ts";

/** A line for each point: how often the process ended there, and what of each kind was found wrong afterwards. */
export function table(runs: readonly Run[]): string {
  const points = [...Object.keys(passedBy), IDLE, "unknown"];
  const rows = points.map((point) => {
    const there = runs.filter(({ deaths }) => deaths.includes(point));
    return [point, ...counts(there)];
  });
  const lines = [["ended at", "runs", ...flawKinds], ...rows, ["all", ...counts(runs)]];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  "))
    .join("\n");
}

function counts(runs: readonly Run[]): string[] {
  const flaws = runs.flatMap((run) => run.flaws);
  const ofKind = flawKinds.map((wanted) => flaws.filter(({ kind }) => kind === wanted).length);
  return [runs.length, ...ofKind].map(String);
}
