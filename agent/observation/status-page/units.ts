// Numbers as people read them. Pure; the page has one language, so that its words and its digits agree.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function count(value: number): string {
  return whole.format(value);
}

/** `1 GPU`, `2 GPUs`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function mib(value: number): string {
  return `${count(value)} MiB`;
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let scaled = value;
  let unit = 0;
  // Rounded, 1023.97 KiB would read as 1,024 KiB.
  while (scaled >= 1023.95 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${(scaled < 100 ? oneDecimal : whole).format(scaled)} ${units[unit] ?? ""}`;
}

export function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`;
}

/** A share of 1 as `42 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${(value < 10 ? oneDecimal : whole).format(value)} %`;
}

/** `45 s`, `3 min`, `4 h 10 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-05-01 12:00:00 UTC`; hosts of a fleet are compared, so no place's own time. */
export function utc(wall: number): string {
  return `${iso(wall).slice(0, 19).replace("T", " ")} UTC`;
}

export function clockTime(wall: number): string {
  return `${iso(wall).slice(11, 19)} UTC`;
}

export function iso(wall: number): string {
  return new Date(wall).toISOString();
}
