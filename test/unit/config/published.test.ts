// The JSON Schema and the example that are published, against the agent's own reading of the same texts.
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { keys } from "../../../agent/config/keys.ts";
import { combine } from "../../../agent/config/load.ts";
import { configExample, configSchema } from "../../../scripts/config-files.ts";

const validate = new Ajv2020({ strict: true }).compile<object>(
  JSON.parse(configSchema()) as Record<string, unknown>,
);
const agentTakes = (text: string): boolean => {
  try {
    combine([{ name: "a.yaml", text }], []);
    return true;
  } catch {
    return false;
  }
};
/** The example with every key in force. */
const uncommented = configExample()
  .split("\n")
  .filter((line) => !/^\s*# \S/.test(line))
  .map((line) => line.replace(/^#/, ""))
  .join("\n");

describe("the example configuration", () => {
  it("is valid as it is and says nothing", () => {
    assert.deepEqual(
      combine([{ name: "example", text: configExample() }], []).config,
      combine([], []).config,
    );
    assert.equal(parse(configExample()), null);
  });

  it("is valid with every key in force, and has every key", () => {
    const { settings } = combine([{ name: "example", text: uncommented }], []);
    assert.deepEqual(
      settings.filter(({ origin }) => origin === "default").map(({ key }) => key.path),
      [],
    );
    assert.equal(settings.length, keys.length);
    assert.ok(validate(parse(uncommented)), JSON.stringify(validate.errors));
  });

  it("is the default, but for keys that have none", () => {
    for (const { key, value } of combine([{ name: "example", text: uncommented }], []).settings)
      if (key.default !== undefined) assert.deepEqual(value, key.default, key.path);
  });
});

describe("the published schema", () => {
  it("takes and refuses what the agent takes and refuses", () => {
    const texts = [
      ["{}", true],
      ["socket: /a\nstorage_roots: []", true],
      ["metrics: { listen: '[::1]:65535' }", true],
      ["resync: 90s", true],
      ["sockett: /a", false],
      ["metrics: { lisen: x }", false],
      ["metrics: { listen: '127.0.0.1:65536' }", false],
      ["socket: relative", false],
      [`socket: /${"x".repeat(107)}`, false],
      ["storage_roots: [/a, b]", false],
      ["storage_roots: /a", false],
      ["libvirt: { uri: 'qemu+ssh://host/system' }", false],
      ["log: { level: loud }", false],
      ["resync: soon", false],
      ["version: 2", false],
    ] as const;
    for (const [text, good] of texts) {
      assert.equal(validate(parse(text)), good, text);
      assert.equal(agentTakes(text), good, text);
    }
  });

  it("describes every key", () => {
    const schema = configSchema();
    for (const { meaning } of keys) assert.ok(schema.includes(JSON.stringify(meaning).slice(1, -1)), meaning);
  });
});
