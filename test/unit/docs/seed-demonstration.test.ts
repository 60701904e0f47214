// The page of the demonstration shows what a run of it has told.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  seedDemonstrationPage,
  seedSteps,
  type SeedRecord,
  type SeedStep,
} from "../../../scripts/seed-demonstration-page.ts";

const recorded = new URL("../../../../test/golden/seed-demonstration.json", import.meta.url);

describe("the page of the demonstration", () => {
  it("shows each step as it was told, in the order of the story", () => {
    const pieces = seedSteps.map((step) => [step, [{ at: "caller", line: `do ${step}`, output: "done" }]]);
    const page = seedDemonstrationPage(Object.fromEntries(pieces) as SeedRecord);
    const places = seedSteps.map((step) => page.indexOf(`\`\`\`console\ncaller$ do ${step}\ndone\n\`\`\``));
    assert.ok(places.every((place) => place > 0));
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
  });

  it("shows the first domain whole, and of the others their names and states", () => {
    const view = (name: string): string =>
      `claim id: 1\n\ndomain: ${name}\nUUID: 2\nstate: running\nvCPUs: 1`;
    const none = seedSteps.map((step) => [step, []] as const);
    const six = ["a", "b"].map((name) => ({ at: "caller", line: `create ${name}`, output: view(name) }));
    const page = seedDemonstrationPage({ ...(Object.fromEntries(none) as unknown as SeedRecord), six });
    assert.ok(page.includes(`create a\n${view("a")}\n\n`));
    assert.ok(page.includes("create b\nclaim id: 1\n\ndomain: b\nstate: running\n…\n```"));
  });

  it("has of the last recorded run a seventh that found no host, a host without power, and nothing at the end", async () => {
    const record = JSON.parse(await readFile(recorded, "utf8")) as SeedRecord;
    const told = (step: SeedStep): string => record[step].map(({ output }) => output).join("\n");
    assert.match(told("seventh"), /Placement has no candidate .*\n(.*\n)*\(exit status 6\)$/);
    assert.match(told("dead"), /alertname="VgpudDown".* => 1$/m);
    assert.match(told("dead"), /passed over/);
    assert.doesNotMatch(told("back"), /VgpudDown/);
    assert.match(told("empty"), /^CLAIM +HOST +GPU[^\n]*$/m);
  });
});
