// What came of the tests of the beds that docs/reference/conformance.md names, held against what is recorded of them.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bedTests } from "../../scripts/conformance-beds.ts";
import type { BedOutcomes } from "../../scripts/conformance-page.ts";

const SUITES = fileURLToPath(new URL(".", import.meta.url));
/** From dist/test/testbed back to the sources. */
const RECORD = new URL("../../../test/golden/conformance/beds.json", import.meta.url);

const named = new Set(
  Object.values(bedTests)
    .flatMap((cases) => Object.values(cases))
    .flatMap((byBackend) => Object.values(byBackend))
    .map(({ suite, title }) => `${suite} ${title}`),
);

type Outcome = BedOutcomes[string][string];

/** Of one run of mocha. */
export class SeenOutcomes {
  readonly #seen = new Map<string, Map<string, Outcome>>();

  /** To be called behind each test. */
  saw({ file, title, state }: Pick<Mocha.Test, "file" | "title" | "state">): void {
    const suite = path.relative(SUITES, file ?? "").replace(/\.js$/, ".ts");
    if (!named.has(`${suite} ${title}`) || state === "pending") return;
    const outcomes = this.#seen.get(suite) ?? new Map<string, Outcome>();
    this.#seen.set(suite, outcomes.set(title, state === "passed" ? "passed" : "failed"));
  }

  /**
   * To be called at the end. Throws, in CI, where all of a suite runs, when the record has a test that was not run or has come to
   * something else. UPDATE_GOLDEN=1 records what was seen of these suites and leaves the others as they are.
   */
  async settle(): Promise<void> {
    const recorded = JSON.parse(await readFile(RECORD, "utf8")) as BedOutcomes;
    const seen = Object.fromEntries(
      [...this.#seen].map(([suite, outcomes]) => [suite, Object.fromEntries([...outcomes].sort())]),
    );
    if (process.env["UPDATE_GOLDEN"] === "1") {
      const all = Object.entries({ ...recorded, ...seen }).sort();
      await writeFile(RECORD, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
    } else if (process.env["CI"] !== undefined)
      for (const [suite, outcomes] of Object.entries(seen))
        assert.deepEqual(outcomes, recorded[suite], suite);
  }
}
