// Every request that goes to Placement in the life of a host and of a domain on it, recorded: docs/reference/placement-walkthrough.md is
// made from it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { classesWith, CONSUMER_TYPE, SLICES_CLASS } from "../../../agent/core/placement-names.ts";
import { connectPlacement } from "../../../agent/placement/connect.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { WalkthroughStep } from "../../../scripts/placement-walkthrough-page.ts";
import { BookedWorld, GVT } from "../../schedulers/booked-world.ts";
import type { SeenRequest } from "../../schedulers/faulty-placement.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { GPU } from "../harness/requests.ts";
import { until } from "../harness/until.ts";

// From dist/test/e2e/schedulers back to the sources.
const GOLDEN = new URL("../../../../test/golden/placement-walkthrough.json", import.meta.url);
const HOST = "kvm-1.example";

describe("the requests that Placement gets", function () {
  this.timeout(180_000);
  let placement: Placement;
  let here: BookedWorld;
  before(async () => {
    placement = await startPlacement();
    here = await BookedWorld.start(placement, {
      placement: `    root: own\n    host: ${HOST}`,
      name: HOST,
      scheduler: "  heal_every: 1h",
    });
  });
  after(async () => {
    await (here as BookedWorld | undefined)?.[Symbol.asyncDispose]();
    await (placement as Placement | undefined)?.stop();
  });

  it("are those that are recorded, from a host's first start to the end of a domain", async () => {
    const signal = AbortSignal.timeout(120_000);
    const steps: WalkthroughStep[] = [];
    const names = new Map<string, string>();
    const ended = async (step: string): Promise<void> => {
      await until("all is answered", () =>
        Promise.resolve(here.faulty.seen.every(({ status }) => status !== undefined)),
      );
      steps.push({ step, requests: here.faulty.seen.map((each) => requestOf(each, names)) });
      here.faulty.forget();
    };
    const { api: caller, close } = connectPlacement(
      { endpoint: new URL(here.faulty.url), keystone: undefined, timeoutMs: 10_000, ca: undefined },
      { now: () => performance.now(), wall: () => Date.now() },
    );

    const gpu = await here.published("the GPU");
    names.set(gpu.uuid, "GPU").set(gpu.parent ?? "", "HOST");
    await ended("vgpud starts on a host that Placement does not know");

    const classes = classesWith(SLICES_CLASS);
    const wanted = { [GVT.vgpu]: 1, [GVT.low]: 128, [GVT.high]: 384, [GVT.fence]: 4 };
    const group = Object.entries(wanted).map(([name, amount]) => `${name}:${amount}`);
    const traits = "required_GPU=CUSTOM_INTEL_VGPU_MODE_GVT_G,!CUSTOM_INTEL_VGPU_DRAINED";
    const query = `resources_GPU=${group.join(",")}&${traits}&group_policy=none&limit=10`;
    const [candidate] = await caller.candidates(query, signal);
    assert.deepEqual([...(candidate?.allocations.keys() ?? [])], [gpu.uuid]);
    await ended("A caller asks which GPU has room for the sizes 128, 384 and 4");

    const consumer = randomUUID();
    names.set(consumer, "CONSUMER");
    const claim = {
      allocations: candidate?.allocations ?? new Map(),
      ...{ projectId: "project", userId: "user", consumerType: CONSUMER_TYPE },
    };
    await caller.claim(consumer, claim, signal);
    await ended("It books the first");

    await here.create("desk-1", consumer, ({ vgpu }) => {
      vgpu.want = { $case: "sizes", value: { vgtLowGmSz: 128, vgtHighGmSz: 384, vgtFenceSz: 4 } };
    });
    await here.published(
      "the difference",
      ({ inventories }) => inventories[classes.highGmMib] === "3072/512",
    );
    await ended(
      "It asks the host for the domain, with the consumer's UUID as claim id: vgpud verifies, and reserves what the type has more",
    );

    await here.world.agent.end();
    await here.world.startAgain();
    await here.faulty.saw({ path: /\/aggregates$/ }, 2);
    await ended("vgpud is started again: it reads all, and writes nothing");

    await here.world.rpc.call(Gpus.drainGpu, { gpu: GPU, note: "fan" });
    await here.published("the drain", ({ traits }) => traits.includes("CUSTOM_INTEL_VGPU_DRAINED"));
    await ended("The GPU is drained");
    await here.world.rpc.call(Gpus.undrainGpu, { gpu: GPU });
    await here.published("its end", ({ traits }) => !traits.includes("CUSTOM_INTEL_VGPU_DRAINED"));
    await ended("And taken into service again");

    await here.world.destroy("desk-1");
    await here.published(
      "what was reserved",
      ({ inventories }) => inventories[classes.highGmMib] === "3072/384",
    );
    await ended("The domain is destroyed: what was reserved beside its booking is given back");
    await caller.releaseUnchanged(consumer, await caller.allocation(consumer, signal), signal);
    await ended("Its caller gives the booking back");
    close();

    if (process.env["UPDATE_GOLDEN"] === "1")
      await writeFile(GOLDEN, `${JSON.stringify(steps, undefined, 2)}\n`);
    assert.deepEqual(JSON.parse(JSON.stringify(steps)), JSON.parse(await readFile(GOLDEN, "utf8")));
  });
});

function requestOf(
  { method, path, body, status = 0, answer }: SeenRequest,
  names: ReadonlyMap<string, string>,
): WalkthroughStep["requests"][number] {
  const named = <T>(value: T): T => {
    let text = JSON.stringify(value).replace(/req-[0-9a-f-]{36}/g, "req-ID");
    for (const [uuid, name] of names) text = text.replaceAll(uuid, name);
    return JSON.parse(text) as T;
  };
  return {
    ...{ method, path: named(path), status },
    ...(body === undefined ? {} : { body: named(body) }),
    ...(answer === undefined ? {} : { answer: named(answer) }),
  };
}
