import assert from "node:assert/strict";

import fc from "fast-check";

import { errorCodec, procedures, remoteEvents } from "../../../agent/node-libvirt/remote.gen.ts";
import { type Codec, XdrDecoder, XdrEncoder, XdrError } from "../../../agent/node-libvirt/xdr.ts";
import { InventingDecoder } from "./inventing-decoder.ts";

const decoderOf = (write: (encoder: XdrEncoder) => void): XdrDecoder => {
  const encoder = new XdrEncoder();
  write(encoder);
  return new XdrDecoder(encoder.bytes());
};

function roundTrip<T>(codec: Codec<T>, next: () => number): void {
  const value = codec.decode(new InventingDecoder(next));
  const decoder = decoderOf((encoder) => {
    codec.encode(encoder, value);
  });
  assert.deepEqual(codec.decode(decoder), value);
  assert.equal(decoder.left, 0);
}

describe("the XDR decoder", () => {
  it("refuses a string longer than the protocol allows before it looks at the bytes", () => {
    const decoder = decoderOf((e) => {
      e.uint(0xffff_ffff);
    });
    assert.throws(() => decoder.string(4_194_304), new XdrError("length 4294967295 exceeds 4194304"));
  });

  it("refuses an array with more elements than the message could hold", () => {
    const decoder = decoderOf((e) => {
      e.uint(16_384);
      e.uint(1);
    });
    assert.throws(
      () => decoder.vector(16_384, () => decoder.int()),
      new XdrError("array of 16384 in 4 bytes"),
    );
  });

  it("refuses a message that ends early, at every place where it can end", () => {
    const encoder = new XdrEncoder();
    encoder.string("a domain", 100);
    encoder.uhyper(7n);
    const whole = encoder.bytes();
    for (let length = 0; length < whole.length; length += 1) {
      const decoder = new XdrDecoder(whole.subarray(0, length));
      assert.throws(() => [decoder.string(100), decoder.uhyper()], XdrError);
    }
  });

  it("refuses booleans that are neither 0 nor 1, and strings with a NUL in them", () => {
    const bool = decoderOf((e) => {
      e.uint(2);
    });
    assert.throws(() => bool.bool(), XdrError);
    const text = decoderOf((e) => {
      e.opaque(Buffer.from("a\0b"), 10);
    });
    assert.throws(() => text.string(10), XdrError);
  });

  it("refuses a typed parameter of a type it does not know", () => {
    const decoder = decoderOf((e) => {
      e.uint(1); // one record: a domain, then one parameter
      e.string("vm", 100);
      e.fixedOpaque(new Uint8Array(16), 16);
      e.int(1);
      e.uint(1);
      e.string("cpu.time", 100);
      e.int(8);
      e.uhyper(1n);
    });
    assert.throws(
      () => procedures.connectGetAllDomainStats.ret.decode(decoder),
      new XdrError("TypedParamValue has no arm 8"),
    );
  });

  it("says when something is left over", () => {
    const decoder = decoderOf((e) => {
      e.uint(1);
    });
    assert.throws(() => {
      decoder.end();
    }, new XdrError("4 bytes left over"));
  });
});

describe("the XDR encoder", () => {
  it("refuses what does not fit, instead of cutting it", () => {
    const encoder = new XdrEncoder();
    assert.throws(() => {
      encoder.uint(-1);
    }, XdrError);
    assert.throws(() => {
      encoder.int(0x8000_0000);
    }, XdrError);
    assert.throws(() => {
      encoder.uint(1.5);
    }, XdrError);
    assert.throws(() => {
      encoder.uhyper(-1n);
    }, XdrError);
    assert.throws(() => {
      encoder.hyper(2n ** 63n);
    }, XdrError);
    assert.throws(() => {
      encoder.string("too long", 4);
    }, XdrError);
    assert.throws(() => {
      encoder.string("a\0b", 10);
    }, XdrError);
    assert.throws(() => {
      encoder.fixedOpaque(new Uint8Array(15), 16);
    }, XdrError);
    assert.throws(() => {
      encoder.vector([1, 2], 1, () => undefined);
    }, XdrError);
    assert.equal(encoder.length, 0);
  });

  it("pads with zeros, whatever the buffer held before", () => {
    const encoder = new XdrEncoder();
    encoder.string("abcde", 10);
    assert.equal(encoder.bytes().toString("hex"), "00000005" + "6162636465000000");
  });
});

describe("the generated codec", () => {
  const numbers = fc.infiniteStream(fc.integer({ min: 0, max: 0xffff_ffff }));

  for (const { name, args, ret } of Object.values(procedures)) {
    it(`reads back what it wrote: ${name}`, () => {
      fc.assert(
        fc.property(numbers, (stream) => {
          const next = (): number => Number(stream.next().value);
          roundTrip<unknown>(args, next);
          roundTrip<unknown>(ret, next);
        }),
        { numRuns: 30 },
      );
    });
  }

  for (const { name, message } of Object.values(remoteEvents)) {
    it(`reads back what it wrote: ${name}`, () => {
      fc.assert(
        fc.property(numbers, (stream) => {
          roundTrip<unknown>(message, () => Number(stream.next().value));
        }),
        { numRuns: 30 },
      );
    });
  }

  it("reads back the error object", () => {
    fc.assert(
      fc.property(numbers, (stream) => {
        roundTrip(errorCodec, () => Number(stream.next().value));
      }),
    );
  });
});
