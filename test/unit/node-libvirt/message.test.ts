import assert from "node:assert/strict";

import fc from "fast-check";

import { Framing, decodeHeader, encodeMessage } from "../../../agent/node-libvirt/message.ts";
import { MESSAGE_MAX } from "../../../agent/node-libvirt/remote.gen.ts";
import { XdrDecoder, XdrError } from "../../../agent/node-libvirt/xdr.ts";

const header = { program: 1, version: 1, procedure: 7, type: 1, serial: 3, status: 0 };

const lengthWord = (length: number): Buffer => {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(length);
  return word;
};

describe("framing", () => {
  it("finds the same messages however the stream is cut", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 90 }), { minLength: 1, maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(bodies, cuts, (contents, sizes) => {
        const sent = contents.map((body) =>
          encodeMessage(header, (e) => {
            e.opaque(body, 90);
          }),
        );
        const stream = Buffer.concat(sent);
        const framing = new Framing();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(...framing.push(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          found,
          sent.map((message) => message.subarray(4)),
        );
      }),
    );
  });

  it("refuses lengths that no message can have, before the message is there", () => {
    for (const length of [0, 4, 27, MESSAGE_MAX + 5, 0xffff_ffff]) {
      assert.throws(() => [...new Framing().push(lengthWord(length))], XdrError);
    }
  });

  it("accepts the shortest and the longest length", () => {
    for (const length of [28, MESSAGE_MAX + 4]) {
      assert.deepEqual([...new Framing().push(lengthWord(length))], []);
    }
  });
});

describe("a message", () => {
  it("carries its length, header and body in libvirt's order", () => {
    const message = encodeMessage(header, (e) => {
      e.uint(9);
    });
    assert.equal(
      message.toString("hex"),
      "00000020" + "00000001" + "00000001" + "00000007" + "00000001" + "00000003" + "00000000" + "00000009",
    );
    assert.deepEqual(decodeHeader(new XdrDecoder(message.subarray(4))), header);
  });

  it("is refused when it exceeds what the protocol allows", () => {
    const tooLong = new Uint8Array(MESSAGE_MAX);
    assert.throws(
      () =>
        encodeMessage(header, (e) => {
          e.opaque(tooLong, MESSAGE_MAX);
        }),
      XdrError,
    );
  });
});
