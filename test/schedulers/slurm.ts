// Debian's Slurm of our own in one folder: munged, slurmctld and a slurmd for each node of a cluster that is this machine.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "../e2e/harness/until.ts";
import { HeldPort } from "../fakes/held-port.ts";
import { Daemon, demand } from "./daemon.ts";
import { gresFile, GVT_G, slurmFile, type ClusterLayout, type Gres } from "./slurm-files.ts";

const run = promisify(execFile);
const ANSWER_MS = 60_000;
/** A job whose prolog is tried again, or that waits for another's end. */
const PATIENCE_MS = 120_000;

/** The script of a job that does nothing. */
export const FOR_EVER = "sleep infinity";

const NEEDED = [
  { program: "/usr/sbin/munged", package: "munge" },
  { program: "/usr/sbin/slurmctld", package: "slurmctld" },
  { program: "/usr/sbin/slurmd", package: "slurmd" },
  { program: "/usr/bin/sbatch", package: "slurm-client" },
];

export interface SlurmOptions {
  /** How many; their names are node1, node2, … */
  readonly nodes?: number;
  /** What each node has; by default a GVT-g GPU of which nothing is used. */
  readonly gres?: readonly Gres[];
  /** Shell scripts that slurmd runs as root on the node before and after a job. Of other ends than 0 the first drains the node. */
  readonly prolog?: string;
  readonly epilog?: string;
  /** Of slurm.conf, other than as a rule. */
  readonly settings?: ClusterLayout["settings"];
}

export interface SlurmJob {
  readonly id: string;
  /** Slurm's word, as PENDING. */
  readonly state: string;
  /** Why it is pending, as Resources; None when it is not. */
  readonly reason: string;
  /** Empty until it has one. */
  readonly node: string;
}

/** Resolves when every node waits for jobs. Needs root, for whom it runs every job. */
export async function startSlurm({ nodes = 1, ...options }: SlurmOptions = {}): Promise<Slurm> {
  demand(...NEEDED);
  if (process.getuid?.() !== 0) throw new Error("a Slurm of our own needs root (namespaces, jobs of root)");
  const folder = await mkdtemp(path.join(tmpdir(), "slurm-"));
  const ports = await Promise.all(Array.from({ length: nodes + 1 }, () => HeldPort.hold()));
  const slurm = new Slurm(folder, ports);
  try {
    await writeFolder(folder, ports, options);
    await slurm.boot();
  } catch (error) {
    await slurm.stop();
    throw error;
  }
  return slurm;
}

export class Slurm implements AsyncDisposable {
  readonly nodes: readonly string[];
  readonly #folder: string;
  readonly #ports: readonly HeldPort[];
  #controller: Daemon | undefined;
  #daemons: readonly Daemon[] = [];
  /** What waits for each. */
  #slurmds: readonly Daemon[] = [];

  /** The first port is the controller's. */
  constructor(folder: string, ports: readonly HeldPort[]) {
    this.#folder = folder;
    this.#ports = ports;
    this.nodes = nodeNames(ports.length - 1);
  }

