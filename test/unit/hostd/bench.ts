// A real hostd over a tree of its own, with a client, and what ps would show of processes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { StartedProcess } from "../../fakes/process.ts";

export const hostdProgram = fileURLToPath(import.meta.resolve("../../../agent/hostd/main.js"));
export const PATIENT = { deadlineMs: 30_000 };

export class Bench implements AsyncDisposable {
  readonly tree: GvtTree;
  readonly socketPath: string;
  readonly client: HostdClient;
  #process: StartedProcess | undefined;

  private constructor(tree: GvtTree) {
    this.tree = tree;
    this.socketPath = path.join(tree.root, "hostd.sock");
    this.client = new HostdClient({ socketPath: this.socketPath, ...PATIENT });
  }

  static async make(prefix: readonly string[] = []): Promise<Bench> {
    const bench = new Bench(await GvtTree.make());
    await bench.start(prefix);
    return bench;
  }

  get process(): StartedProcess {
    assert.ok(this.#process);
    return this.#process;
  }

  async start(prefix: readonly string[] = []): Promise<void> {
    const words = [
      ...prefix,
      process.execPath,
      hostdProgram,
      "--socket",
      this.socketPath,
      "--root",
      this.tree.root,
    ];
    this.#process = await StartedProcess.start(words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.process[Symbol.asyncDispose]();
    await this.tree[Symbol.asyncDispose]();
  }
}

/** Empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}
