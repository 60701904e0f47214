// What certificates and revocation lists say, as far as vgpud reads them itself.
import assert from "node:assert/strict";
import { urisOf } from "../../../../agent/host/tls/alternative-names.ts";
import { derElements, derSequence } from "../../../../agent/host/tls/der.ts";
import { readRevocationList, revokedBy } from "../../../../agent/host/tls/revocation-list.ts";

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
};
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));
const issuer = der(0x30, text(0x0c, "clients"));
const entry = der(0x30, der(0x02, Buffer.from([0, 0xff])), text(0x17, "261101000000Z"));
const list = (...rest: readonly Buffer[]): Buffer =>
  der(0x30, der(0x30, der(0x02, Buffer.from([1])), der(0x30), issuer, text(0x17, "261101000000Z"), ...rest));

describe("the URIs of a certificate", () => {
  it("are those among its alternative names, and of no other kind", () => {
    assert.deepEqual(urisOf("DNS:a, URI:spiffe://a/b, IP Address:10.0.0.1, othername:UPN:URI:x, URI:c:d"), [
      "spiffe://a/b",
      "c:d",
    ]);
    assert.deepEqual(urisOf(undefined), []);
  });

  it("are one where a name looks like two", () => {
    // As Node.js writes the name `spiffe://a/b, URI:vgpud:role:admin`.
    assert.deepEqual(urisOf('URI:"spiffe://a/b\\u002c URI:vgpud:role:admin", DNS:c'), [
      "spiffe://a/b, URI:vgpud:role:admin",
    ]);
    assert.deepEqual(urisOf('DNS:"x\\u002c URI:vgpud:role:admin"'), []);
  });

  it("are none where the text has another form", () => {
    for (const odd of ['URI:"open', 'URI:a"b, URI:c', "no colon", "URI:a,URI:b"])
      assert.deepEqual(urisOf(odd), [], odd);
  });
});

describe("a revocation list", () => {
  it("names its CA, its next update and who is on it", () => {
    const read = readRevocationList(list(text(0x17, "261201123456Z"), der(0x30, entry)));
    assert.equal(read.validity?.from, Date.UTC(2026, 10, 1));
    assert.equal(read.validity.until, Date.UTC(2026, 11, 1, 12, 34, 56));
    const certificate = { issuer: issuer.toString("hex"), subject: "", serial: "00ff" };
    assert.equal(revokedBy([read], [certificate]), true);
    assert.equal(revokedBy([read], [{ ...certificate, serial: "ff" }]), false);
    assert.equal(revokedBy([read], [{ ...certificate, issuer: "3000" }]), false);
  });

  it("may be empty, without a next update, or of the years from 2050 on", () => {
    assert.equal(readRevocationList(list()).validity, undefined);
    assert.deepEqual([...readRevocationList(list()).serials], []);
    assert.equal(
      readRevocationList(list(text(0x18, "20510203040506Z"))).validity?.until,
      Date.UTC(2051, 1, 3, 4, 5, 6),
    );
  });

  it("is none where its bytes are cut short or something else", () => {
    const whole = list(der(0x30, entry));
    for (let length = 0; length < whole.length; length += 1)
      assert.throws(() => readRevocationList(whole.subarray(0, length)), Error, String(length));
    assert.throws(() => derSequence(Buffer.concat([whole, whole])));
    assert.throws(() => derElements(Buffer.from([0x30, 0x80])));
    assert.throws(() => derElements(Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1])));
  });
});
