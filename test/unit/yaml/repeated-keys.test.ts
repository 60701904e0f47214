import assert from "node:assert/strict";
import { parseDocument } from "yaml";
import { repeatedKeys } from "../../../agent/yaml/repeated-keys.ts";

function pathsIn(text: string): string[] {
  return repeatedKeys(parseDocument(text, { uniqueKeys: false })).map(({ path }) => path);
}

describe("the repeated keys of a YAML document", () => {
  it("are named from the top, through mappings and lists, in the order of the text", () => {
    const text =
      "gpus:\n  - address: a\n  - { address: b, address: c }\ngpus: []\nlog: { level: x, 'level': y }";
    assert.deepEqual(pathsIn(text), ["gpus[1].address", "gpus", "log.level"]);
  });

  it("are none where each mapping says a name once", () => {
    assert.deepEqual(pathsIn("a: { b: 1 }\nc: { b: 2 }\n1: x\n'1': y"), []);
    assert.deepEqual(pathsIn(""), []);
  });
});
