import assert from "node:assert/strict";
import fc from "fast-check";
import { Html, markup } from "../../../agent/observation/status-page/markup.ts";
import { skeleton } from "./html-skeleton.ts";

/** Text that is meant to break out, beside any other. */
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "<",
        ">",
        '"',
        "'",
        "&",
        "=",
        " ",
        "</p>",
        "<script>",
        "<!--",
        "-->",
        "onload=",
        "\0",
        "&lt;",
        "`",
        "\ud800",
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join("")),
);
/** As a browser shows it: what HTML cannot hold is replaced. */
const shown = (text: string): string =>
  text.replaceAll(/[\p{Surrogate}\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/gu, "\ufffd");

describe("markup", () => {
  it("shows any text as itself, in text and in attributes, and lets none become a tag", () => {
    fc.assert(
      fc.property(hostile, hostile, (title, text) => {
        const { tags, text: read, values } = skeleton(markup`<p title="${title}">${text}</p>`.toString());
        assert.deepEqual(tags, ["p title", "/p"]);
        assert.equal(read, shown(text));
        assert.deepEqual(values, [shown(title)]);
      }),
    );
  });

  it("takes markup in as markup, and lists of it", () => {
    const items = ["a<", "b"].map((text) => markup`<li>${text}</li>`);
    assert.equal(markup`<ul>${items}</ul>`.toString(), "<ul><li>a&lt;</li><li>b</li></ul>");
  });

  it("shows nothing for what is absent, and a number as it is", () => {
    assert.equal(markup`<p>${undefined}${0}${""}</p>`.toString(), "<p>0</p>");
  });

  it("refuses text within a tag that is not quoted", () => {
    assert.throws(() => markup`<p ${"onclick=alert(1)"}>`, /must be quoted/);
    assert.throws(() => markup`<p title=${"a b"}>`, /must be quoted/);
    assert.throws(() => markup`<${"script"}>`, /must be quoted/);
  });

  it("refuses markup within an attribute", () => {
    assert.throws(() => markup`<p title="${markup`<b class="x">`}">`, /must be text/);
  });

  it("goes on after an attribute where the tag stands", () => {
    assert.equal(
      markup`<a href="${"?a&b"}" title="${"x"}">${"<"}</a>`.toString(),
      '<a href="?a&amp;b" title="x">&lt;</a>',
    );
  });

  it("embeds no source that could end its element", () => {
    assert.throws(() => Html.source("script", 'x = "</script>"'), /must hold neither/);
    assert.throws(() => Html.source("style", "<!-- p {}"), /must hold neither/);
    assert.equal(Html.source("style", "p > a {}").toString(), "<style>p > a {}</style>");
  });
});
