// What the page of conformance says of the beds must stand in their suites, and be about cases that there are.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { bedTests } from "../../../scripts/conformance-beds.ts";
import {
  backendNames,
  conformancePage,
  groupNames,
  type BackendName,
  type BedOutcomes,
  type Conformance,
  type GroupOutcomes,
} from "../../../scripts/conformance-page.ts";

const fromRepository = (file: string): URL => new URL(`../../../../${file}`, import.meta.url);

const casesOf = async (group: string): Promise<GroupOutcomes> => {
  const text = await readFile(fromRepository(`test/golden/conformance/${group}.json`), "utf8");
  return JSON.parse(text) as GroupOutcomes;
};

async function seenOnBeds(): Promise<BedOutcomes> {
  const text = await readFile(fromRepository("test/golden/conformance/beds.json"), "utf8");
  return JSON.parse(text) as BedOutcomes;
}

describe("the tests of the beds that the page of conformance names", () => {
  for (const [group, cases] of Object.entries(bedTests))
    for (const [what, byBackend] of Object.entries(cases))
      for (const [backend, { suite, title }] of Object.entries(byBackend))
        it(`have been run for ${group}, ${what}, on ${backend}`, async () => {
          assert.ok(Object.hasOwn(await casesOf(group), what), `there is no case "${what}"`);
          const outcome = (await seenOnBeds())[suite]?.[title];
          assert.equal(outcome, "passed", `${suite}, "${title}": record it (UPDATE_GOLDEN=1)`);
        });

  it("are all that is recorded of them", async () => {
    const named = Object.values(bedTests)
      .flatMap((cases) => Object.values(cases))
      .flatMap((byBackend) => Object.values(byBackend))
      .map(({ suite, title }) => `${suite} ${title}`);
    const recorded = Object.entries(await seenOnBeds()).flatMap(([suite, outcomes]) =>
      Object.keys(outcomes).map((title) => `${suite} ${title}`),
    );
    assert.deepEqual(
      recorded.filter((test) => !named.includes(test)),
      [],
      "take it from test/golden/conformance/beds.json",
    );
  });
});

describe("the page of conformance", () => {
  const nothing = Object.fromEntries(groupNames.map((group) => [group, {}])) as Conformance;

  it("tells what passed, what failed, what is impossible and why, and what nobody ran", () => {
    const why = "nothing is made";
    const create: GroupOutcomes = {
      one: { kvmgt: "passed", virgl: { impossible: why }, passthrough: "failed" },
      other: { virgl: { impossible: why } },
    };
    const page = conformancePage({ ...nothing, create }, {}, {});
    const row = (
      what: string,
      cells: Readonly<Partial<Record<BackendName, string>>>,
      otherwise: string,
    ): string => `| ${[what, ...backendNames.map((name) => cells[name] ?? otherwise)].join(" | ")} |`;
    const lines = page.split("\n");
    const cellsOfOne = { kvmgt: "passed", virgl: "impossible (1)", passthrough: "failed" };
    assert.ok(lines.includes(`${row("one", cellsOfOne, "not run")} not run |`));
    assert.ok(lines.includes(`${row("other", { virgl: "impossible (1)" }, "not run")} not run |`));
    assert.ok(lines.includes("1. nothing is made"));
    const counts = { kvmgt: "1 of 2 passed", virgl: "0 of 0 passed, 2 impossible" };
    assert.ok(lines.includes(row("create", counts, "0 of 2 passed")));
  });

  it("tells what came of the tests of the beds, and which nobody ran", () => {
    const create: GroupOutcomes = { one: { kvmgt: "passed" } };
    const one = {
      kvmgt: { suite: "a.test.ts", title: "is made" },
      xengt: { suite: "b.test.ts", title: "is, too" },
    };
    const page = conformancePage(
      { ...nothing, create },
      { create: { one } },
      { "a.test.ts": { "is made": "passed" } },
    );
    assert.match(
      page,
      /`kvmgt`: passed \(`a\.test\.ts`, “is made”\); `xengt`: not run \(`b\.test\.ts`, “is, too”\)/,
    );
  });
});
