// What the table of conditions says of itself.
import assert from "node:assert/strict";
import { modes } from "../../../agent/core/modes.ts";
import type { Check, Severity } from "../../../agent/diagnosis/condition.ts";
import { table } from "../../../agent/diagnosis/table.ts";

/** By `WHAT FOLLOWS <- CAUSE`, why the cause may hide it all the same. */
const CHEAPER: Readonly<Record<string, string>> = {};

const weight: Readonly<Record<Severity, number>> = { info: 1, warning: 2, error: 3 };

describe("the table of conditions", () => {
  it("has each cause before what follows from it", () => {
    const early = table.flatMap(({ code, dependsOn }, index) =>
      dependsOn
        .filter((cause) => !table.slice(0, index).some((check) => check.code === cause))
        .map((cause) => edge(code, cause)),
    );
    assert.deepEqual(early, []);
  });

  it("lets no cause hide what costs a mode more than the cause does", () => {
    const hiding = table.flatMap((check) =>
      check.dependsOn.filter((cause) => isCheaper(cause, check)).map((cause) => edge(check.code, cause)),
    );
    assert.deepEqual(hiding, Object.keys(CHEAPER));
  });
});

function isCheaper(code: string, { costs }: Check): boolean {
  const cause = table.find((check) => check.code === code);
  return modes.some((mode) => weightOf(cause?.costs[mode]) < weightOf(costs[mode]));
}

function weightOf(severity: Severity | undefined): number {
  return severity === undefined ? 0 : weight[severity];
}

function edge(code: string, cause: string): string {
  return `${code} <- ${cause}`;
}
