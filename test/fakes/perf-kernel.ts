// The PMU of an xe GPU in a tree of files, and the perf there that counts by it.
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { until } from "../e2e/harness/until.ts";

/** Below the root: what the counters of the kernel have come to, by the names that hostd gives its events. */
export const KERNEL_FILE = "perf-kernel.json";
/** Below the root: made by a perf when its events are open, and it counts. */
export const COUNTS_FILE = "perf-counts";
const program = fileURLToPath(import.meta.resolve("./fake-perf.js"));

export const kernelSchema = z.object({
  /** `GT/CLASS/INSTANCE`, in the kernel's numbers. */
  engines: z.array(z.string()),
  permitted: z.boolean(),
  /** Whether perf gets no answer, of what it opens, for as long. */
  hangs: z.boolean(),
  ticks: z.record(z.string(), z.number()),
});
export type PerfKernel = z.output<typeof kernelSchema>;

export class XePmu {
  readonly #root: string;
  readonly #gpu: string;
  #kernel: PerfKernel = { engines: [], permitted: true, hangs: false, ticks: {} };

  private constructor(root: string, gpu: string) {
    this.#root = root;
    this.#gpu = gpu;
  }

  /** A GPU's, with a perf in the tree. Engines by the names of xe's folders, with their kernel's numbers. */
  static async add(
    root: string,
    gpu: string,
    options: { readonly classes?: readonly string[]; readonly engines?: readonly string[] } = {},
  ): Promise<XePmu> {
    const pmu = new XePmu(root, gpu);
    await pmu.#file("format/function", "config:44-59\n");
    for (const event of ["engine-active-ticks", "engine-total-ticks"])
      await pmu.#file(`events/${event}`, "event=0x02\n");
    for (const name of options.classes ?? ["rcs", "vcs"])
      await mkdir(path.join(root, `sys/bus/pci/devices/${gpu}/tile0/gt0/engines`, name), { recursive: true });
    await pmu.set({ engines: [...(options.engines ?? ["0/0/0", "0/2/0", "0/2/1"])] });
    await addPerf(root);
    return pmu;
  }

  /** What is not given stays. */
  async set(change: Partial<PerfKernel>): Promise<void> {
    this.#kernel = { ...this.#kernel, ...change };
    const file = path.join(this.#root, KERNEL_FILE);
    await writeFile(`${file}.new`, JSON.stringify(this.#kernel));
    await rename(`${file}.new`, file);
  }

  /** Whether a perf counts that was started since this was true last. */
  async counts(): Promise<boolean> {
    const file = path.join(this.#root, COUNTS_FILE);
    return await rm(file).then(
      () => true,
      () => false,
    );
  }

  async untilCounted(): Promise<void> {
    await until("perf counts", () => this.counts());
  }

  async #file(name: string, text: string): Promise<void> {
    const folder = path.join(
      this.#root,
      "sys/bus/event_source/devices",
      `xe_${this.#gpu.replaceAll(":", "_")}`,
    );
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

async function addPerf(root: string): Promise<void> {
  const file = path.join(root, "usr/bin/perf");
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${root}' "$@"\n`);
  await chmod(file, 0o755);
}
