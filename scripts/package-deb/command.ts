// Programs that building the package runs, each with a deadline.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execFileAsync = promisify(execFile);
/** Long enough for a slow registry and two busy cores. */
const DEADLINE_MS = 300_000;
const OUTPUT_BYTES = 64 * 1024 * 1024;

export interface CommandOptions {
  readonly cwd?: string;
  /** On top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The standard output; rejects with what the program said on stderr when it fails or is not done within five minutes. */
export async function command(
  program: string,
  args: readonly string[],
  { cwd, env }: CommandOptions = {},
): Promise<string> {
  const { stdout } = await execFileAsync(program, [...args], {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    timeout: DEADLINE_MS,
    maxBuffer: OUTPUT_BYTES,
  });
  return stdout;
}
