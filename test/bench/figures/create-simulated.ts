// Where the time of CreateDomain goes on a simulated host, where libvirt and the kernel take almost none.
import { Rpc } from "../../e2e/harness/rpc.ts";
import type { BenchAgent } from "../agent.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain, destroyDomain, untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { hostdChildMs } from "../hostd-child.ts";
import { insideDuring, probed } from "../inside.ts";
import { cpuMsDuring, median, timed } from "../measure.ts";
import { scrapedMs } from "../scraped.ts";

const ROUNDS = 30;
const LEDGER = "vgpud_ledger_write_duration_seconds";
const MAX_FSYNCS = 3;
const STEPS = "vgpud_lifecycle_step_duration_seconds";

interface Create {
  readonly wall: number;
  /** Of vgpud. */
  readonly cpu: number;
  /** The ledger's writes, each with its fsync of file and folder. */
  readonly ledger: number;
  readonly fsyncs: number;
  /** What libvirt and the simulated kernel were waited for. */
  readonly host: number;
}

export async function createSimulated(): Promise<Chapter> {
  await using host = await BenchHost.start();
  const childMs = await hostdChildMs(host.simulated);
  await using agent = await host.agent(probed(host.simulated.directory));
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  const creates: Create[] = [];
  for (let round = 0; round < ROUNDS; round += 1) creates.push(await oneCreate(host, agent, rpc));
  const of = (key: keyof Create): number => median(creates.slice(3).map((create) => create[key]));
  const rest = median(creates.slice(3).map(({ wall, ledger, host: waited }) => wall - ledger - waited));
  return {
    title: "What CreateDomain adds",
    method:
      `On a simulated host, ${ROUNDS} domains one after the other, the first three left out; medians. ` +
      "Ledger and steps are the sums of the agent's own histograms; the rest is looks at the host, the plan and the API. " +
      "The child that vgpud-hostd starts for a slice is measured on the shipped vgpud-hostd, since the simulator starts none.",
    figures: [
      { what: "CreateDomain, whole", value: of("wall"), unit: "ms" },
      { what: "writes of the ledger with fsync", value: of("ledger"), unit: "ms" },
      { what: "fsyncs", value: of("fsyncs"), unit: "", bar: { atMost: MAX_FSYNCS } },
      { what: "steps of libvirt and kernel, both simulated", value: of("host"), unit: "ms" },
      { what: "the rest, ours", value: rest, unit: "ms" },
      { what: "child of vgpud-hostd on a real host", value: childMs, unit: "ms" },
      { what: "CPU of vgpud", value: of("cpu"), unit: "ms" },
    ],
  };
}

async function oneCreate(host: BenchHost, agent: BenchAgent, rpc: Rpc): Promise<Create> {
  const before = await scrape(agent);
  let [claim, wall, cpu] = ["", 0, 0];
  const create = async (): Promise<void> => {
    claim = await createDomain(rpc, { image: host.image, vgpuType: "i915-GVTg_V5_8" });
  };
  const { fsyncs } = await insideDuring(agent, host.simulated.directory, async () => {
    [cpu = 0] = await cpuMsDuring([agent.pid], async () => {
      wall = await timed(create);
    });
  });
  const after = await scrape(agent);
  await destroyDomain(rpc, claim);
  const more = (key: keyof Scraped): number => after[key] - before[key];
  return { wall, cpu, ledger: more("ledger"), fsyncs, host: more("host") };
}

type Scraped = Pick<Create, "ledger" | "host">;

async function scrape({ metrics }: BenchAgent): Promise<Scraped> {
  const text = await (await fetch(metrics)).text();
  const steps = ["create-vgpu", "define-domain", "start-domain"];
  return {
    ledger: scrapedMs(text, LEDGER),
    host: steps.reduce((sum, step) => sum + scrapedMs(text, STEPS, { step }), 0),
  };
}
