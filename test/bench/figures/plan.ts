// What a plan costs vgpud: many requests of all kinds on a host with many GPUs, most of which do not all fit.
import {
  GpuServiceService as Gpus,
  PlanRequest,
  PlanResponse,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { PlacementPolicy } from "../../../proto/gen/vgpud/v1/placement.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { Http2Client } from "../http2-client.ts";
import { cpuMsDuring, median, percentile } from "../measure.ts";

const APERTURES_MIB = [256, 512, 1024, 1024, 512, 2048, 1024, 512] as const;
const SLICES = ["i915-GVTg_V5_8", "i915-GVTg_V5_4", "i915-GVTg_V5_8", "i915-GVTg_V5_2", "i915-GVTg_V5_8"];
const REQUESTS = 40;
const PLANS = 400;
/** During the first ones vgpud compiles its planner; they are a figure of their own. */
const WARM_UP = 120;
/** Of each; too long a request for its answer to be kept. */
const TRIES = 5;
const BAR_MS = 20;

const addressOf = (gpu: number): string => `0000:${(gpu + 1).toString(16).padStart(2, "0")}:00.0`;
const yaml = `gpus:\n${APERTURES_MIB.map(
  (aperture, gpu) => `  - { address: "${addressOf(gpu)}", aperture_mib: ${aperture} }\n`,
).join("")}`;

export async function plan(): Promise<Chapter> {
  await using host = await BenchHost.start(yaml);
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  for (const vgpuType of SLICES) await createDomain(rpc, { image: host.image, vgpuType, readonly: true });
  using client = new Http2Client(agent.socket);
  const [first, cpu]: [number[], number[]] = [[], []];
  let [exact, planned] = [0, 0];
  for (let nth = 0; nth < WARM_UP + PLANS; nth += 1) {
    const request = Buffer.from(PlanRequest.encode(mixed(nth)).finish());
    let answer: Buffer = Buffer.alloc(0);
    const tries: number[] = [];
    for (let again = 0; again < TRIES; again += 1)
      tries.push(
        ...(await cpuMsDuring([agent.pid], async () => {
          answer = await client.unary(Gpus.plan.path, request);
        })),
      );
    if (nth < WARM_UP) {
      first.push(...tries.slice(0, 1));
      continue;
    }
    cpu.push(median(tries));
    const { exact: proved, planned: vgpus } = PlanResponse.decode(answer);
    exact += proved ? 1 : 0;
    planned += vgpus.length;
  }
  return {
    title: "Plan",
    method:
      `On a simulated host with ${APERTURES_MIB.length} GPUs of ${[...new Set(APERTURES_MIB)].join(", ")} MiB and ${SLICES.length} slices, ` +
      `${PLANS} plans of ${REQUESTS} requests each, all different: types, sizes and modes, some for one GPU only, with every policy; ` +
      `${WARM_UP} more before them, while the planner is compiled, have a figure of their own. CPU time of vgpud for a whole call; each is asked ${TRIES} times and the middle one counts, since vgpud also looks at its host meanwhile.`,
    figures: [
      { what: "Plan, CPU, p99", value: percentile(cpu, 0.99), unit: "ms", bar: { atMost: BAR_MS } },
      { what: "the first plans, CPU, median", value: median(first), unit: "ms" },
      { what: "Plan, CPU, median", value: median(cpu), unit: "ms" },
      { what: "plans that are proved to be the best", value: (100 * exact) / PLANS, unit: "%" },
      { what: "vGPUs in a plan, of requested", value: (100 * planned) / (PLANS * REQUESTS), unit: "%" },
    ],
  };
}

/** The same for the same number. */
function mixed(nth: number): PlanRequest {
  const random = sequence(nth);
  const one = <T>(items: readonly T[]): T | undefined => items[random(items.length)];
  return PlanRequest.fromPartial({
    items: Array.from({ length: REQUESTS }, () => {
      const suffix = one([8, 8, 8, 4, 4, 2, 1]) ?? 8;
      const sizes = { vgtLowGmSz: 16 * (1 + random(32)), vgtHighGmSz: 0, vgtFenceSz: 4 };
      const want = one([
        { $case: "type", value: `i915-GVTg_V5_${suffix}` },
        { $case: "sizes", value: sizes },
      ] as const);
      const gpu = random(6) === 0 ? addressOf(random(APERTURES_MIB.length)) : "";
      const policy =
        one([PlacementPolicy.PACK, PlacementPolicy.SPREAD, PlacementPolicy.NUMA]) ?? PlacementPolicy.PACK;
      const numa = policy === PlacementPolicy.NUMA ? { node: random(2) } : undefined;
      return { vgpu: { want, gpu, policy, numa } };
    }),
  });
}

/** Numbers below a limit, by a linear congruential generator (the constants of Numerical Recipes). */
function sequence(seed: number): (limit: number) => number {
  let state = seed + 1;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
