// The rules and alerts that are shipped, judged by Prometheus's own tool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { describeMetrics } from "../../agent/observation/metrics.ts";
import { installed } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const fromRepository = (file: string): string => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});
const testsSchema = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

async function yamlOf<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(parse(await readFile(fromRepository(file), "utf8")));
}

async function rulesOf(file: string): Promise<z.output<typeof rulesSchema>["groups"][number]["rules"]> {
  return (await yamlOf(`docs/monitoring/${file}`, rulesSchema)).groups.flatMap(({ rules }) => rules);
}

function promtool(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync("promtool", words, { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

describe("the rules for Prometheus", () => {
  before(function () {
    unlessImpossible(this, installed("promtool") ? undefined : "promtool not installed");
  });

  it("are well-formed", () => {
    const files = ["alerts", "recording-rules"].map((name) => fromRepository(`docs/monitoring/${name}.yaml`));
    assert.equal(promtool("check", "rules", ...files), "");
  });

  for (const name of ["alerts", "recording-rules"])
    it(`give what they should, and nothing where they should not: ${name}`, () => {
      assert.equal(
        promtool("test", "rules", fromRepository(`test/contract/monitoring/${name}.test.yaml`)),
        "",
      );
    });
});

describe("the shipped alerts", () => {
  it("are each tested to fire and to be silent", async () => {
    const { tests } = await yamlOf("test/contract/monitoring/alerts.test.yaml", testsSchema);
    const tested = tests.flatMap(({ alert_rule_test: cases }) => cases);
    const alerts = (await rulesOf("alerts.yaml")).map(({ alert }) => alert);
    for (const firing of [true, false]) {
      const named = tested.filter(({ exp_alerts: expected }) => expected.length > 0 === firing);
      assert.deepEqual(new Set(named.map(({ alertname }) => alertname)), new Set(alerts));
    }
  });

  it("point to the part of docs/monitoring.md that says what to do", async () => {
    const text = await readFile(fromRepository("docs/monitoring.md"), "utf8");
    for (const { alert = "", annotations } of await rulesOf("alerts.yaml")) {
      assert.equal(annotations?.["runbook"], `docs/monitoring.md#${alert.toLowerCase()}`);
      assert.match(text, new RegExp(`^### ${alert}\\n\\n\\S`, "m"));
    }
  });

  it("ask for metrics that exist", async () => {
    const known = describeMetrics().flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`]);
    const rules = [...(await rulesOf("alerts.yaml")), ...(await rulesOf("recording-rules.yaml"))];
    const asked = rules.flatMap(({ expr }) => expr.match(/\bvgpud_\w+/g) ?? []);
    assert.deepEqual(
      asked.filter((name) => !known.includes(name)),
      [],
    );
  });
});
