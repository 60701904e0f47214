// What a benchmark tells: numbers, some of them with a bar that they must hold.

export interface Figure {
  readonly what: string;
  readonly value: number;
  /** Empty for a ratio. */
  readonly unit: "" | "ms" | "MiB" | "%" | "calls/s";
  /** Undefined: told, not gated. */
  readonly bar?: Bar;
}

type Bar = { readonly atMost: number } | { readonly atLeast: number };

/** Figures that were taken together, and how. */
export interface Chapter {
  readonly title: string;
  /** Sentences for the page: what was done, and what the figures leave out. */
  readonly method: string;
  readonly figures: readonly Figure[];
}

export function holds({ value, bar }: Figure): boolean {
  if (!bar) return true;
  return "atMost" in bar ? value <= bar.atMost : value >= bar.atLeast;
}

/** As `at most 1.15`; empty where there is no bar. */
export function barOf({ bar, unit }: Figure): string {
  if (!bar) return "";
  const text = "atMost" in bar ? `at most ${bar.atMost}` : `at least ${bar.atLeast}`;
  return unit === "" ? text : `${text} ${unit}`;
}

export function valueOf({ value, unit }: Figure): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return unit === "" ? value.toFixed(2) : `${value.toFixed(digits)} ${unit}`;
}
