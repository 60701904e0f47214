import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDomainId, type DomainId } from "../../../agent/core/ids.ts";
import {
  readDefinition,
  readMetadata,
  withMetadata,
  writeDefinition,
  type Definition,
} from "../../../agent/simulator/libvirt/definition.ts";
import { parseXml, type Element } from "../../../agent/core/xml.ts";
import { writeXml } from "../../../agent/simulator/libvirt/written-xml.ts";

const URI = "https://vgpud.example/1";

function newUuid(): DomainId {
  const uuid = parseDomainId("9d9eda29-a627-4221-9c09-a24423a9c4d6");
  assert.ok(uuid);
  return uuid;
}

function define(inner: string): Definition {
  return readDefinition(
    `<domain type='kvm'><name>vm</name><memory unit='MiB'>1</memory>${inner}</domain>`,
    newUuid,
  );
}

describe("a domain's definition", () => {
  it("is the same when what was shown is defined again", () => {
    const first = define(
      "<metadata><a:x xmlns:a='u'/></metadata><devices><disk><target dev='vda'/></disk></devices>",
    );
    const shown = writeDefinition(first);
    assert.equal(writeDefinition(readDefinition(shown, newUuid)), shown);
    // What runs shows more than what is defined, and the daemon drops its own number again.
    const live = readDefinition(writeDefinition(first, 7), newUuid);
    assert.doesNotMatch(writeDefinition(live), / id='7'/);
  });

  it("counts memory in KiB whatever unit it was given in", () => {
    const cases: [string, bigint][] = [
      ["<memory>2048</memory>", 2048n],
      ["<memory unit='MiB'>3</memory>", 3072n],
      ["<memory unit='G'>1</memory>", 1_048_576n],
    ];
    for (const [memory, kib] of cases) {
      assert.equal(readDefinition(`<domain><name>vm</name>${memory}</domain>`, newUuid).memoryKib, kib);
    }
  });

  it("knows its mediated devices", () => {
    const address = "<address uuid='C2177883-f1bb-47f0-914d-32a22e3a8804'/>";
    const hostdev = `<hostdev mode='subsystem' type='mdev'><source>${address}</source></hostdev>`;
    assert.deepEqual(define(`<devices>${hostdev}<hostdev type='pci'/></devices>`).mdevs, [
      "c2177883-f1bb-47f0-914d-32a22e3a8804",
    ]);
  });

  it("is refused with libvirt's numbers", () => {
    const cases: [string, number, RegExp][] = [
      ["", 35, /^\(domain_definition\): /],
      ["<domain><name>vm</domain>", 35, /^\(domain_definition\): /],
      ["<network/>", 27, /expecting root element of 'domain', not 'network'/],
      ["<domain/>", 21, /^missing name information$/],
      ["<domain><name>a/b</name></domain>", 27, /cannot contain/],
      ["<domain><name>a</name><uuid>1</uuid></domain>", 27, /malformed uuid/],
      ["<domain><name>a</name></domain>", 27, /memory/],
      ["<domain><name>a</name><memory unit='pounds'>1</memory></domain>", 27, /memory/],
      ["<domain><name>a</name><memory>1</memory><vcpu>0</vcpu></domain>", 27, /vcpu/],
    ];
    for (const [xml, code, message] of cases) {
      assert.throws(() => readDefinition(xml, newUuid), { name: "LibvirtError", code, message }, xml);
    }
  });

  it("keeps one metadata element for each namespace", () => {
    const uri = URI;
    const first = withMetadata(define(""), { uri, key: "v", xml: "<claim id='1'/>" });
    const second = withMetadata(first, { uri: "other", key: "o", xml: "<note/>" });
    const third = withMetadata(second, { uri, key: "v", xml: "<claim id='2'/>" });
    assert.equal(readMetadata(third, uri), '<claim id="2"/>');
    assert.equal(readMetadata(third, "other"), "<note/>");
    const none = withMetadata(third, { uri, key: "v", xml: null });
    assert.equal(readMetadata(none, uri), undefined);
    assert.match(writeDefinition(none), /<o:note xmlns:o='other'\/>/);
  });
});

describe("the XML tree", () => {
  const text = fc
    .string({ minLength: 1 })
    .filter((value) => value.trim() === value && value !== "" && isXmlText(value));
  const { root } = fc.letrec<{ root: Element; child: Element; leaf: Element }>((tie) => ({
    leaf: fc.record({
      name: name(),
      attributes: attributes(text),
      children: fc.oneof(
        fc.constant([]),
        text.map((value) => [value]),
      ),
    }),
    child: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("root")),
    root: fc.record({
      name: name(),
      attributes: attributes(text),
      children: fc.array(tie("child"), { maxLength: 3 }),
    }),
  }));

  it("reads back what it wrote, whatever the texts hold", () => {
    fc.assert(
      fc.property(root, (tree) => {
        assert.equal(writeXml(parseXml(writeXml(tree))), writeXml(tree));
      }),
    );
  });
});

function name(): fc.Arbitrary<string> {
  return fc.constantFrom("a", "b", "v:c");
}

function attributes(text: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> {
  return fc.dictionary(fc.constantFrom("id", "type"), text, { noNullPrototype: true });
}

/** XML has no way to write control characters. */
function isXmlText(text: string): boolean {
  return !/[\u0000-\u001f\ufffe\uffff]/.test(text);
}
