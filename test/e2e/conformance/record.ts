// What was seen of each group of cases, in a golden file for each: docs/reference/conformance.md is made from them.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { GroupName, GroupOutcomes } from "../../../scripts/conformance-page.ts";

// From dist/test/e2e/conformance back to the sources. Suites run side by side: no two write one file.
const GOLDEN = new URL("../../../../test/golden/conformance/", import.meta.url);

/** Empty when nothing is recorded. */
export async function recorded(group: GroupName): Promise<GroupOutcomes> {
  const text = await readFile(fileOf(group), "utf8").catch(() => "{}");
  return JSON.parse(text) as GroupOutcomes;
}

export async function record(group: GroupName, outcomes: GroupOutcomes): Promise<void> {
  await mkdir(GOLDEN, { recursive: true });
  await writeFile(fileOf(group), `${JSON.stringify(outcomes, undefined, 2)}\n`);
}

function fileOf(group: GroupName): URL {
  return new URL(`${group}.json`, GOLDEN);
}
