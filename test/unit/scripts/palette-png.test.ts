import assert from "node:assert/strict";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { withPalette } from "../../../scripts/screenshots/palette-png.ts";

type Rgb = readonly [number, number, number];

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(body.length, 0);
  numbers.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
}

/** An RGB picture of one row a colour, each two pixels wide, every row with the filter Up. */
function pngOf(colours: readonly Rgb[]): Buffer {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(colours.length, 4);
  const rows = colours.map((colour, y) => {
    const above = colours[y - 1] ?? [0, 0, 0];
    const change = colour.map((value, index) => (value - (above[index] ?? 0)) & 0xff);
    return Buffer.from([2, ...change, ...change]);
  });
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The colours of the left pixels of a picture with a palette. */
function coloursOf(png: Buffer): number[][] {
  const body = (type: string): Buffer => {
    const at = png.indexOf(type, 0, "latin1");
    return png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4));
  };
  const [rows, palette] = [inflateSync(body("IDAT")), body("PLTE")];
  return Array.from({ length: rows.length / 3 }, (_, y) => {
    const place = rows[y * 3 + 1] ?? 0;
    return [...palette.subarray(place * 3, place * 3 + 3)];
  });
}

describe("a PNG with a palette", () => {
  const value = fc.integer({ min: 0, max: 255 });

  it("shows the same picture while there are at most 256 colours", () => {
    const colours = fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(colours, (picture) => {
        assert.deepEqual(coloursOf(withPalette(pngOf(picture))), picture);
      }),
    );
  });

  it("takes the nearest colour for the rarest where there are more", () => {
    const grey = Array.from({ length: 256 }, (_, n): Rgb => [n, n, n]);
    const [last] = coloursOf(withPalette(pngOf([...grey, ...grey, [200, 201, 200]]))).slice(-1);
    assert.deepEqual(last, [200, 200, 200]);
  });

  it("keeps a rare colour that is like no other", () => {
    const grey = Array.from({ length: 256 }, (_, n): Rgb => [n, n, n]);
    const [last] = coloursOf(withPalette(pngOf([...grey, ...grey, [220, 20, 120]]))).slice(-1);
    assert.deepEqual(last, [220, 20, 120]);
  });

  it("is not made of another kind of picture", () => {
    const grey = pngOf([[1, 2, 3]]);
    grey[25] = 0;
    assert.throws(() => withPalette(grey), /8 bit RGB/);
  });
});
