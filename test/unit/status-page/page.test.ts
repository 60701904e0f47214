import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { statusPage } from "../../../agent/observation/status-page/page.ts";
import { examples, host } from "./example-hosts.ts";
import { skeleton } from "./html-skeleton.ts";

const everything = new URLSearchParams();
const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("the status page", () => {
  it("says how much of what is free is in one piece, as an estimate, where that is not all", () => {
    const shown = host({ apertures: [1024] });
    const pageWith = (largestFree: { lowGmMib: number; highGmMib: number }): string => {
      const gpus = shown.view.gpus.map((view) => ({ ...view, largestFree }));
      return statusPage({ ...shown, view: { ...shown.view, gpus } }, everything).body;
    };
    assert.match(
      pageWith({ lowGmMib: 256, highGmMib: 2688 }),
      /896 MiB<\/b> free of 1,024 MiB, about 256 MiB in one piece/,
    );
    assert.doesNotMatch(pageWith({ lowGmMib: 896, highGmMib: 2688 }), /in one piece/);
  });

  for (const [name, example] of Object.entries(examples))
    describe(`of the host ${name}`, () => {
      const { status, body } = statusPage(example(), everything);
      const { tags, values, text: read } = skeleton(body);

      it("is well-formed: every element is closed, and every id stands once", () => {
        assert.equal(status, 200);
        assert.deepEqual(unclosed(body), []);
        const ids = [...body.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
        assert.deepEqual(
          ids.filter((id, index) => ids.indexOf(id) !== index),
          [],
        );
      });

      it("has one first heading, and gives every drawing words", () => {
        assert.equal(tags.filter((tag) => /^h1\b/.test(tag)).length, 1);
        for (const tag of tags.filter((tag) => /^svg .*\brole\b/.test(tag))) assert.match(tag, /aria-label/);
        for (const text of [...values, read]) assert.doesNotMatch(text, /NaN|undefined|\[object/);
      });

      it("has no inline style or handler, and names nothing outside", () => {
        for (const tag of tags) assert.doesNotMatch(tag, / (style|on\w+)\b/);
        for (const value of values) assert.doesNotMatch(value, /^(https?:)?\/\//);
      });

      it("gives every table a caption and every head a scope", () => {
        const count = (pattern: RegExp): number => tags.filter((tag) => pattern.test(tag)).length;
        assert.equal(count(/^table\b/), count(/^caption\b/));
        assert.equal(count(/^th /), count(/^th (?=.*\bscope\b)/));
        assert.equal(count(/^th$/), 0);
      });
    });

  it("allows its own style and script by their hashes, and nothing else", () => {
    const { headers, body } = statusPage(examples.busy(), everything);
    const policy = headers?.["Content-Security-Policy"] ?? "";
    const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? "";
    const script = /<script>(.*)<\/script>/s.exec(body)?.[1] ?? "";
    assert.ok(style !== "" && script !== "");
    assert.match(policy, /^default-src 'none'; /);
    assert.ok(policy.includes(`style-src ${hash(style)};`));
    assert.ok(policy.includes(`script-src ${hash(script)};`));
    assert.doesNotMatch(policy, /unsafe|\*/);
  });

  it("stays the same in its tags whatever a domain or the search is called", () => {
    const page = (name: string, search: string) =>
      skeleton(
        statusPage(
          host({ guests: [{ name }, { name, ownership: "foreign" }], plain: 1 }),
          new URLSearchParams({ q: search }),
        ).body,
      );
    const tame = page("tame", "tame");
    const odd = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      fc
        .array(fc.constantFrom("<", ">", '"', "'", "&", "</bdi>", "<script>", "<!--", " onload=", "\0"), {
          minLength: 1,
          maxLength: 6,
        })
        .map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(odd, (name) => {
        // A name too long for its part of a bar is left out there: the drawing may hold fewer tags, never others.
        const read = page(name, name.trim());
        assert.deepEqual(
          [...new Set(read.tags)].filter((tag) => !tame.tags.includes(tag)),
          [],
        );
        assert.ok(
          name.trim() === "" ||
            read.text.includes(
              name.replaceAll(/[\p{Surrogate}\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/gu, "\ufffd").trim(),
            ),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("stays small with 1,000 domains, and says how many there are", () => {
    const { body } = statusPage(examples.crowd(), everything);
    assert.ok(Buffer.byteLength(body) < 300_000, `${Buffer.byteLength(body)} bytes`);
    assert.match(body, /1 to 25 of 1,000/);
  });

  it("names each slice with type and domain, in the drawing and in the table", () => {
    const { body } = statusPage(examples.busy(), everything);
    const { values } = skeleton(body);
    assert.ok(
      values.some((value) =>
        /^Low GM \(aperture\), 1,024 MiB in all: host 128 MiB, vGPU 1 of web-render-1 128 MiB/.test(value),
      ),
    );
    for (const name of ["web-render-1", "cad-7", "nova-instance-00000a1f", "render-3"])
      assert.ok(body.includes(`<bdi>${name}</bdi>`));
  });

  it("says that what domains do is unknown, and not that they do nothing, while libvirt is away", () => {
    const { text } = skeleton(statusPage(examples["libvirt-away"](), everything).body);
    assert.match(text, /web-1.*unknown while libvirt does not answer/s);
    assert.match(text, /Without a vGPU.*Unknown while libvirt does not answer/s);
    assert.doesNotMatch(text, /does not run|0 running/);
  });

  it("says that where slices lie is not known", () => {
    assert.match(statusPage(examples.busy(), everything).body, /not the order of addresses/);
  });
});

/** Elements that are not closed, and ends without a beginning. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, end, name = "", empty] of html
    .replaceAll(/<(style|script)>.*?<\/\1>/gs, "")
    .matchAll(/<(\/?)([a-z][a-z0-9]*)(?:[^>"]|"[^"]*")*?(\/?)>/gi)) {
    if (empty === "/") continue;
    if (end === "") open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}
