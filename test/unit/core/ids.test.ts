// Identifiers and the mark that our UUIDs bear.
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseClaimId, parseDomainId, parsePciAddress, parseVgpuId } from "../../../agent/core/ids.ts";
import { bearsOurMark, issueVgpuId } from "../../../agent/core/vgpu-mark.ts";

describe("an identifier", () => {
  it("that is a PCI address has domain, bus, device and function, in lower case", () => {
    assert.equal(parsePciAddress("0000:00:02.0"), "0000:00:02.0");
    assert.equal(parsePciAddress("0000:AF:1F.7"), "0000:af:1f.7");
    for (const text of [
      "",
      "00:02.0",
      "0000:00:20.0",
      "0000:00:02.8",
      "0000:00:02.0 ",
      "0000:00:02.0\n",
      "card0",
    ])
      assert.equal(parsePciAddress(text), undefined, JSON.stringify(text));
  });

  it("that is a UUID is read in any case and kept in lower case", () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        assert.equal(parseVgpuId(uuid.toUpperCase()), uuid);
        assert.equal(parseDomainId(uuid), uuid);
      }),
    );
  });

  it("that is no UUID in the usual form is not taken for one", () => {
    const uuid = "76677075-0000-8000-8000-000000000001";
    for (const text of ["", uuid.slice(1), `{${uuid}}`, uuid.replaceAll("-", ""), `${uuid}\n`, `../${uuid}`])
      assert.equal(parseVgpuId(text), undefined, JSON.stringify(text));
  });

  it("that names a claim is 1 to 128 printable characters without space around", () => {
    const print = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    });
    fc.assert(
      fc.property(print, (text) => {
        assert.equal(parseClaimId(text), text.length >= 1 && text.length <= 128 ? text : undefined);
      }),
    );
    assert.equal(parseClaimId("a".repeat(128)), "a".repeat(128));
    for (const text of ["", " a", "a ", "a\n", "a\tb", "ä", "a".repeat(129)])
      assert.equal(parseClaimId(text), undefined, JSON.stringify(text));
    assert.equal(parseClaimId("web 1"), "web 1");
  });
});

describe("the mark in a vGPU id", () => {
  const random = fc.uint8Array({ minLength: 12, maxLength: 16 });

  it("makes a UUID of version 8 that we know again", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const id = issueVgpuId(bytes);
        assert.equal(parseVgpuId(id), id);
        assert.match(id, /^76677075-.{4}-8.{3}-[89ab]/);
        assert.ok(bearsOurMark(id));
      }),
    );
  });

  it("leaves 90 bits to chance: each of them changes the id", () => {
    const bits = Array.from({ length: 96 }, (_, bit) => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt8(1 << (bit % 8), Math.floor(bit / 8));
      return issueVgpuId(bytes);
    });
    const zero = issueVgpuId(Buffer.alloc(12));
    assert.equal(new Set(bits.filter((id) => id !== zero)).size, 90);
  });

  it("is not found in UUIDs that others make", () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 3, 4, 5, 7] }), (uuid) => {
        const id = parseVgpuId(uuid);
        assert.ok(id && !bearsOurMark(id));
      }),
    );
  });

  it("needs 12 bytes of chance", () => {
    assert.throws(() => issueVgpuId(new Uint8Array(11)), RangeError);
  });
});
