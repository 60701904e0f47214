// The agent's log: one JSON object a line on stderr. Under systemd each line begins with its priority (sd-daemon(3)).
import { Writable } from "node:stream";
import pino from "pino";

export type Log = pino.Logger;

/** pino's levels as syslog priorities. */
const priorities: ReadonlyMap<number, number> = new Map([
  [10, 7],
  [20, 7],
  [30, 6],
  [40, 4],
  [50, 3],
  [60, 2],
]);
const INFORMATIONAL = 6;

/** `underSystemd`: whether stderr is the journal, which systemd tells by JOURNAL_STREAM (systemd.exec(5)). */
export function openLog(underSystemd: boolean): Log {
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime, errorKey: "err" };
  return underSystemd
    ? pino(options, withPriority(process.stderr))
    : pino(options, pino.destination({ fd: 2, sync: true }));
}

function withPriority(out: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = chunk.toString("utf8");
      const level = Number(/"level":(\d+)/.exec(line)?.[1] ?? 30);
      out.write(`<${priorities.get(level) ?? INFORMATIONAL}>${line}`, done);
    },
  });
}
