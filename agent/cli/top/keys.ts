// What a key does to a full screen. Pure.
import type { Choice } from "./frame.ts";

const ORDER_KEYS = { c: "cpu", g: "gpu", m: "memory", n: "name", s: "state" } as const;

/** The choice after a key; `quit`; or undefined for a key that does nothing. */
export function pressed(key: string, choice: Choice, domains: number): Choice | "quit" | undefined {
  const scroll = (by: number): Choice => ({
    ...choice,
    scrolled: Math.max(0, Math.min(domains - 1, choice.scrolled + by)),
  });
  switch (key) {
    case "q":
    case "Q":
      return "quit";
    case "c":
    case "g":
    case "m":
    case "n":
    case "s":
      return { order: ORDER_KEYS[key], reversed: false, scrolled: 0 };
    case "r":
      return { ...choice, reversed: !choice.reversed };
    // Arrows as a terminal sends them, in either of its modes; and page up and down.
    case "\u001b[A":
    case "\u001bOA":
    case "k":
      return scroll(-1);
    case "\u001b[B":
    case "\u001bOB":
    case "j":
      return scroll(1);
    case "\u001b[5~":
      return scroll(-10);
    case "\u001b[6~":
      return scroll(10);
    default:
      return undefined;
  }
}
