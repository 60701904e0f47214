// What is written down about the agent must be what it does.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { combine } from "../../../agent/config/load.ts";
import { reasons, type ErrorKind } from "../../../agent/core/reasons.ts";
import { describeMetrics } from "../../../agent/observation/metrics.ts";
import { metricNotes } from "../../../scripts/metric-notes.ts";
import { referenceFiles } from "../../../scripts/reference-index.ts";
import { referencePages } from "../../../scripts/reference-pages.ts";

const fromRepository = (file: string): URL => new URL(`../../../../${file}`, import.meta.url);

describe("the reference pages", () => {
  for (const [name, text] of Object.entries(referencePages())) {
    it(`docs/reference/${name} says what the code says (else: npm run docs)`, async () => {
      assert.equal(await readFile(fromRepository(`docs/reference/${name}`), "utf8"), text);
    });
  }

  it("are all in the index, which README.md leads to, and nothing that is none", async () => {
    const files = await readdir(fromRepository("docs/reference"));
    assert.deepEqual([...Object.keys(referenceFiles), "README.md"].sort(), files.sort());
    assert.match(await readFile(fromRepository("README.md"), "utf8"), /\]\(docs\/reference\/README\.md\)/);
  });
});

describe("the notes on metrics", () => {
  it("are there for every metric, and for none that is not", () => {
    const described = describeMetrics().map(({ name }) => name);
    assert.deepEqual(Object.keys(metricNotes).sort(), described.sort());
  });

  it("ask a metric about itself", () => {
    for (const [name, { query }] of Object.entries(metricNotes))
      assert.match(query, new RegExp(`\\b${name}(_bucket|_count|_sum)?\\b`), name);
  });
});

describe("errors.proto", () => {
  const codes: Readonly<Record<ErrorKind, string>> = {
    "invalid-argument": "INVALID_ARGUMENT",
    "not-found": "NOT_FOUND",
    "already-exists": "ALREADY_EXISTS",
    "no-room": "RESOURCE_EXHAUSTED",
    "failed-precondition": "FAILED_PRECONDITION",
    "host-condition": "FAILED_PRECONDITION",
    "permission-denied": "PERMISSION_DENIED",
    aborted: "ABORTED",
    "out-of-range": "OUT_OF_RANGE",
    "deadline-exceeded": "DEADLINE_EXCEEDED",
    unavailable: "UNAVAILABLE",
    unimplemented: "UNIMPLEMENTED",
    internal: "INTERNAL",
  };

  it("names every reason under the code that it is answered with", async () => {
    const text = await readFile(fromRepository("proto/vgpud/v1/errors.proto"), "utf8");
    const paragraphs = new Map(
      text
        .split(/\n\/\/ {3}(?=[A-Z_]+ )/)
        .map((paragraph) => [paragraph.slice(0, paragraph.indexOf(" ")), paragraph]),
    );
    for (const [reason, kind] of Object.entries(reasons)) {
      const paragraph = paragraphs.get(codes[kind]) ?? "";
      assert.match(paragraph, new RegExp(`\\b${reason}\\b`), `${reason} is not named under ${codes[kind]}`);
    }
  });
});

describe("docs/configuration.md", () => {
  it("shows an example that is accepted", async () => {
    const text = await readFile(fromRepository("docs/configuration.md"), "utf8");
    const examples = [...text.matchAll(/```yaml\n([^`]*)```/g)].map(([, example = ""]) => example);
    assert.notEqual(examples.length, 0);
    for (const example of examples) combine([{ name: "the example", text: example }], []);
  });
});
