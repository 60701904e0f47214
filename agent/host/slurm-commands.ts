// Runs Slurm's programs: without a shell, each with an end, and with no more of its answer than is good for the agent.
import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { messageOf } from "../core/errors.ts";
import { untilAborted } from "../core/until-aborted.ts";
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
  /** By which slurm.conf is waited for. */
  readonly clock: Pick<Clock, "sleep">;
}

const FOLDERS = { scontrol: "bin", squeue: "bin", slurmd: "sbin" } as const satisfies Record<
  SlurmProgram,
  string
>;
/** A node with ten thousand jobs tells less. */
const MAX_BYTES = 4 * 2 ** 20;

export class SlurmPrograms implements SlurmCommands {
  readonly #options: ProgramsOptions;
  /** One look at slurm.conf at a time: on a disk that does not answer it keeps a thread. */
  #looking: Promise<void> | undefined;

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  async run(program: SlurmProgram, words: readonly string[], signal: AbortSignal): Promise<Said> {
    const { prefix, conf, timeoutMs } = this.#options;
    if (conf !== undefined) await this.#expectConf(conf, signal);
    const file = path.join(prefix, FOLDERS[program], program);
    const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", ...(conf === undefined ? {} : { SLURM_CONF: conf }) };
    const bounds = { timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: MAX_BYTES, signal } as const;
    return await new Promise((resolve, reject) => {
      execFile(file, words, { env, cwd: "/", encoding: "utf8", ...bounds }, (error, stdout, stderr) => {
        if (!error) resolve({ exitCode: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout, stderr });
        else reject(failure(error, { file, words, hint: this.#hintOf(program), timeoutMs, signal }));
      });
    });
  }

  /** Where no file is configured only `slurmd -G` itself knows where it looks for one. */
  #hintOf(program: SlurmProgram): string {
    const mayLackConf = program === "slurmd" && this.#options.conf === undefined;
    return mayLackConf ? "; it does not end where it finds no slurm.conf: set scheduler.slurm.conf" : "";
  }

  /** Without it `slurmd -G` says nothing and does not end. */
  async #expectConf(conf: string, signal: AbortSignal): Promise<void> {
    const { timeoutMs, clock } = this.#options;
    using deadline = new Deadline(timeoutMs, { stop: signal, clock });
    this.#looking ??= expectReadable(conf).finally(() => {
      this.#looking = undefined;
    });
    try {
      await untilAborted(this.#looking, deadline.signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const why = deadline.isOver ? `no answer in ${timeoutMs} ms` : plainly(error);
      throw slurmError("conf", `cannot read ${conf}: ${why}`, { cause: error });
    }
  }
}

async function expectReadable(file: string): Promise<void> {
  await access(file, constants.R_OK);
  if (!(await stat(file)).isFile()) throw new Error("it is no file");
}

function plainly(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES") return "permission denied";
  return messageOf(error);
}

function failure(
  error: Error & { readonly code?: unknown; readonly killed?: boolean },
  {
    file,
    words,
    hint,
    timeoutMs,
    signal,
  }: {
    readonly file: string;
    readonly words: readonly string[];
    /** Why it may not have ended. */
    readonly hint: string;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Error {
  const what = [file, ...words].join(" ");
  if (signal.aborted) return error;
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return slurmError("answer", `${what}: said more than ${MAX_BYTES} bytes`, { cause: error });
  if (error.killed === true)
    return slurmError("timeout", `${what}: not done in ${timeoutMs} ms${hint}`, { cause: error });
  return slurmError("program", `cannot run ${what}: ${messageOf(error)}`, { cause: error });
}
