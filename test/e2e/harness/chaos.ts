// vgpud and somebody else make and remove vGPUs and domains on one host at the same time, without a word to each other.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { Others } from "./others.ts";
import { GPU, SECOND_GPU, type } from "./requests.ts";
import { RpcError } from "./rpc.ts";
import { until } from "./until.ts";
import { MANY_A_SECOND, World, type Truth } from "./world.ts";

const APERTURE_MIB = { [GPU]: 1024, [SECOND_GPU]: 512 } as const;
const HOST = `
gpus:
  - { address: "${GPU}", aperture_mib: ${APERTURE_MIB[GPU]} }
  - { address: "${SECOND_GPU}", aperture_mib: ${APERTURE_MIB[SECOND_GPU]} }
`;
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
/** Of low graphics memory, MiB: what the kernel keeps for the host, and what a vGPU of each type takes. */
const HOST_SHARE_MIB = 128;
const LOW_GM_MIB: Readonly<Record<string, number>> = {
  [type(8)]: 64,
  [type(4)]: 128,
  [type(2)]: 256,
  [type(1)]: 512,
};
const WORKERS = 4;
/** What a create may be refused for beside others who take the room. */
const FAIR = ["RESOURCE_EXHAUSTED", "ALREADY_EXISTS"];

export interface Tally {
  readonly created: number;
  readonly refused: number;
  readonly destroyed: number;
  /** By somebody else. */
  readonly theirs: number;
}

/** `steps` of each worker and of somebody else; asserts all along that nobody's things are touched, and in the end that all agree. */
export async function chaos(seed: number, steps: number): Promise<Tally> {
  await using world = await World.start(HOST, {}, MANY_A_SECOND);
  const random = lcg(seed);
  const others = new Others({
    libvirtSocket: world.host.libvirtSocket,
    control: (message) => world.host.control(message),
    gpus: [GPU, SECOND_GPU],
    types: [type(8), type(4), type(2)],
    random,
  });
  const tally = { created: 0, refused: 0, destroyed: 0, theirs: 0 };
  const work = async (worker: number): Promise<void> => {
    const mine: string[] = [];
    for (let step = 0; step < steps; step += 1) {
      if (mine.length > 0 && random() < 0.45) {
        await world.destroy(mine.splice(Math.floor(random() * mine.length), 1)[0] ?? "", AT_ONCE);
        tally.destroyed += 1;
      } else {
        const name = `ours-${worker}-${step}`;
        if (await created(world, name, random)) mine.push(name);
        tally[mine.at(-1) === name ? "created" : "refused"] += 1;
      }
    }
  };
  const meddle = async (): Promise<void> => {
    for (let step = 0; step < steps * 2; step += 1) {
      await others.act();
      tally.theirs += 1;
      assertTheirs(others, await world.truth());
    }
  };
  await Promise.all([...Array.from({ length: WORKERS }, (_, worker) => work(worker)), meddle()]);
  await assertAgreement(world, others);
  for (const { name, ownership } of await world.domains())
    if (ownership === Ownership.OWN) await world.destroy(name, AT_ONCE);
  assertTheirs(others, await world.truth());
  await others.leave();
  const { mdevs, domains } = await world.truth();
  assert.deepEqual([mdevs, domains], [[], []], "nothing is left over");
  return tally;
}

async function created(world: World, name: string, random: () => number): Promise<boolean> {
  try {
    await world.create(name, ({ vgpu }) => {
      vgpu.want = { $case: "type", value: type(random() < 0.6 ? 8 : random() < 0.7 ? 4 : 2) };
    });
    return true;
  } catch (error) {
    if (error instanceof RpcError && FAIR.includes(error.code)) return false;
    throw error;
  }
}

/** All that somebody else has is as it left it, and no GPU has more than it has room for. */
function assertTheirs(others: Others, { mdevs, domains }: Truth): void {
  for (const { vgpu, gpu, type: of, domain, running } of others.theirs) {
    const slice = mdevs.find(({ uuid }) => uuid === vgpu);
    assert.deepEqual([slice?.gpu, slice?.type], [gpu, of], `vGPU ${vgpu} of others`);
    const shown = domains.find(({ uuid }) => uuid === domain);
    if (domain !== undefined)
      assert.deepEqual(
        [shown?.state, shown?.mdevs],
        [running ? "running" : "shut-off", [vgpu]],
        `domain ${domain}`,
      );
  }
  for (const [gpu, aperture] of Object.entries(APERTURE_MIB)) {
    const here = mdevs.filter((slice) => slice.gpu === gpu);
    const taken = here.reduce((sum, slice) => sum + (LOW_GM_MIB[slice.type] ?? 0), HOST_SHARE_MIB);
    assert.ok(
      taken <= aperture && here.length <= 7,
      `${gpu}: ${taken} of ${aperture} MiB, ${here.length} vGPUs`,
    );
  }
}

/** Once all rests: ledger, kernel and libvirt say the same, and what is not ours is shown as foreign. */
async function assertAgreement(world: World, others: Others): Promise<void> {
  await until("every claim is settled", async () =>
    (await world.domains())
      .filter(({ ownership }) => ownership === Ownership.OWN)
      .every(({ claimState }) => claimState === ClaimState.ACTIVE),
  );
  const { steps } = await world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "" });
  assert.deepEqual(steps, []);
  const vgpus = await world.vgpus();
  const { mdevs } = await world.truth();
  assert.deepEqual(
    vgpus.filter(({ present }) => present).map(({ vgpuId }) => vgpuId),
    mdevs.map(({ uuid }) => uuid).sort(),
  );
  assert.deepEqual(
    vgpus.filter(({ ownership }) => ownership === Ownership.FOREIGN).map(({ vgpuId }) => vgpuId),
    others.theirs.map(({ vgpu }) => vgpu).sort(),
  );
  assert.ok(vgpus.every(({ ownership }) => ownership !== Ownership.ORPHAN));
}

/** Numerical Recipes' generator: the same choices for the same seed. */
function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
