// Numbers of things in English.

/** `1 fence`, `4 fences`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
