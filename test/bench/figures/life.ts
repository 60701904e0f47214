// What the agent takes when nobody asks it anything: its start, its memory, its idle time.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { asSomebodyElse } from "../../e2e/harness/somebody-else.ts";
import { until } from "../../e2e/harness/until.ts";
import type { BenchAgent } from "../agent.ts";
import { BenchHost } from "../bench-host.ts";
import { untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { cpuMsDuring, median, residentMib } from "../measure.ts";

const STARTS = 8;
/** V8 gives back what the start took, by collections of its own, some 20 s after it. */
const SETTLE_MS = 30_000;
const IDLE_MS = 30_000;
const DOMAINS = 500;
const MAX_IDLE_MIB = 110;
const MAX_DOMAINS_MIB = 160;
const MAX_IDLE_PERCENT = 0.5;

export async function life(): Promise<Chapter> {
  await using host = await BenchHost.start();
  const starts: BenchAgent[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    await using agent = await host.agent();
    starts.push(agent);
  }
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  await delay(SETTLE_MS);
  const [idleCpu = 0] = await cpuMsDuring([agent.pid], () => delay(IDLE_MS));
  const idleMib = await residentMib(agent.pid);
  const manyMib = await withManyDomains(host, agent);
  return {
    title: "Start, memory and idle time",
    method:
      `vgpud on a simulated host, a process of its own, ${STARTS} starts, medians; CPU is user and system time until the line that says ready. ` +
      `Idle are the ${IDLE_MS / 1000} s that begin ${SETTLE_MS / 1000} s after a start, in which the agent only samples and resyncs: CPU is that of all threads, memory the resident set at their end. ` +
      `Then ${DOMAINS} domains are started and, when all were seen, scraped ten times.`,
    figures: [
      { what: "start until ready, wall", value: median(starts.map(({ readyMs }) => readyMs)), unit: "ms" },
      {
        what: "start until ready, CPU",
        value: median(starts.map(({ readyCpuMs }) => readyCpuMs)),
        unit: "ms",
      },
      { what: "resident, idle", value: idleMib, unit: "MiB", bar: { atMost: MAX_IDLE_MIB } },
      {
        what: `resident, ${DOMAINS} domains`,
        value: manyMib,
        unit: "MiB",
        bar: { atMost: MAX_DOMAINS_MIB },
      },
      {
        what: "idle, of one core",
        value: (idleCpu / IDLE_MS) * 100,
        unit: "%",
        bar: { atMost: MAX_IDLE_PERCENT },
      },
    ],
  };
}

async function withManyDomains(host: BenchHost, agent: BenchAgent): Promise<number> {
  await asSomebodyElse(host.simulated.libvirtSocket, async (libvirt) => {
    for (let made = 0; made < DOMAINS; made += 1)
      await libvirt.startDomain(await libvirt.defineDomain(definition(host.image)));
  });
  const scrape = async (): Promise<string> => await (await fetch(agent.metrics)).text();
  await until(`${DOMAINS} domains are seen`, async () => {
    const shown = (await scrape()).split("\n").filter((line) => line.startsWith("vgpud_domain_info{"));
    return shown.length === DOMAINS;
  });
  for (let again = 0; again < 10; again += 1) {
    await scrape();
    await delay(1_100);
  }
  return await residentMib(agent.pid);
}

function definition(image: string): string {
  const id = randomUUID();
  const os = "<os><type arch='x86_64' machine='q35'>hvm</type></os>";
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/><readonly/></disk>`;
  const nic = "<interface type='network'><source network='default'/><model type='virtio'/></interface>";
  return `<domain type='kvm'><name>many-${id}</name><uuid>${id}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>${os}<devices>${disk}${nic}</devices></domain>`;
}
