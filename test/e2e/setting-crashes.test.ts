// The agent's process is killed at every point of a change of a GPU's mode or virtual functions, and started again.
import assert from "node:assert/strict";
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { VfProfile } from "../../proto/gen/vgpud/v1/placement.ts";
import type { SettingPoint } from "../../agent/lifecycle/crash-points.ts";
import { LAST_WORDS, type Death } from "./harness/crash/death.ts";
import { FLEX_HOST, SECOND_GPU } from "./harness/requests.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

/** A change of the GPU, what is there before it, and what is there when it is made, as `shown` has it. */
interface Change {
  readonly before: (world: World) => Promise<unknown>;
  readonly act: (world: World) => Promise<unknown>;
  readonly made: string;
}

const profileOf = (quantumMs: number): VfProfile =>
  VfProfile.fromPartial({ execQuantum: { seconds: 0n, nanos: quantumMs * 1_000_000 } });

function cut(world: World, count: number, quantumMs: number): Promise<unknown> {
  const profile = profileOf(quantumMs);
  const request = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU, count, profile });
  return world.rpc.call(Gpus.setVirtualFunctions, request);
}

function setMode(world: World, mode: Mode): Promise<unknown> {
  return world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode }));
}

async function cutIn(world: World): Promise<void> {
  await setMode(world, Mode.SRIOV);
  await cut(world, 2, 20);
}

const changes = {
  "another number of functions": {
    before: cutIn,
    act: (world) => cut(world, 4, 40),
    made: "MODE_SRIOV xe 40 40 40 40",
  },
  "a GPU that is given away": {
    before: () => Promise.resolve(),
    act: (world) => setMode(world, Mode.GVT_D),
    made: "MODE_GVT_D vfio-pci",
  },
  "a GPU that is taken back": {
    before: (world) => setMode(world, Mode.GVT_D),
    act: (world) => setMode(world, Mode.UNSPECIFIED),
    made: "MODE_UNSPECIFIED xe",
  },
} as const satisfies Record<string, Change>;

/** What passes each point, and in which passings. One without a row does not compile. */
const passedBy = {
  "record write begun": ["another number of functions", [1]],
  "record write filled": ["a GPU that is given away", [1]],
  "record write synced": ["a GPU that is taken back", [1]],
  "record write renamed": ["another number of functions", [1]],
  "record write durable": ["another number of functions", [1]],
  "before cut of a GPU": ["another number of functions", [1, 2]],
  "after cut of a GPU": ["another number of functions", [1, 2]],
  "before setProfile of a GPU": ["another number of functions", [1, 3]],
  "after setProfile of a GPU": ["another number of functions", [1, 4]],
  "before giveAway of a GPU": ["a GPU that is given away", [1]],
  "after giveAway of a GPU": ["a GPU that is given away", [1]],
  "before takeBack of a GPU": ["a GPU that is taken back", [1]],
  "after takeBack of a GPU": ["a GPU that is taken back", [1]],
} as const satisfies Record<SettingPoint, readonly [keyof typeof changes, readonly number[]]>;

async function gpuOf(world: World): Promise<Gpu> {
  return present((await world.rpc.call(Gpus.getGpu, { gpu: SECOND_GPU })).gpu);
}

/** Its mode, its driver, and the exec quantum of each function, ms. */
async function shown(world: World): Promise<string> {
  const { mode, driver, virtualFunctions } = await gpuOf(world);
  const quanta = virtualFunctions?.functions.map(({ execQuantum }) => (execQuantum?.nanos ?? 0) / 1e6) ?? [];
  return [mode, driver, ...quanta].join(" ");
}

async function differs(world: World): Promise<string | undefined> {
  const { conditions } = await gpuOf(world);
  return conditions.find(({ reason }) => reason === "GPU_SETTING_DIFFERS")?.message;
}

/** The change is begun and the agent ends at the point. */
async function endsAt(world: World, { act }: Change, death: Death): Promise<void> {
  await world.agent.arm(death);
  await Promise.all([world.agent.ended, act(world).catch(() => undefined)]);
  assert.equal(LAST_WORDS.exec(world.agent.log)?.[1], death.point);
}

describe("an agent that is killed while it changes a GPU", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start(FLEX_HOST, { mortal: "when armed" });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  for (const [point, [name, passings]] of Object.entries(passedBy) as [
    SettingPoint,
    (typeof passedBy)[SettingPoint],
  ][])
    for (const passing of passings)
      it(`at "${point}" (${passing}) of ${name} has it one way or the other, and goes on when asked again`, async () => {
        const change: Change = changes[name];
        await change.before(world);
        const before = await shown(world);
        await endsAt(world, change, { point, passing });
        await world.startAgain([], { mortal: "when armed" });
        // A GPU that was to be given away may stay with its driver until somebody takes it.
        const rests = [before, change.made, "MODE_GVT_D xe", "MODE_GVT_D vfio-pci"];
        await until("it is as it was or as it was to be", async () => rests.includes(await shown(world)));
        assert.equal(await differs(world), undefined);
        await change.act(world);
        assert.equal(await shown(world), change.made);
      });

  it("tells of what it cannot make so while a domain of others would lose by it, and does it after that", async () => {
    const change: Change = changes["another number of functions"];
    await change.before(world);
    await endsAt(world, change, { point: "before cut of a GPU", passing: 1 });
    const theirs = { name: "theirs", uuid: "11111111-2222-4333-8444-555555555555", pciFunction: 1 };
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(await libvirt.defineDomain(foreignXml(theirs)));
    });
    await world.startAgain([], { mortal: "when armed" });
    await until("it is told", async () => (await differs(world)) !== undefined);
    assert.match((await differs(world)) ?? "", /set to sriov, VF 4, .* has xe, VF 2.*domain theirs/);
    await until("it is a metric", async () => (await world.scrape()).includes("GPU_SETTING_DIFFERS"));
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName("theirs")));
    });
    await until("it is made so", async () => (await shown(world)) === change.made);
    await until("nothing is told", async () => (await differs(world)) === undefined);
  });
});
