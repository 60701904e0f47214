// A short YAML text that stands for a long one.

/** Nine anchors to each line, each nine of the line before: 9 to the power of `lines` values. */
export function unfolding(lines: number): string {
  const all = Array.from({ length: lines }, (_, line) => {
    const item = line === 0 ? "x" : `*a${line - 1}`;
    return `a${line}: &a${line} [${Array.from({ length: 9 }, () => item).join(", ")}]`;
  });
  return all.join("\n");
}