  /** What makes Slurm's programs talk to this one. */
  get env(): Readonly<Record<string, string>> {
    return { SLURM_CONF: path.join(this.#folder, "slurm.conf") };
  }

  async boot(): Promise<void> {
    const controller = (this.#controller = new Daemon(["/usr/sbin/slurmctld", "-D"], this.env));
    const munged = new Daemon(["/usr/sbin/munged", "--foreground", "--force", ...mungeFlags(this.#folder)]);
    this.#slurmds = this.nodes.map(
      (name) => new Daemon([...WITH_ITS_JOBS, "/usr/sbin/slurmd", "-D", "-N", name], this.env),
    );
    this.#daemons = [munged, controller, ...this.#slurmds];
    // "idle*" is a node that has not answered yet.
    const idle = async () => (await this.nodeStates()).every((state) => state === "idle");
    await controller.answers(idle).catch((error: unknown) => {
      const told = this.#daemons.map(({ log }) => log).join("\n");
      throw new Error(`Slurm does not start; its daemons said:\n${told}`, { cause: error });
    });
  }

  /** The controller takes no answers and gives none, as one that hangs, until it is continued. */
  pause(): void {
    this.#controller?.signal("SIGSTOP");
  }

  continue(): void {
    this.#controller?.signal("SIGCONT");
  }

  /** Its files give each node another number of that; nothing has read them yet. */
  async setGres({ name, count }: Gres): Promise<void> {
    for (const [file, begin] of [
      ["slurm.conf", `${name}:`],
      ["gres.conf", `Name=${name} Count=`],
    ] as const) {
      const where = path.join(this.#folder, file);
      const text = await readFile(where, "utf8");
      await writeFile(where, text.replace(new RegExp(`(?<=\\b${begin})\\d+`), String(count)));
    }
  }

  /** Each node's slurmd reads its files anew and tells the controller of its node, as systemctl reload has it do. */
  async reload(): Promise<void> {
    await this.#signalNodes("SIGHUP");
  }

  /** No node answers, as one that is cut off, until they are continued. */
  async pauseNodes(): Promise<void> {
    await this.#signalNodes("SIGSTOP");
  }

  async continueNodes(): Promise<void> {
    await this.#signalNodes("SIGCONT");
  }

  async #signalNodes(signal: NodeJS.Signals): Promise<void> {
    for (const { pid } of this.#slurmds) process.kill(await childOf(await childOf(pid)), signal);
  }

  /** One of Slurm's programs, as `scontrol`: what it printed; rejects with what it complained of. */
  async run(program: string, ...words: readonly string[]): Promise<string> {
    const env = { ...process.env, ...this.env };
    const { stdout } = await run(program, words, { env, cwd: this.#folder, timeout: ANSWER_MS });
    return stdout.trim();
  }

  /** Queues a shell script; `words` are sbatch's. Resolves with its id, whatever becomes of it. */
  async submit(script: string, ...words: readonly string[]): Promise<string> {
    return await this.run("sbatch", "--parsable", "--output=/dev/null", ...words, "--wrap", script);
  }

  /** Those that are queued, run or have ended lately, in the order they came. */
  async jobs(): Promise<readonly SlurmJob[]> {
    const lines = await this.run("squeue", "--noheader", "--states=all", "--sort=i", "--format=%i|%T|%r|%N");
    return lines
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [id = "", state = "", reason = "", node = ""] = line.split("|");
        return { id, state, reason, node };
      });
  }

  /** Resolves with the jobs when they are as wanted. */
  async jobsUntil(
    what: string,
    wanted: (jobs: readonly SlurmJob[]) => boolean,
  ): Promise<readonly SlurmJob[]> {
    const look = async () => {
      const jobs = await this.jobs();
      return wanted(jobs) && jobs;
    };
    return await until(what, look, PATIENCE_MS);
  }

  /** Resolves when the job is in a state, in Slurm's word for it. */
  async comesTo(id: string, state: string): Promise<void> {
    await this.jobsUntil(`job ${id} is ${state}`, (jobs) =>
      jobs.some((job) => job.id === id && job.state === state),
    );
  }

  /** In Slurm's words, as idle, mixed or drained, in the order of the nodes. */
  async nodeStates(): Promise<readonly string[]> {
    const lines = await this.run("sinfo", "--noheader", "--Node", "--sort=N", "--format=%T");
    return lines.split("\n");
  }

  /** Ends everything, jobs as well, and removes the folder. */
  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.end("SIGKILL")));
    for (const port of this.#ports) await port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * A slurmd's jobs outlive it, and so would what a test has left running: in a namespace of their own they end with it. A shell is
 * its first process, since a job counts as completing until its processes are waited for, which slurmd does not do for orphans.
 */
const WITH_ITS_JOBS = [
  ...["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"],
  ...["sh", "-c", '"$@" & wait', "sh"],
];

/** The first process that a process has started. */
async function childOf(pid: number): Promise<number> {
  const [first] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ");
  if (!first) throw new Error(`process ${pid} has no child`);
  return Number(first);
}

function mungeFlags(folder: string): readonly string[] {
  return [
    `--key-file=${folder}/munge.key`,
    `--socket=${folder}/munge.sock`,
    `--pid-file=${folder}/munged.pid`,
    `--seed-file=${folder}/munge.seed`,
    `--log-file=${folder}/munged.log`,
  ];
}

function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `node${index + 1}`);
}

async function writeFolder(
  folder: string,
  [controller, ...ports]: readonly HeldPort[],
  { gres = GVT_G, prolog = "", epilog = "", settings = {} }: SlurmOptions,
): Promise<void> {
  // Others than root may talk to munged, which does not start where they cannot.
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, "state"));
  const names = nodeNames(ports.length);
  for (const name of names) await mkdir(path.join(folder, "spool", name), { recursive: true });
  await writeFile(path.join(folder, "munge.key"), randomBytes(128), { mode: 0o400 });
  const nodes = ports.map(({ port }, index) => ({ name: names[index] ?? "", port }));
  const text = slurmFile({ folder, controllerPort: controller?.port ?? 0, nodes, gres, settings });
  await writeFile(path.join(folder, "slurm.conf"), text);
  await writeFile(path.join(folder, "gres.conf"), gresFile(gres));
  for (const [name, script] of Object.entries({ prolog, epilog }))
    await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
