// /metrics beside Debian's exporter for libvirt, on the same daemon and the same paused guests.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { StartDomain } from "../../../agent/node-libvirt/constants.ts";
import { RealLibvirtd } from "../../contract/real-libvirtd.ts";
import { asSomebodyElse } from "../../e2e/harness/somebody-else.ts";
import { until } from "../../e2e/harness/until.ts";
import { BenchHost } from "../bench-host.ts";
import type { Chapter } from "../figure.ts";
import { cpuMsDuring, mean, median, timed } from "../measure.ts";

const GUESTS = 20;
const BLOCKS = 4;
const SCRAPES_PER_BLOCK = 5;
/** Readings younger than a second serve a scrape of vgpud: after so long each scrape asks libvirt anew. */
const PAUSE_MS = 1_100;
const MIN_TIMES = 5;
const EXPORTER = "prometheus-libvirt-exporter";

interface Scraped {
  readonly url: string;
  /** The process that answers, and libvirtd. */
  readonly pids: readonly [number, number];
}

interface Cost {
  readonly wall: number;
  readonly own: number;
  readonly libvirtd: number;
}

export async function scrape(): Promise<Chapter> {
  const libvirtd = await RealLibvirtd.start();
  try {
    await using host = await BenchHost.start("", libvirtd.socket);
    await startGuests(libvirtd.socket, host.image);
    await using agent = await host.agent();
    await using exporter = await Exporter.start(libvirtd.socket);
    const ours = { url: agent.metrics, pids: [agent.pid, libvirtd.pid] } as const;
    const theirs = { url: exporter.url, pids: [exporter.pid, libvirtd.pid] } as const;
    await untilWhole(ours.url, "vgpud_domain_cpu_seconds_total");
    await untilWhole(theirs.url, "libvirt_domain_info_cpu_time_seconds_total");
    const costs: { readonly ours: Cost[]; readonly theirs: Cost[] } = { ours: [], theirs: [] };
    for (let block = 0; block < BLOCKS; block += 1) {
      costs.ours.push(...(await scrapes(ours)));
      costs.theirs.push(...(await scrapes(theirs)));
    }
    return chapter(costs.ours, costs.theirs);
  } finally {
    await libvirtd.stop();
  }
}

function chapter(ours: readonly Cost[], theirs: readonly Cost[]): Chapter {
  const wall = (costs: readonly Cost[]): number => median(costs.map((cost) => cost.wall));
  const own = (costs: readonly Cost[]): number => mean(costs.map((cost) => cost.own));
  const libvirtd = (costs: readonly Cost[]): number => mean(costs.map((cost) => cost.libvirtd));
  const whole = (costs: readonly Cost[]): number => own(costs) + libvirtd(costs);
  return {
    title: "A scrape of /metrics",
    method:
      `A real libvirtd with ${GUESTS} paused QEMUs is scraped by ${ours.length} scrapes of vgpud and as many of Debian's ${EXPORTER}, in turn in blocks of ${SCRAPES_PER_BLOCK}, ` +
      `${PAUSE_MS} ms apart, so that vgpud's readings, which serve scrapes for 1 s, are never served from before. ` +
      "CPU is all that the whole process (with its sampler, its looks at the host and the pause) and libvirtd spend from one scrape to the next; " +
      "both ask for processor, memory, disks and interfaces, vgpud in one call for all domains.",
    figures: [
      { what: "vgpud, wall", value: wall(ours), unit: "ms" },
      { what: `${EXPORTER}, wall`, value: wall(theirs), unit: "ms" },
      {
        what: "times less wall time",
        value: wall(theirs) / wall(ours),
        unit: "",
        bar: { atLeast: MIN_TIMES },
      },
      { what: "vgpud, CPU of its own", value: own(ours), unit: "ms" },
      { what: "vgpud, CPU of libvirtd", value: libvirtd(ours), unit: "ms" },
      { what: `${EXPORTER}, CPU of its own`, value: own(theirs), unit: "ms" },
      { what: `${EXPORTER}, CPU of libvirtd`, value: libvirtd(theirs), unit: "ms" },
      {
        what: "times less CPU",
        value: whole(theirs) / whole(ours),
        unit: "",
        bar: { atLeast: MIN_TIMES },
      },
    ],
  };
}

async function scrapes({ url, pids }: Scraped): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (let made = 0; made < SCRAPES_PER_BLOCK; made += 1) {
    let wall = 0;
    const [own = 0, libvirtd = 0] = await cpuMsDuring(pids, async () => {
      wall = await timed(() => read(url));
      await delay(PAUSE_MS);
    });
    costs.push({ wall, own, libvirtd });
  }
  return costs;
}

async function read(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Until each guest has its series. */
async function untilWhole(url: string, metric: string): Promise<void> {
  await until(`${url} shows ${GUESTS} guests`, async () => {
    const text = await read(url).catch(() => "");
    return text.split("\n").filter((line) => line.startsWith(`${metric}{`)).length === GUESTS;
  });
}

async function startGuests(socket: string, image: string): Promise<void> {
  await asSomebodyElse(socket, async (libvirt) => {
    for (let index = 0; index < GUESTS; index += 1) {
      const domain = await libvirt.defineDomain(guest(index, image));
      await libvirt.startDomain(domain, { flags: StartDomain.paused });
    }
  });
}

function guest(index: number, image: string): string {
  const name = `paused-${index}`;
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/><readonly/></disk>`;
  const nic = `<interface type='ethernet'><target dev='vgpudbench${index}'/><model type='virtio'/></interface>`;
  return `<domain type='qemu'><name>${name}</name><uuid>${randomUUID()}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${disk}${nic}</devices></domain>`;
}

class Exporter implements AsyncDisposable {
  readonly url: string;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(child: ReturnType<typeof spawn>, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}/metrics`;
  }

  static async start(socket: string): Promise<Exporter> {
    const port = 19_177;
    const uri = `--libvirt.uri=qemu+unix:///system?socket=${socket}`;
    const words = [uri, `--web.listen-address=127.0.0.1:${port}`];
    const child = spawn(EXPORTER, words, { stdio: "ignore" });
    await once(child, "spawn");
    return new Exporter(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}
