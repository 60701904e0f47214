// This host as a node of Slurm: each question and each order is one program that is run.
import { quantities, type Quantities, type Quantity } from "../../capacity/quantities.ts";
import type { SchedulerError } from "../scheduler.ts";
import { slurmError, type Said, type SlurmCommands, type SlurmProgram } from "./commands.ts";
import { GRES, quantitiesIn, type JobId } from "./names.ts";
import {
  configTold,
  gresFileTold,
  gresOfJob,
  jobsTold,
  nodeTold,
  type ConfigTold,
  type JobTold,
  type NodeTold,
} from "./told.ts";

/** How many of each Slurm may be told at most; what is not here it does not count at all. */
export type Limits = ReadonlyMap<Quantity, number>;

export class SlurmNode {
  readonly name: string;
  readonly #commands: SlurmCommands;

  constructor(name: string, commands: SlurmCommands) {
    this.name = name;
    this.#commands = commands;
  }

  /** What slurm.conf and gres.conf both give the node. Slurm takes no jobs any more on a node that it was told to count more of. */
  async limits(signal: AbortSignal): Promise<Limits> {
    // Whoever may read the file may ask; nothing is started.
    const words = ["-G", "-N", this.name];
    const said = await this.#commands.run("slurmd", words, signal);
    // It ends without a word where it finds no such node in slurm.conf.
    if (said.exitCode === 1 && !said.stderr.trim() && !said.stdout.trim()) throw this.#unknown();
    const { stdout, stderr } = this.#wentWell(said, "slurmd", words);
    const { counts, typed } = gresFileTold(`${stdout}\n${stderr}`);
    const limits = quantities.flatMap((quantity) => {
      const count = counts.get(GRES[quantity]);
      return count === undefined ? [] : [[quantity, count] as const];
    });
    const withType = limits.map(([quantity]) => GRES[quantity]).find((name) => typed.has(name));
    if (withType !== undefined)
      throw slurmError(
        "node-gres",
        `gres.conf of node ${this.name} gives ${withType} a type: remove its Type=`,
      );
    if (limits.length > 0) return new Map(limits);
    const what = `slurm.conf and gres.conf do not both give node ${this.name} any of ${Object.values(GRES).join(", ")}`;
    throw slurmError(
      "node-gres",
      `${what}: give it those that jobs are to ask for, as many as its GPUs have`,
    );
  }

  async config(signal: AbortSignal): Promise<ConfigTold> {
    return configTold((await this.#done("scontrol", ["show", "config"], signal)).stdout);
  }

  async look(signal: AbortSignal): Promise<NodeTold> {
    const { stdout } = await this.#done("scontrol", ["show", "node", "-d", this.name], signal);
    return nodeTold(stdout) ?? this.#unread("scontrol show node");
  }

  /** Each job that is on the node. */
  async jobs(signal: AbortSignal): Promise<ReadonlyMap<JobId, JobTold>> {
    const words = ["--noheader", `--nodelist=${this.name}`, "--format=%A|%T|%S"];
    return jobsTold((await this.#done("squeue", words, signal)).stdout);
  }

  /** What a job has here; undefined when that cannot be told for certain, or Slurm has forgotten the job. */
  async amountsOf(job: JobId, signal: AbortSignal): Promise<Quantities | undefined> {
    const words = ["show", "job", "-d", job];
    const said = await this.#commands.run("scontrol", words, signal);
    if (said.exitCode !== 0 && said.stderr.includes("Invalid job id")) return undefined;
    const counts = gresOfJob(this.#wentWell(said, "scontrol", words).stdout, { job, node: this.name });
    return counts && quantitiesIn(counts);
  }

  /** All that the node is to have: what is left out of the list, Slurm gives no more. */
  async setGres(list: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#update([`gres=${list.join(",")}`], signal);
  }

  async drain(reason: string, signal: AbortSignal): Promise<void> {
    await this.#update(["state=drain", `reason=${reason}`], signal);
  }

  async undrain(signal: AbortSignal): Promise<void> {
    await this.#update(["state=undrain"], signal);
  }

  async #update(words: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#done("scontrol", ["update", `nodename=${this.name}`, ...words], signal);
  }

  async #done(program: SlurmProgram, words: readonly string[], signal: AbortSignal): Promise<Said> {
    return this.#wentWell(await this.#commands.run(program, words, signal), program, words);
  }

  #wentWell(said: Said, program: SlurmProgram, words: readonly string[]): Said {
    if (said.exitCode === 0) return said;
    const why = (said.stderr.trim() || said.stdout.trim() || `exit code ${said.exitCode}`).slice(0, TOLD);
    const { kind, help } = failures.find(({ says }) => says.test(why)) ?? OTHER;
    throw slurmError(kind, `${program} ${words.join(" ")}: ${why}${help}`);
  }

  #unknown(): SchedulerError {
    const what = `slurm.conf has no NodeName=${this.name}`;
    return slurmError("no-node", `${what}: set scheduler.slurm.node to the NodeName that it gives this host`);
  }

  #unread(command: string): never {
    throw slurmError("answer", `${command} ${this.name} said nothing that can be read as a node`);
  }
}

/** Characters of what a program complained of. */
const TOLD = 500;

const NOT_ALLOWED =
  ": make the user that vgpud runs as an operator of Slurm, or set scheduler.slurm.publish to false";
/** Slurm's programs tell what is the matter by their words alone (slurm_errno.c). */
const failures = [
  // The second where slurmctld, or the host it is on, is too slow for them: they end after 10 s by themselves (MessageTimeout).
  { says: /Unable to contact slurm controller|Socket timed out/, kind: "unreachable", help: "" },
  { says: /Invalid user id|Access\/permission denied/, kind: "not-allowed", help: NOT_ALLOWED },
] as const;
const OTHER = { kind: "exit-code", help: "" } as const;
