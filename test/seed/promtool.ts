// What an operator asks Prometheus at a terminal.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Asked {
  readonly line: string;
  readonly output: string;
}

/** `promtool query instant`, whose timestamps tell nothing here. */
export async function promtool(url: string, expression: string): Promise<Asked> {
  const { stdout } = await run("promtool", ["query", "instant", url, expression]);
  const output = stdout.replaceAll(/ @\[[\d.]+\]/g, "").trimEnd();
  return {
    line: `promtool query instant http://prometheus.example:9090 '${expression}'`,
    output: output === "" ? "(nothing)" : output,
  };
}
