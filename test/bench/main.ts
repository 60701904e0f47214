// npm run bench: takes the figures, prints them as they come, and writes docs/performance.md. Words on the command line choose
// some of the parts; the page is then left as it is. Ends with 1 when a bar is missed.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { barOf, holds, valueOf, type Chapter } from "./figure.ts";
import { createOnQemu } from "./figures/create-on-qemu.ts";
import { createSimulated } from "./figures/create-simulated.ts";
import { discovery } from "./figures/discovery.ts";
import { lag } from "./figures/lag.ts";
import { life } from "./figures/life.ts";
import { plan } from "./figures/plan.ts";
import { reads } from "./figures/reads.ts";
import { recovery } from "./figures/recovery.ts";
import { scrape } from "./figures/scrape.ts";
import { watch } from "./figures/watch.ts";
import { load, readMachine } from "./machine.ts";
import { page } from "./page.ts";

const parts: Readonly<Record<string, () => Promise<Chapter>>> = {
  ...{ "create-on-qemu": createOnQemu, "create-simulated": createSimulated },
  ...{ reads, discovery, plan, watch, scrape, lag, life, recovery },
};
const target = fileURLToPath(new URL("../../../docs/performance.md", import.meta.url));

async function commit(): Promise<string> {
  const words = ["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"];
  return (await promisify(execFile)("git", words)).stdout.trim();
}

function print({ title, figures }: Chapter): void {
  console.log(`\n${title}`);
  for (const figure of figures) {
    const bar = barOf(figure);
    const verdict = bar === "" ? "" : ` (${bar}${holds(figure) ? "" : ", MISSED"})`;
    console.log(`  ${figure.what}: ${valueOf(figure)}${verdict}`);
    if (!holds(figure)) process.exitCode = 1;
  }
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
const [date, loads] = [new Date(), [load()]];
const chapters: Chapter[] = [];
for (const [name, take] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const chapter = await take();
  chapters.push(chapter);
  loads.push(load());
  print(chapter);
}
if (chosen.length === 0) {
  await writeFile(
    target,
    await page({ date, commit: await commit(), machine: await readMachine(), loads, chapters }, target),
  );
  console.log(`\nwrote ${target}`);
}
