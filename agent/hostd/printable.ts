// Texts of others on their way into answers: they end on terminals and in logs.

/** Without what could move a cursor, and cut to `atMost` characters. */
export function printable(text: string, atMost: number): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, atMost);
}
