// One node of a Slurm in miniature: it keeps what it is told, and prints it as Slurm 22.05 does.
import assert from "node:assert/strict";
import { countsIn } from "../../agent/schedulers/slurm/gres.ts";
import { untilAborted } from "../../agent/core/until-aborted.ts";
import type { Said, SlurmCommands, SlurmProgram } from "../../agent/schedulers/slurm/commands.ts";

interface FakeJob {
  state: string;
  /** When it began, as squeue writes it. */
  readonly start?: string;
  /** As in the job's detail for the node; undefined: Slurm does not tell it yet. */
  readonly gres: string | undefined;
  readonly name?: string;
}

const BEGAN = "2026-11-29T16:14:33";
const said = (stdout: string, stderr = "", exitCode = 0): Said => ({ exitCode, stdout, stderr });

export class FakeSlurm implements SlurmCommands {
  readonly node: string;
  /** GRES by name, as gres.conf has them. */
  gresFile = new Map([
    ["vgpu", 7],
    ["vgt_low_gm_mb", 448],
    ["vgt_high_gm_mb", 4096],
    ["vgt_fence", 28],
  ]);
  /** ClusterName of its slurm.conf. */
  cluster = "c";
  /** SelectType of it. */
  selectType = "select/cons_tres";
  gres = "";
  state = "IDLE";
  reason = "";
  readonly jobs = new Map<string, FakeJob>();
  /** Called after each order. */
  onOrder: (order: string) => void = () => undefined;
  /** Called when it is asked for its jobs. */
  onQueue: () => void = () => undefined;
  /** Begin of the order that it refuses. */
  refused: string | undefined;
  /** What it counted when the node registered. */
  #found: ReadonlyMap<string, number>;
  /** Every order, in turn. */
  readonly orders: string[] = [];
  /** Every job whose details were asked for, in turn. */
  readonly asked: string[] = [];
  /** What every program ends with instead of an answer. */
  failure: string | undefined;
  /** Until when it answers nobody. */
  hanging: Promise<void> = Promise.resolve();
  /** Whether it takes orders of whoever asks. */
  isOperator = true;

  constructor(node: string) {
    this.node = node;
    this.gres = [...this.gresFile].map(([name, count]) => `${name}:${count}`).join(",");
    this.#found = countsIn(this.gres);
  }

  /** Its slurmd tells of the node, as now and then: what jobs have some of has to be counted as when it did so before. */
  register(): void {
    const counted = countsIn(this.gres);
    const used = this.#used();
    const names = new Set([...counted.keys(), ...this.#found.keys()]);
    const of = (counts: ReadonlyMap<string, number>, name: string): number => counts.get(name) ?? 0;
    const changed = [...names].find(
      (name) => of(used, name) > 0 && of(counted, name) !== of(this.#found, name),
    );
    if (changed === undefined) {
      this.#found = counted;
      this.state = this.state.replace("+INVALID_REG", "");
      return;
    }
    if (!this.state.includes("DRAIN"))
      this.reason = `gres/${changed} count changed and jobs are using them (${of(this.#found, changed)} != ${of(counted, changed)})`;
    this.state = "IDLE+DRAIN+INVALID_REG";
  }

  /** Counts what its files have, whoever uses what. */
  reconfigure(): void {
    this.gres = [...this.gresFile].map(([name, count]) => `${name}:${count}`).join(",");
    this.register();
  }

  #used(): ReadonlyMap<string, number> {
    const all = [...this.jobs.values()].filter(({ state }) => state !== "COMPLETING");
    const used = new Map([...this.gresFile.keys()].map((name) => [name, 0]));
    for (const { gres = "" } of all)
      for (const [name, count] of countsIn(gres)) used.set(name, (used.get(name) ?? 0) + count);
    return used;
  }

  async run(program: SlurmProgram, words: readonly string[], signal: AbortSignal): Promise<Said> {
    await untilAborted(this.hanging, signal);
    return this.failure === undefined ? this.#answer(program, words) : said("", this.failure, 1);
  }

  #answer(program: SlurmProgram, words: readonly string[]): Said {
    if (program === "slurmd" && words[2] !== this.node) return said("", "", 1);
    if (program === "slurmd")
      return said("", [...this.gresFile].map(([name, count]) => gresLine(name, count)).join("\n"));
    if (program === "squeue") return this.#queue();
    if (words[0] === "update") return this.#update(words.slice(2));
    if (words[1] === "config") return said(configText(this));
    if (words[1] !== "job") return this.#showNode();
    const [, , , id] = words;
    assert.ok(id !== undefined, "all jobs of the cluster are more than a node may ask for");
    this.asked.push(id);
    return this.#showJob(id);
  }

  #queue(): Said {
    this.onQueue();
    return said([...this.jobs].map(([id, { state, start = BEGAN }]) => `${id}|${state}|${start}`).join("\n"));
  }

  #update(words: readonly string[]): Said {
    if (!this.isOperator) return said("", "slurm_update error: Invalid user id\n", 1);
    if (words[0] === "state=undrain" && this.state.includes("INVALID"))
      return said("", "slurm_update error: Invalid node state specified\n", 1);
    const order = words.join(" ");
    if (this.refused !== undefined && order.startsWith(this.refused))
      return said("", "slurm_update error: Unspecified error\n", 1);
    this.orders.push(order);
    for (const [name, value] of words.map((word) => word.split("=", 2) as [string, string]))
      if (name === "gres") this.gres = value;
      else if (name === "reason") this.reason = value;
      else this.#setState(value);
    this.onOrder(order);
    return said("");
  }

  #setState(value: string): void {
    this.state = value === "drain" ? "IDLE+DRAIN" : "IDLE";
    if (value === "undrain") this.register();
  }

  #showNode(): Said {
    const reason = /DRAIN|DOWN|FAIL/.test(this.state)
      ? `   Reason=${this.reason} [root@2026-11-29T16:14:34]\n`
      : "";
    const used = [...this.#used()].map(([name, count]) => `${name}:${count}`).join(",");
    return said(
      `NodeName=${this.node} Arch=x86_64 CoresPerSocket=1 \n   Gres=${this.gres}\n   GresUsed=${used}\n   State=${this.state} ThreadsPerCore=1\n${reason}\n`,
    );
  }

  #showJob(id: string): Said {
    const job = this.jobs.get(id);
    if (!job) return said("", "slurm_load_jobs error: Invalid job id specified\n", 1);
    const { name = "wrap", state, gres } = job;
    const detail = gres === undefined ? "" : `     Nodes=${this.node} CPU_IDs=0 Mem=0 GRES=${gres}\n`;
    return said(
      `JobId=${id} JobName=${name}\n   JobState=${state} Reason=None Dependency=(null)\n   NumNodes=1 NumCPUs=1\n` +
        `${detail}   MinCPUsNode=1 MinMemoryNode=0\n\n`,
    );
  }
}

function configText({ cluster, selectType }: Pick<FakeSlurm, "cluster" | "selectType">): string {
  return `Configuration data as of 2026-11-29T16:14:33
CliFilterPlugins        = (null)
ClusterName             = ${cluster}
CommunicationParameters = (null)
SelectType              = ${selectType}
SelectTypeParameters    = CR_CORE
`;
}

function gresLine(name: string, count: number): string {
  return `slurmd-node1: Gres Name=${name} Type=(null) Count=${count} ID=1970300790 (null)`;
}
