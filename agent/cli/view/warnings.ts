// What an answer warns of, as lines beside it.
import { printable } from "./paint.ts";

export function warningLines(warnings: readonly string[] = []): readonly string[] {
  return warnings.map((warning) => `warning: ${printable(warning)}`);
}
