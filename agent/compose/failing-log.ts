// What an operator hears of readings that fail: a line for the first of those in a row.
import type { Log } from "../host/journal.ts";

/** To be told of each reading: what failed, undefined when nothing did. `says`: what the line says. */
export function failingLog(log: Log, says: string): (error: unknown) => void {
  let failing = false;
  return (error) => {
    const failed = error !== undefined;
    if (failed && !failing) log.warn({ err: error }, says);
    failing = failed;
  };
}
