// npm run bench: takes the figures, prints them as they come, and writes docs/performance.md. Words on the command line choose
// some of the parts; the page is written when all of them have been taken at this commit. Ends with 1 when a bar is missed.
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
import { keep, kept, type Part } from "./kept.ts";
import { load, missingPackages, readMachine } from "./machine.ts";
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
// The part that needs one may be the last of half an hour.
const missing = await missingPackages();
if (missing.length > 0)
  throw new Error(
    `not installed: ${missing.join(", ")}; scripts/install-bench-packages installs what is needed`,
  );

const taken = await commit();
for (const [name, take] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const before = load();
  const chapter = await take();
  await keep({ name, commit: taken, takenAt: Date.now(), loads: [before, load()], chapter });
  print(chapter);
}

const found = await Promise.all(
  Object.keys(parts).map(async (name) => [name, await kept(name, taken)] as const),
);
const lacking = found.filter(([, part]) => !part).map(([name]) => name);
if (lacking.length > 0) {
  console.log(`\n${target} is left as it is: not taken at ${taken} are ${lacking.join(", ")}`);
} else {
  const whole = found.map(([, part]) => part).filter((part): part is Part => part !== undefined);
  await writeFile(target, await page({ commit: taken, machine: await readMachine(), parts: whole }, target));
  console.log(`\nwrote ${target}`);
}
