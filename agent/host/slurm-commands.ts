// Runs Slurm's programs: without a shell, each with an end, and with no more of its answer than is good for the agent.
import { execFile } from "node:child_process";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import {
  slurmError,
  type Said,
  type SlurmCommands,
  type SlurmProgram,
} from "../schedulers/slurm/commands.ts";

export interface ProgramsOptions {
  /** Below which `bin` and `sbin` have them. */
  readonly prefix: string;
  /** A slurm.conf; undefined: where the programs themselves look for it. */
  readonly conf: string | undefined;
  /** Of each run. */
  readonly timeoutMs: number;
}

const FOLDERS = { scontrol: "bin", squeue: "bin", slurmd: "sbin" } as const satisfies Record<
  SlurmProgram,
  string
>;
/** A node with ten thousand jobs tells less. */
const MAX_BYTES = 4 * 2 ** 20;

export class SlurmPrograms implements SlurmCommands {
  readonly #options: ProgramsOptions;

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  run(program: SlurmProgram, words: readonly string[], signal: AbortSignal): Promise<Said> {
    const { prefix, conf, timeoutMs } = this.#options;
    const file = path.join(prefix, FOLDERS[program], program);
    const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", ...(conf === undefined ? {} : { SLURM_CONF: conf }) };
    const bounds = { timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: MAX_BYTES, signal } as const;
    return new Promise((resolve, reject) => {
      execFile(file, words, { env, cwd: "/", encoding: "utf8", ...bounds }, (error, stdout, stderr) => {
        if (!error) resolve({ exitCode: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout, stderr });
        else reject(failure(error, { file, words, timeoutMs, signal }));
      });
    });
  }
}

function failure(
  error: Error & { readonly code?: unknown; readonly killed?: boolean },
  {
    file,
    words,
    timeoutMs,
    signal,
  }: {
    readonly file: string;
    readonly words: readonly string[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Error {
  const what = [file, ...words].join(" ");
  if (signal.aborted) return error;
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return slurmError("answer", `${what}: said more than ${MAX_BYTES} bytes`, { cause: error });
  if (error.killed === true)
    return slurmError("timeout", `${what}: not done in ${timeoutMs} ms`, { cause: error });
  return slurmError("program", `cannot run ${what}: ${messageOf(error)}`, { cause: error });
}
