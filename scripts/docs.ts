// Writes the generated pages of docs from the tables in the code and from what tests have recorded; with --check it only says
// which are stale.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { bedTests } from "./conformance-beds.ts";
import {
  conformancePage,
  groupNames,
  type BedOutcomes,
  type Conformance,
  type GroupOutcomes,
} from "./conformance-page.ts";
import { livesOnBeds, livesOnBedsPage, type LifeOnBed } from "./lives-on-beds-page.ts";
import { doctoredBeds, doctorOnBedsPage, type DoctoredBed } from "./doctor-on-beds-page.ts";
import { failureModesPage, type FailureModes } from "./failure-modes-page.ts";
import { placementWalkthroughPage, type WalkthroughStep } from "./placement-walkthrough-page.ts";
import { referencePages } from "./reference-pages.ts";
import { seedDemonstrationPage, type SeedRecord } from "./seed-demonstration-page.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const failureModes = fileURLToPath(new URL("../../test/golden/failure-modes.json", import.meta.url));
const conformance = new URL("../../test/golden/conformance/", import.meta.url);
const doctored = new URL("../../test/golden/doctor-on-beds/", import.meta.url);
const walkthrough = new URL("../../test/golden/placement-walkthrough.json", import.meta.url);
const lives = new URL("../../test/golden/lives-on-beds/", import.meta.url);
const seed = new URL("../../test/golden/seed-demonstration.json", import.meta.url);
const check = process.argv.includes("--check");

/** As the pages that are written by hand. */
async function formatted(name: string, text: string): Promise<string> {
  const filepath = `${docs}${name}`;
  return await format(text, { ...(await resolveConfig(filepath)), filepath });
}

async function failureModesText(): Promise<string> {
  const modes = JSON.parse(await readFile(failureModes, "utf8")) as FailureModes;
  return await formatted("failure-modes.md", failureModesPage(modes));
}

async function seedDemonstrationText(): Promise<string> {
  const record = JSON.parse(await readFile(seed, "utf8")) as SeedRecord;
  return await formatted("seed-demonstration.md", seedDemonstrationPage(record));
}

async function conformanceText(): Promise<string> {
  const groups = groupNames.map(async (group) => {
    const text = await readFile(new URL(`${group}.json`, conformance), "utf8");
    return [group, JSON.parse(text) as GroupOutcomes] as const;
  });
  const seenOnBeds = JSON.parse(await readFile(new URL("beds.json", conformance), "utf8")) as BedOutcomes;
  return conformancePage(Object.fromEntries(await Promise.all(groups)) as Conformance, bedTests, seenOnBeds);
}

async function doctorOnBedsText(): Promise<string> {
  const records = Object.keys(doctoredBeds).map(
    async (bed) => [bed, await readFile(new URL(`${bed}.txt`, doctored), "utf8")] as const,
  );
  return doctorOnBedsPage(Object.fromEntries(await Promise.all(records)) as Record<DoctoredBed, string>);
}

async function livesOnBedsText(): Promise<string> {
  const records = Object.keys(livesOnBeds).map(
    async (name) => [name, await readFile(new URL(`${name}.log`, lives), "utf8")] as const,
  );
  return livesOnBedsPage(Object.fromEntries(await Promise.all(records)) as Record<LifeOnBed, string>);
}

async function walkthroughText(): Promise<string> {
  return placementWalkthroughPage(JSON.parse(await readFile(walkthrough, "utf8")) as WalkthroughStep[]);
}

const pages: readonly (readonly [string, string])[] = [
  ...Object.entries(referencePages()).map(([name, text]) => [`reference/${name}`, text] as const),
  ["failure-modes.md", await failureModesText()],
  ["seed-demonstration.md", await seedDemonstrationText()],
  ["reference/conformance.md", await conformanceText()],
  ["reference/doctor-on-beds.md", await doctorOnBedsText()],
  ["reference/lives-on-beds.md", await livesOnBedsText()],
  ["reference/placement-walkthrough.md", await walkthroughText()],
];

await mkdir(`${docs}reference`, { recursive: true });
for (const [name, text] of pages) {
  const file = `${docs}${name}`;
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === text) continue;
  if (check) {
    console.error(`docs/${name} is stale; run: npm run docs`);
    process.exitCode = 1;
  } else await writeFile(file, text);
}
