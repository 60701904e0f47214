// How soon those who watch hear of what libvirt has told, while some of them do not read.
import { setTimeout as delay } from "node:timers/promises";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { subscribe } from "../../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { foreignXml } from "../../e2e/harness/somebody-else.ts";
import { StuckWatching, Watching } from "../../e2e/harness/watching.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain, untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { cpuMsDuring, median, percentile } from "../measure.ts";

/** As many as the default host has room for. */
const DOMAINS = 7;
const WATCHES = 50;
const STUCK = 5;
const TRANSITIONS = 400;
const WARM_UP = 40;
/** Between two transitions, and up to as much again: not in step with what the agent does. */
const PAUSE_MS = 60;
const BAR_MS = 100;
const FLIPPED = { name: "flipped", uuid: "f1199ed0-0000-4000-8000-000000000001" };

export async function watch(): Promise<Chapter> {
  await using host = await BenchHost.start();
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  const wanted = { image: host.image, vgpuType: "i915-GVTg_V5_8", readonly: true };
  for (let made = 0; made < DOMAINS; made += 1) await createDomain(rpc, wanted);
  const stuck = Array.from({ length: STUCK }, () => new StuckWatching(agent.socket));
  const clients = Array.from({ length: WATCHES - STUCK }, () => new Watching(agent.socket));
  await Promise.all(clients.map((client) => client.synced()));
  const latencies: number[] = [];
  const [cpuMs = 0] = await cpuMsDuring([agent.pid], async () => {
    latencies.push(...(await transitions(host.simulated.libvirtSocket, clients)));
  });
  for (const client of [...clients, ...stuck]) client[Symbol.dispose]();
  return {
    title: "Watching",
    method:
      `On a simulated host with one GPU, full with ${DOMAINS} domains, one more domain is started and destroyed ${TRANSITIONS} times by somebody else, after ${WARM_UP} times that are left out, while ${WATCHES} watches of everything are open on as many connections; ${STUCK} of them read one item and no more. ` +
      `Measured is from the arrival of libvirt's event at another client of libvirt to the arrival of the changed domain at each of the other ${WATCHES - STUCK}, all in one process.`,
    figures: [
      { what: "change told after libvirt's event, median", value: median(latencies), unit: "ms" },
      {
        what: "change told after libvirt's event, p99",
        value: percentile(latencies, 0.99),
        unit: "ms",
        bar: { atMost: BAR_MS },
      },
      {
        what: "CPU of vgpud for a change and all who watch",
        value: cpuMs / (TRANSITIONS + WARM_UP),
        unit: "ms",
      },
    ],
  };
}

/** Of each transition and each client: how long after libvirt's event it was told. */
async function transitions(socket: string, clients: readonly Watching[]): Promise<number[]> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  try {
    const libvirt = new Libvirt(connection);
    const domain = await libvirt.defineDomain(foreignXml(FLIPPED));
    let toldAt = 0;
    await subscribe(connection, ["domain-lifecycle"], (event) => {
      if (event.kind === "domain-lifecycle" && event.domain.name === FLIPPED.name) toldAt = performance.now();
    });
    await Promise.all(clients.map((client) => client.until(() => isIn(client, DomainState.SHUT_OFF))));
    const latencies: number[] = [];
    for (let nth = 0; nth < WARM_UP + TRANSITIONS; nth += 1) {
      const state = nth % 2 === 0 ? DomainState.RUNNING : DomainState.SHUT_OFF;
      const heard = clients.map(async (client) => {
        await client.until(() => isIn(client, state));
        return performance.now();
      });
      await (state === DomainState.RUNNING ? libvirt.startDomain(domain) : libvirt.destroyDomain(domain));
      const arrivals = await Promise.all(heard);
      if (nth >= WARM_UP) latencies.push(...arrivals.map((at) => at - toldAt));
      await delay(PAUSE_MS * (1 + Math.random()));
    }
    return latencies;
  } finally {
    await connection.close();
  }
}

function isIn(client: Watching, state: DomainState): boolean {
  const object = client.objects.get(`domain ${FLIPPED.uuid}`);
  return object?.$case === "domain" && object.value.state === state;
}
