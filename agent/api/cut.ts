// Texts of a bounded size: what is answered and what is logged must not grow with what was sent. Pure.

export function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character that the cut went through decodes to a replacement.
  return `${bytes
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD$/, "")}…`;
}
