// How late vgpud's event loop is while a kernel or a libvirt hangs and others are served.
import { setTimeout as delay } from "node:timers/promises";
import type { FaultFields } from "../../../agent/simulator/faults/fault.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GPU, SECOND_GPU, type } from "../../e2e/harness/requests.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain, destroyDomain, untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter, Figure } from "../figure.ts";
import { insideDuring, probed, type Inside } from "../inside.ts";

const yaml = `
gpus:
  - { address: "${GPU}" }
  - { address: "${SECOND_GPU}", boot_vga: false }
`;
/** Longer than vgpud waits for what hangs. */
const TIME_MS = 20_000;
/** Between two rounds of those who are served. */
const PAUSE_MS = 100;
/** On the GPU that hangs. */
const HELD_UP = 3;
const BAR_MS = 50;
const HOUR_MS = 3_600_000;

interface Trouble {
  readonly what: string;
  readonly fault: FaultFields | undefined;
  /** What is asked of the GPU that hangs. */
  readonly asks: "create" | "destroy";
  /** Whether domains can be made on the other. */
  readonly isElsewhereWell: boolean;
}

const troubles: readonly Trouble[] = [
  { what: "nothing hangs", fault: undefined, asks: "create", isElsewhereWell: true },
  {
    what: "removals hang",
    fault: { kind: "REMOVE_BLOCKS", gpu: GPU },
    asks: "destroy",
    isElsewhereWell: true,
  },
  {
    what: "creates hang",
    fault: { kind: "CREATE_LATE", delay_ms: HOUR_MS, gpu: GPU },
    asks: "create",
    isElsewhereWell: true,
  },
  {
    what: "vgpud-hostd stands still",
    fault: { kind: "HOSTD_HANGS" },
    asks: "create",
    isElsewhereWell: false,
  },
  { what: "libvirt stands still", fault: { kind: "LIBVIRT_HANGS" }, asks: "create", isElsewhereWell: false },
];

export async function lag(): Promise<Chapter> {
  const figures: Figure[] = [];
  for (const trouble of troubles) {
    const { max, p99 } = await lagWith(trouble);
    figures.push({ what: `${trouble.what}, most`, value: max, unit: "ms", bar: { atMost: BAR_MS } });
    figures.push({ what: `${trouble.what}, p99`, value: p99, unit: "ms" });
  }
  return {
    title: "Event loop",
    method:
      `On a simulated host with two GPUs, ${HELD_UP} calls wait for what hangs on one of them, while for ${TIME_MS / 1000} s another client lists GPUs and, where that can be done, ` +
      "makes and destroys domains on the other, one after the other. Told is by how much the event loop of vgpud was late, as a timer in it sees it; a machine that does something else has its part in the most.",
    figures,
  };
}

async function lagWith({ fault, asks, isElsewhereWell }: Trouble): Promise<Inside["lag"]> {
  await using host = await BenchHost.start(yaml);
  const folder = host.simulated.directory;
  await using agent = await host.agent(probed(folder));
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  const on = (gpu: string) => ({ image: host.image, vgpuType: type(8), readonly: true, gpu });
  const serve = async (): Promise<void> => {
    await rpc.call(Gpus.listGpus, { pageSize: 0, pageToken: "" });
    if (isElsewhereWell) await destroyDomain(rpc, await createDomain(rpc, on(SECOND_GPU)));
  };
  // The code that is measured has run before.
  const made = await Promise.all(Array.from({ length: HELD_UP }, () => createDomain(rpc, on(GPU))));
  await serve();
  await host.simulated.control({ command: "set-faults", faults: fault ? [fault] : [] });
  const { lag: late } = await insideDuring(agent, folder, async () => {
    const asked = made.map((claimId) =>
      asks === "create" ? createDomain(rpc, on(GPU)) : destroyDomain(rpc, claimId),
    );
    // What becomes of them is for the tests.
    const answered = Promise.allSettled(asked);
    const end = performance.now() + TIME_MS;
    while (performance.now() < end) {
      await serve();
      await delay(PAUSE_MS);
    }
    await host.simulated.control({ command: "clear-faults" });
    await answered;
  });
  return late;
}
