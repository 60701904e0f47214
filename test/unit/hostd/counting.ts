// A hostd's counting of engines in a tree of its own, by a perf that behaves: for the suites that ask it.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { EngineCounts, type EngineCountsOptions } from "../../../agent/hostd/engine-counts.ts";
import type { EngineTicks } from "../../../agent/hostd/protocol/engines.ts";
import type { Operation, Result } from "../../../agent/hostd/protocol/messages.ts";
import { until } from "../../e2e/harness/until.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { XePmu } from "../../fakes/perf-kernel.ts";
import { processesThat } from "../../fakes/processes.ts";

export const GPU = "0000:03:00.0";
export const VFS = ["0000:03:00.1", "0000:03:00.2"];
export const NOTHING = { kind: "engine-ticks", ticks: [], left: 0 };

/** A GPU with virtual functions in a tree, whoever counts for it. */
export async function flex(root: string): Promise<{ readonly pmu: XePmu; readonly functions: PciFunctions }> {
  const functions = new PciFunctions(root);
  await functions.add(GPU, { driver: "xe" });
  for (const vf of VFS) await functions.add(vf, { of: GPU, driver: "vfio-pci" });
  return { pmu: await XePmu.add(root, GPU), functions };
}

export class Counting implements AsyncDisposable {
  readonly tree: GvtTree;
  readonly counts: EngineCounts;

  private constructor(tree: GvtTree, counts: EngineCounts) {
    this.tree = tree;
    this.counts = counts;
  }

  static async of(tree: GvtTree, options: EngineCountsOptions = {}): Promise<Counting> {
    return Promise.resolve(new Counting(tree, new EngineCounts(tree.root, { intervalMs: 10, ...options })));
  }

  async ask(): Promise<Result> {
    return await this.counts.start(GPU).result;
  }

  async ticks(): Promise<readonly EngineTicks[]> {
    const told = await this.ask();
    assert.ok(told.kind === "engine-ticks", JSON.stringify(told));
    return told.ticks;
  }

  /** As soon as there are so many. */
  async untilThereAre(count: number): Promise<readonly EngineTicks[]> {
    return await until(`${count} engines are counted`, async () => {
      const ticks = await this.ticks();
      return ticks.length === count && ticks;
    });
  }

  /** Begins a change that goes on until it is ended. */
  change(operation: Operation): { readonly ready: Promise<void>; readonly end: () => void } {
    let end = (): void => undefined;
    const result = new Promise<Result>((resolve) => {
      end = () => {
        resolve({ kind: "done" });
      };
    });
    const ready = new Promise<void>((resolve) => {
      this.counts.around(operation, (whenReady) => {
        resolve(whenReady);
        return { pid: 0, result, giveUp: () => undefined };
      });
    });
    return { ready, end };
  }

  /** Those of function 1's render engine, once they have come to so much. */
  async untilRenderIs(active: number, total: number): Promise<void> {
    await until(`function 1 has ${active} of ${total}`, async () => {
      const one = (await this.ticks()).find((tick) => tick.function === 1 && tick.engine === "render");
      return one?.active === active && one.total === total;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.counts.close();
    await until("perf has ended", async () => (await perfsOf(this.tree.root)).length === 0);
    await this.tree[Symbol.asyncDispose]();
  }
}

/** Process ids of the perfs of a tree, and of the scripts that start them. */
export async function perfsOf(root: string): Promise<readonly number[]> {
  return await processesThat(
    ([, program = "", word]) =>
      program === path.join(root, "usr/bin/perf") || (program.endsWith("fake-perf.js") && word === root),
  );
}

/** The perf of a tree begins with these lines of a shell. */
export async function perfBeginsWith(root: string, lines: string): Promise<void> {
  const perf = path.join(root, "usr/bin/perf");
  const script = await readFile(perf, "utf8");
  await writeFile(perf, script.replace("\n", `\n${lines}\n`));
}

/** Time that passes when a test says so. */
export class Timers {
  readonly #pending = new Map<() => void, number>();

  readonly later = (work: () => void, ms: number): (() => void) => {
    const once = (): void => {
      this.#pending.delete(once);
      work();
    };
    this.#pending.set(once, ms);
    return () => this.#pending.delete(once);
  };

  /** Does what was to be done after so long. */
  pass(ms: number): void {
    for (const [work, after] of this.#pending) if (after === ms) work();
  }
}
