// Makes a PNG of a browser small enough for a repository: 256 of its colours, a byte a pixel. Pure.
// Chunks, filters and colour types as in the PNG specification (W3C, third edition).
import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const COLOURS = 256;
/** Colours nearer than this are shades of one: about ten steps of a channel. */
const ALIKE = 300;
/** RGB, 8 bits each: what Chromium writes. */
const PIXEL = 3;

/** @throws TypeError for a PNG that is not 8 bit RGB */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += PIXEL) {
    const colour = pixels.readUIntBE(at, PIXEL);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = paletteOf([...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour));
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  // Each row begins with its filter: 0, none.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      rows[y * (width + 1) + 1 + x] = places.get(pixels.readUIntBE((y * width + x) * PIXEL, PIXEL)) ?? 0;
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

function decode(png: Buffer): Picture {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  // Depth, colour type, and no interlacing.
  if (png[24] !== 8 || png[25] !== 2 || png[28] !== 0) throw new TypeError("not a PNG of 8 bit RGB");
  const data: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") data.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const [filtered, row] = [inflateSync(Buffer.concat(data)), width * PIXEL];
  const pixels = Buffer.alloc(height * row);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < row; x += 1) {
      const left = x < PIXEL ? 0 : (pixels[y * row + x - PIXEL] ?? 0);
      const above = y === 0 ? 0 : (pixels[(y - 1) * row + x] ?? 0);
      const corner = x < PIXEL || y === 0 ? 0 : (pixels[(y - 1) * row + x - PIXEL] ?? 0);
      const guess = guesses[filtered[y * (row + 1)] ?? 0]?.(left, above, corner) ?? 0;
      pixels[y * row + x] = (filtered[y * (row + 1) + 1 + x] ?? 0) + guess;
    }
  return { width, height, pixels };
}

/** What each filter takes a byte for, from its neighbours. */
const guesses: readonly ((left: number, above: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above) => Math.floor((left + above) / 2),
  (left, above, corner) => {
    const off = (value: number): number => Math.abs(left + above - corner - value);
    if (off(left) <= off(above) && off(left) <= off(corner)) return left;
    return off(above) <= off(corner) ? above : corner;
  },
];

/** Out of colours in the order of how common they are: first those that differ, or the shades of letters would take all. */
function paletteOf(commonest: readonly number[]): number[] {
  const taken = new Set<number>();
  const room = (): boolean => taken.size < COLOURS;
  for (const colour of commonest)
    if (room() && [...taken].every((other) => distance(colour, other) > ALIKE)) taken.add(colour);
  for (const colour of commonest) if (room()) taken.add(colour);
  return [...taken];
}

function nearest(palette: readonly number[], colour: number): number {
  return palette.reduce(
    (best, other, place) => {
      const away = distance(colour, other);
      return away < best.away ? { place, away } : best;
    },
    { place: 0, away: Infinity },
  ).place;
}

/** Squared, over the three channels. */
function distance(a: number, b: number): number {
  const others = channels(b);
  return channels(a).reduce((sum, value, index) => sum + (value - (others[index] ?? 0)) ** 2, 0);
}

function channels(colour: number): number[] {
  return [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
