// Durations as people write them, on a command line or in a file.

const millisecondsOf = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const FORM = /^(\d{1,9})(ms|s|m|h)$/;

/** What a duration looks like, for messages. */
export const DURATION_FORM = "a whole number with its unit, as 500ms, 30s, 5m or 2h";

/** Milliseconds; undefined when the text is no duration. `0` needs no unit. */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  const [, digits, unit] = FORM.exec(text) ?? [];
  if (digits === undefined || !isUnit(unit)) return undefined;
  return Number(digits) * millisecondsOf[unit];
}

/** In the largest unit that needs no fraction. */
export function formatDurationMs(ms: number): string {
  for (const unit of ["h", "m", "s"] as const)
    if (ms >= millisecondsOf[unit] && ms % millisecondsOf[unit] === 0)
      return `${ms / millisecondsOf[unit]}${unit}`;
  return `${ms}ms`;
}

function isUnit(unit: string | undefined): unit is keyof typeof millisecondsOf {
  return unit !== undefined && unit in millisecondsOf;
}
