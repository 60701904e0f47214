// The page's drawings: bars of a GPU and lines of a domain, as SVG that says in words what it shows. Pure.
import type { Chart, Line } from "./charts.ts";
import { chartInWords } from "./charts.ts";
import { markup, type Html } from "./markup.ts";
import type { Bar, Resource, Segment, SliceView } from "./model.ts";
import { count, mib } from "./units.ts";

export const resourceNames = {
  lowGmMib: "Low GM (aperture)",
  highGmMib: "High GM",
  fences: "Fences",
} as const satisfies Record<Resource, string>;

export function amountOf(resource: Resource, value: number): string {
  return resource === "fences" ? count(value) : mib(value);
}

/** Fill patterns, once in a page: they tell apart without colour. */
export const patterns = markup`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="1.5" cy="1.5" r="1" /></pattern>
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="7" /></pattern>
<pattern id="cross" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0h8v2h-8zM0 0h2v8h-2z" /></pattern>
<pattern id="wide" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="5" height="12" /></pattern>
</defs></svg>`;

/** How a part of a bar looks: its class, and its pattern. */
export const looks = {
  host: { look: "host", pattern: "dots", words: "kept by the host" },
  own: { look: "own", pattern: undefined, words: "vGPU of a claim" },
  promised: { look: "promised", pattern: undefined, words: "promised, not made yet" },
  leaving: { look: "leaving", pattern: "wide", words: "being removed" },
  foreign: { look: "foreign", pattern: "hatch", words: "made by somebody else" },
  orphan: { look: "orphan", pattern: "cross", words: "orphan: our mark, no claim" },
  free: { look: "free", pattern: undefined, words: "free" },
} as const satisfies Record<string, { look: string; pattern: string | undefined; words: string }>;

type Look = (typeof looks)[keyof typeof looks];

export function lookOf({ ownership, phase }: SliceView): Look {
  if (phase === "leaving") return looks.leaving;
  if (ownership !== "own") return looks[ownership];
  return phase === "promised" ? looks.promised : looks.own;
}

export function barDrawing(bar: Bar): Html {
  const parts = bar.segments.map((segment) => partOf(segment));
  return markup`<svg class="bar" width="100%" height="36" role="img" aria-label="${barInWords(bar)}">${parts}</svg>`;
}

function barInWords({ resource, total, segments }: Bar): string {
  const told = segments.map(({ kind, slice, amount }) => {
    const who = slice
      ? `vGPU ${slice.number}${slice.domain === undefined ? "" : ` of ${slice.domain}`}`
      : kind;
    return `${who} ${amountOf(resource, amount)}`;
  });
  return `${resourceNames[resource]}, ${amountOf(resource, total)} in all: ${told.join(", ")}`;
}

function partOf({ kind, slice, x, width }: Segment): Html {
  const { look, pattern } = slice ? lookOf(slice) : looks[kind === "host" ? "host" : "free"];
  const texture =
    pattern === undefined ? undefined : markup`<rect width="100%" height="100%" fill="url(#${pattern})" />`;
  return markup`<svg class="part ${look}" x="${place(x)}" width="${place(width)}" height="36"><rect class="ground" width="100%" height="100%" />${texture}${captionOf(kind, slice, width)}</svg>`;
}

/** SVG takes per cent; four digits are finer than any screen. */
function place(percent: number): string {
  return `${Number(percent.toFixed(4))}%`;
}

/** Pixels that a bar has at least where names are shown at all (the style hides them on narrower ones). */
const NAMED_WIDTH = 560;
const CHARACTER = 7.5;
const MARGIN = 16;

function captionOf(kind: Segment["kind"], slice: SliceView | undefined, width: number): Html | undefined {
  const room = (width / 100) * NAMED_WIDTH;
  const name = slice ? slice.domain : kind;
  const full = [slice?.number, name].filter((word) => word !== undefined).join(" ");
  const fits = full.length * CHARACTER + MARGIN <= room;
  if (!slice) return fits ? markup`<text class="name" x="8" y="50%">${full}</text>` : undefined;
  if (room < CHARACTER * 2) return undefined;
  if (!fits || name === undefined) return markup`<text class="middle" x="50%" y="50%">${slice.number}</text>`;
  return markup`<text x="8" y="50%">${slice.number}<tspan class="name" dx="6">${name}</tspan></text>`;
}

export function swatch({ look, pattern }: Look): Html {
  const texture =
    pattern === undefined ? undefined : markup`<rect width="100%" height="100%" fill="url(#${pattern})" />`;
  return markup`<svg class="swatch part ${look}" width="22" height="16" aria-hidden="true"><rect class="ground" width="100%" height="100%" />${texture}</svg>`;
}

/** Places of a chart, in its own units; the style says how large it is. */
const WIDTH = 120;
const HEIGHT = 30;

/** `times` are the moments of the values, as shares of the time shown, 0 to 1. */
export function chartDrawing(chart: Chart, title: string, times: readonly number[]): Html {
  const [first, ...others] = chart.lines;
  const words = `${title}: ${chartInWords(chart)}`;
  const below = first && markup`<path class="below" d="${areaOf(first, chart.top, times)}" />`;
  const second = others.map(
    (line) => markup`<path class="line second" d="${pathOf(line, chart.top, times)}" />`,
  );
  const line = first && markup`<path class="line" d="${pathOf(first, chart.top, times)}" />`;
  return markup`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${words}">${below}${second}${line}</svg>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pieces without a gap: where nothing is known nothing is drawn. */
function pieces({ values }: Line, top: number, times: readonly number[]): Point[][] {
  const all: Point[][] = [];
  let piece: Point[] = [];
  values.forEach((value, index) => {
    const time = times[index];
    if (value === undefined || time === undefined) {
      piece = [];
      return;
    }
    if (piece.length === 0) all.push(piece);
    // One unit of air above, so that a line at the top keeps its full width.
    piece.push({ x: round(time * WIDTH), y: round(HEIGHT - 1 - Math.min(1, value / top) * (HEIGHT - 2)) });
  });
  return all;
}

function pathOf(line: Line, top: number, times: readonly number[]): string {
  return pieces(line, top, times)
    .map((piece) => (piece.length === 1 ? dot(piece) : trace(piece)))
    .join("");
}

function areaOf(line: Line, top: number, times: readonly number[]): string {
  return pieces(line, top, times)
    .map((piece) => {
      const [from, to] = [piece[0], piece.at(-1)];
      return from && to ? `${trace(piece)}L${to.x} ${HEIGHT}L${from.x} ${HEIGHT}Z` : "";
    })
    .join("");
}

function trace(piece: readonly Point[]): string {
  return piece.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
}

/** A line of no length, which round ends make a dot. */
function dot([only]: readonly Point[]): string {
  return only ? `M${only.x} ${only.y}h0` : "";
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
