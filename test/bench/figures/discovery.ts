// How long it takes to see a full host, and a change of it.
import diagnostics from "node:diagnostics_channel";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { MdevBus } from "../../../agent/backends/kvmgt/mdev-bus.ts";
import { sliceMade } from "../../../agent/backends/xengt/types.ts";
import type { HostFiles } from "../../../agent/discovery/host-files.ts";
import { KernelReader } from "../../../agent/discovery/kernel-facts.ts";
import { observe } from "../../../agent/discovery/observe.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { SimulatedAgent } from "../../e2e/harness/simulated-agent.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";
import type { Chapter } from "../figure.ts";
import { median, timed } from "../measure.ts";

const GPUS = 8;
const SLICES_PER_GPU = 7;
const LOOKS = 50;
const CHANGES = 300;
const MAX_DISCOVERY_MS = 60;
const SRIOV_GPUS = 16;
const FUNCTIONS_PER_GPU = 7;
const MAX_SRIOV_DISCOVERY_MS = 150;
const MAX_SEEN_MS = 150;
/** Between two questions whether a change is seen: those who ask must not keep the agent from looking. */
const ASK_AGAIN_MS = 2;
const TYPE = "i915-GVTg_V5_8";

const addressesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `0000:${(index + 1).toString().padStart(2, "0")}:00.0`);
const addresses = addressesOf(GPUS);
const slices = addresses.flatMap((gpu, index) =>
  Array.from({ length: SLICES_PER_GPU }, (_, slice) => {
    const uuid = `4c9c1f1e-aaaa-4000-8000-0000000000${index}${slice}`;
    return `  - { gpu: "${gpu}", type: ${TYPE}, uuid: ${uuid} }\n`;
  }),
);
const yaml = `gpus:\n${addresses.map((gpu) => `  - { address: "${gpu}", aperture_mib: 1024 }\n`).join("")}mdevs:\n${slices.join("")}`;
const sriovAddresses = addressesOf(SRIOV_GPUS);
const sriovYaml = `gpus:\n${sriovAddresses
  .map((gpu) => `  - { address: "${gpu}", device: "56c0", driver: xe, total_vfs: ${FUNCTIONS_PER_GPU} }\n`)
  .join("")}`;

export async function discovery(): Promise<Chapter> {
  const looks = await discoveries(yaml, { gpus: GPUS, slices: GPUS * SLICES_PER_GPU });
  const sriov = await discoveries(sriovYaml, { gpus: SRIOV_GPUS, slices: 0 }, async (host) => {
    for (const gpu of sriovAddresses)
      await host.control({ command: "set-vfs", gpu, count: FUNCTIONS_PER_GPU });
  });
  const seen = await changes();
  return {
    title: "Discovery",
    method:
      `A simulated host has ${GPUS} GPUs with ${SLICES_PER_GPU} slices each. Its kernel's facts are discovered ${LOOKS} times from nothing, each GPU read twice as a new one is, ` +
      `in the process of the benchmark and without libvirt; a usual look, which finds nothing new, reads once. The same on a host of ${SRIOV_GPUS} GPUs with ${FUNCTIONS_PER_GPU} virtual functions each. Then ${CHANGES} times kvmgt is unloaded or loaded, ` +
      `and a client of vgpud, which also hears the kernel's events, asks ListGpus every ${ASK_AGAIN_MS} ms from the first event on until all GPUs show it.`,
    figures: [
      {
        what: "full discovery, median",
        value: median(looks.full),
        unit: "ms",
        bar: { atMost: MAX_DISCOVERY_MS },
      },
      { what: "full discovery, slowest", value: Math.max(...looks.full), unit: "ms" },
      { what: "full discovery, CPU", value: looks.fullCpuMs, unit: "ms", bar: { atMost: MAX_DISCOVERY_MS } },
      { what: "usual look, median", value: median(looks.usual), unit: "ms" },
      {
        what: "full discovery with virtual functions, median",
        value: median(sriov.full),
        unit: "ms",
        bar: { atMost: MAX_SRIOV_DISCOVERY_MS },
      },
      { what: "full discovery with virtual functions, slowest", value: Math.max(...sriov.full), unit: "ms" },
      {
        what: "child processes started",
        value: looks.children + sriov.children,
        unit: "",
        bar: { atMost: 0 },
      },
      { what: "event to visible in ListGpus, median", value: median(seen), unit: "ms" },
      {
        what: "event to visible in ListGpus, p99",
        value: p99(seen),
        unit: "ms",
        bar: { atMost: MAX_SEEN_MS },
      },
    ],
  };
}

