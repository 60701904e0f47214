// docs/performance.md, made from one run.
import { format, resolveConfig } from "prettier";
import { barOf, holds, valueOf, type Chapter, type Figure } from "./figure.ts";
import type { Part } from "./kept.ts";
import type { Machine } from "./machine.ts";

export interface Run {
  readonly commit: string;
  readonly machine: Machine;
  readonly parts: readonly Part[];
}

/** Formatted as the project's other pages; `file` is where it goes. */
export async function page(run: Run, file: string): Promise<string> {
  const { commit, machine, parts } = run;
  const chapters = parts.map(({ chapter }) => chapter);
  const days = [...new Set(parts.map(({ takenAt }) => new Date(takenAt).toISOString().slice(0, 10)))].sort();
  const failing = chapters.flatMap(({ figures }) => figures).filter((figure) => !holds(figure));
  const misses =
    failing.length === 0
      ? "Every bar is held."
      : `**Missed:** ${failing.map((figure) => `${figure.what} (${valueOf(figure)}, ${barOf(figure)})`).join("; ")}.`;
  const text = `# Performance

Written by \`npm run bench\`, by hand and not in CI: times depend on the machine and on what else it does. What has a bar is a
ratio, CPU time or memory, and a time alone only where it is promised: in Discovery, Watching, Event loop and Recovery. Both sides of a ratio are measured in turn in
the same run.

${misses}

| | |
|-|-|
| date | ${days.join(", ")} |
| commit | ${commit} |
| processor | ${machine.processor} |
| memory | ${machine.memory} |
| kernel | ${machine.kernel} |
| load of one minute, before and after each part | ${parts.map(({ name, loads }) => `${name} ${loads.join(" to ")}`).join(", ")} |
| programs | ${machine.programs.join(", ")} |

${chapters.map(chapterText).join("\n")}`;
  return await format(text, { ...(await resolveConfig(file)), filepath: file });
}

function chapterText({ title, method, figures }: Chapter): string {
  return `## ${title}\n\n${method}\n\n| figure | value | bar | |\n|-|-:|-|-|\n${figures.map(row).join("")}`;
}

function row(figure: Figure): string {
  const verdict = figure.bar ? (holds(figure) ? "held" : "**missed**") : "";
  return `| ${figure.what} | ${valueOf(figure)} | ${barOf(figure)} | ${verdict} |\n`;
}
