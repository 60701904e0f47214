// One change as a line: for a stream of columns, and for people who want to hear only of what matters. Pure.
import { messageJson } from "../view/json.ts";
import { cellText, printable } from "../view/paint.ts";
import { facetsOf, titleOf, type Facet } from "./facets.ts";
import type { Told } from "./mirror.ts";

const WIDTHS = [9, 8, 11] as const;

/** Above the lines of `changeColumns`. */
export const columnsHead = columns("TIME", "WHAT", "KIND", "NAME", "STATE");

/** As `12:03:11Z  modified  domain       web  running -> shut-off`. */
export function changeColumns(told: Told): string {
  const [kind, name] = titleOf(told.object);
  return columns(clockTime(told.at), told.what, kind, name, stateOf(told));
}

/** As `12:03:11Z domain web running -> shut-off`; undefined for what is not worth a line. */
export function eventLine(told: Told): string | undefined {
  const what = eventOf(told);
  if (what === undefined) return undefined;
  const [kind, name] = titleOf(told.object);
  return printable(`${clockTime(told.at)} ${kind} ${name} ${what}`);
}

function eventOf({ what, object, before }: Told): string | undefined {
  if (what === "deleted") return "gone";
  if (before !== undefined) return movesBetween(facetsOf(before), facetsOf(object));
  const state = said(facetsOf(object));
  return state === "" ? "new" : `new (${state})`;
}

function stateOf({ object, before, what }: Told): string {
  if (before === undefined || what === "deleted") return said(facetsOf(object));
  return movesBetween(facetsOf(before), facetsOf(object)) ?? otherFields(before.value, object.value);
}

function said(facets: readonly Facet[]): string {
  return facets.flatMap(([name, value]) => (value ? [named(name, value)] : [])).join(", ");
}

/** Undefined when no facet differs. */
function movesBetween(before: readonly Facet[], now: readonly Facet[]): string | undefined {
  const moves = now.flatMap(([name, value], index) => {
    const was = before[index]?.[1];
    return was === value ? [] : [named(name, `${was || "-"} -> ${value || "-"}`)];
  });
  return moves.length === 0 ? undefined : moves.join(", ");
}

function named(name: string, value: string): string {
  return name === "" ? value : `${name} ${value}`;
}

/** What changed is at least named. */
function otherFields(before: object, now: object): string {
  const was = messageJson(before);
  const differing = Object.entries(messageJson(now)).flatMap(([key, value]) =>
    JSON.stringify(was[key]) === JSON.stringify(value) ? [] : [key],
  );
  return `changed: ${differing.join(" ")}`;
}

function columns(...cells: readonly string[]): string {
  return cells
    .map((cell, index) => cellText(cell).padEnd(WIDTHS[index] ?? 0))
    .join("  ")
    .trimEnd();
}

/** UTC, to the second. */
function clockTime(at: Date | undefined): string {
  return at === undefined ? "-" : `${at.toISOString().slice(11, 19)}Z`;
}