interface Looks {
  readonly full: readonly number[];
  readonly usual: readonly number[];
  /** Of one full discovery, in the mean. */
  readonly fullCpuMs: number;
  readonly children: number;
}

async function discoveries(
  description: string,
  there: { readonly gpus: number; readonly slices: number },
  prepare: (host: SimulatedHost) => Promise<void> = () => Promise.resolve(),
): Promise<Looks> {
  await using host = await SimulatedHost.start(description);
  await prepare(host);
  const files = new RootedFiles(host.root);
  const look = async (kernel: KernelReader): Promise<void> => {
    const observer = { files, kernel, slicesIn: (of: HostFiles) => new MdevBus(of), wall: Date.now };
    const domains = { domains: () => Promise.resolve([]) };
    const owners = { before: () => [], promised: () => undefined, sliceMade };
    const xenGuests = { guests: () => Promise.resolve([]) };
    const { gpus, vgpus } = await observe(
      { ...observer, domains, xenGuests, owners },
      new AbortController().signal,
    );
    if (gpus.size !== there.gpus || vgpus.size !== there.slices) throw new Error("the look is not whole");
  };
  let children = 0;
  const count = (): void => {
    children += 1;
  };
  const [full, usual]: [number[], number[]] = [[], []];
  await look(new KernelReader());
  diagnostics.subscribe("child_process", count);
  let fullCpuMs = 0;
  for (let taken = 0; taken < LOOKS; taken += 1) {
    const kernel = new KernelReader();
    const before = process.cpuUsage();
    full.push(await timed(() => look(kernel)));
    const { user, system } = process.cpuUsage(before);
    fullCpuMs += (user + system) / 1000 / LOOKS;
    usual.push(await timed(() => look(kernel)));
  }
  diagnostics.unsubscribe("child_process", count);
  return { full, usual, fullCpuMs, children };
}

async function changes(): Promise<readonly number[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "bench-host-"));
  const file = path.join(folder, "host.yaml");
  // kvmgt is not unloaded under slices that somebody made.
  await writeFile(file, yaml.slice(0, yaml.indexOf("mdevs:")));
  try {
    await using agent = await SimulatedAgent.start(file);
    using events = await Events.at(agent.ueventSocket);
    const times: number[] = [];
    for (let change = 0; change < CHANGES; change += 1) {
      const offered = change % 2 === 0 ? 0 : 4;
      const told = events.next();
      const faults = [{ name: "change", kind: "KVMGT_UNLOADED" }];
      await agent.behindItsBack(
        offered === 0 ? { command: "set-faults", faults } : { command: "clear-faults" },
      );
      const begun = await told;
      while (!(await agent.gpus()).every(({ types }) => types.length === offered)) await delay(ASK_AGAIN_MS);
      times.push(performance.now() - begun);
      // Longer than events are gathered, so that each change is one of its own.
      await delay(150);
    }
    return times;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Hears the simulated kernel's events beside the agent. */
class Events implements Disposable {
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  static async at(socketPath: string): Promise<Events> {
    const socket = net.connect({ path: socketPath });
    await once(socket, "connect");
    return new Events(socket.resume());
  }

  /** When the next event is heard. */
  async next(): Promise<number> {
    await once(this.#socket, "data");
    return performance.now();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function p99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}
