// XML as the agent reads it: what libvirt writes, what callers send, and what neither should.
import assert from "node:assert/strict";
import { attributeOf, childOf, childrenOf, parseXml, textOf } from "../../../agent/core/xml.ts";

describe("an XML document", () => {
  it("is read in its order, with text as it stands and entities resolved", () => {
    const { name, children } = parseXml(
      "<?xml version='1.0'?>\n<a> 1 &lt; 2<b c='&#x2f;&amp;'/><!-- no -->&#233;</a>",
    );
    const [before, b, after] = children;
    assert.deepEqual([name, before, after], ["a", " 1 < 2", "é"]);
    assert.equal(typeof b === "object" && attributeOf(b, "c"), "/&");
  });

  it("tells its elements by name, and nothing of what is not there", () => {
    const root = parseXml("<a><b>1</b><c/><b>2</b></a>");
    assert.deepEqual(childrenOf(root, "b").map(textOf), ["1", "2"]);
    const missing = childOf(childOf(root, "d"), "e");
    assert.deepEqual([textOf(missing), attributeOf(missing, "f"), childrenOf(missing, "g")], ["", "", []]);
  });

  it("has names that mean something to JavaScript, as any others", () => {
    const root = parseXml("<a constructor='1' __proto__='2'><toString>3</toString></a>");
    assert.deepEqual(Object.entries(root.attributes), [
      ["constructor", "1"],
      ["__proto__", "2"],
    ]);
    assert.equal(attributeOf(parseXml("<a/>"), "constructor"), "");
    assert.equal(textOf(childOf(root, "toString")), "3");
  });

  const refusals: [string, string, RegExp][] = [
    ["that is empty", "", /^SyntaxError: line 1: Root element/],
    ["with two roots", "<a/>\n<b/>", /^SyntaxError: line 2: Extra content/],
    ["that ends early", "<a>\n<b></a>", /^SyntaxError: line 2: Missing end tag for element b$/],
    [
      "with an entity of its own",
      '<!DOCTYPE a [<!ENTITY x "y">]>\n<a>&x;</a>',
      /^SyntaxError: line 2: Named/,
    ],
    ["that says an attribute twice", "<a b='1' b='2'/>", /^SyntaxError: line 1: Duplicate attribute: b$/],
    ["that nobody could walk", `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`, /it is too deep$/],
  ];
  for (const [what, text, why] of refusals)
    it(`${what} is refused, and it is said why`, () => {
      assert.throws(() => parseXml(text), why);
    });
});
