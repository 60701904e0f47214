// What an agent tells of a Placement that misbehaves, and of books that do not agree with its ledger.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { comesTo, conditionOf } from "../../schedulers/diagnosed.ts";
import { FaultyPlacement } from "../../schedulers/faulty-placement.ts";
import type { Misbehaviour } from "../../schedulers/misbehaviours.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { refusal } from "../harness/rpc.ts";
import { SimulatedAgent } from "../harness/simulated-agent.ts";

const GPU = "0000:00:02.0";
const listed = z.object({
  resource_providers: z.array(
    z.object({ uuid: z.string(), name: z.string(), parent_provider_uuid: z.string().nullable() }),
  ),
});

/** An agent of that policy with a Placement of its own, and with what misbehaves between them. */
class Front implements AsyncDisposable {
  readonly placement: Placement;
  readonly faulty: FaultyPlacement;
  readonly agent: SimulatedAgent;
  readonly #folder: string;

  private constructor(
    { placement, faulty, agent }: Pick<Front, "placement" | "faulty" | "agent">,
    folder: string,
  ) {
    this.placement = placement;
    this.faulty = faulty;
    this.agent = agent;
    this.#folder = folder;
  }

  /** Resolves when Placement is told. */
  static async start(policy: "require" | "trust-ledger"): Promise<Front> {
    const folder = await mkdtemp(path.join(tmpdir(), "conditions-"));
    const placement = await startPlacement();
    const faulty = await FaultyPlacement.start(placement.url);
    const config = path.join(folder, "config.yaml");
    const scheduler = {
      ...{ adapter: "placement", policy, first_within: "0s", heal_every: "10s" },
      placement: { endpoint: faulty.url, root: "own", timeout: "2s" },
    };
    await writeFile(config, JSON.stringify({ scheduler }));
    const front = new Front(
      { placement, faulty, agent: await SimulatedAgent.start("--config", config) },
      folder,
    );
    await front.comesTo("SCHEDULER_UNAVAILABLE", "PASS");
    return front;
  }

  async condition(reason: string): Promise<Condition> {
    return await conditionOf(this.agent.rpc, reason);
  }

  async comesTo(reason: string, status: "PASS" | "FAIL"): Promise<Condition> {
    return await comesTo(this.agent.rpc, reason, status);
  }

  /** The provider of the GPU. */
  async gpu(): Promise<z.output<typeof listed>["resource_providers"][number]> {
    const { body } = await this.placement.ask("GET", "/resource_providers");
    const found = listed
      .parse(body)
      .resource_providers.find(({ name }) => name.endsWith("_vgpud_0000_00_02_0"));
    assert.ok(found);
    return found;
  }

  /** As a scheduler does for a claim of that id. */
  async book(provider: string, resources: object): Promise<string> {
    const claim = {
      ...{ allocations: { [provider]: { resources } }, consumer_generation: null },
      ...{ project_id: "p", user_id: "u", consumer_type: "INSTANCE" },
    };
    const consumer = randomUUID();
    assert.equal((await this.placement.ask("PUT", `/allocations/${consumer}`, claim)).status, 204);
    return consumer;
  }

  async create(claimId: string): Promise<unknown> {
    const vgpu = { gpu: GPU, want: { $case: "type", value: "i915-GVTg_V5_8" } } as const;
    return await this.agent.rpc.call(Vgpus.createVgpu, CreateVgpuRequest.fromPartial({ claimId, vgpu }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.agent, this.faulty, this.placement]) await each[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

describe("the conditions of a Placement in front of an agent", function () {
  this.timeout(180_000);
  let front: Front;
  let agent: SimulatedAgent;
  let faulty: FaultyPlacement;
  before(async () => {
    front = await Front.start("trust-ledger");
    ({ agent, faulty } = front);
  });
  after(async () => {
    await (front as Front | undefined)?.[Symbol.asyncDispose]();
  });

  const misbehaviours: readonly [how: Misbehaviour, failure: string, message: RegExp][] = [
    [{ kind: "internal error" }, "failed", /fails by itself: .* with HTTP 500/],
    [{ kind: "unavailable" }, "failed", /fails by itself: .* with HTTP 503/],
    [{ kind: "page" }, "bad-answer", /makes no sense: .*<html>/],
    [{ kind: "nonsense" }, "bad-answer", /makes no sense: /],
    [{ kind: "wrong shape" }, "bad-answer", /makes no sense: /],
    [{ kind: "unsupported version" }, "version", /speaks another version: /],
    [{ kind: "unauthorized" }, "unauthorized", /does not let vgpud in: /],
    [{ kind: "silence" }, "unreachable", /does not answer: .* no answer within 2000 ms/],
    [{ kind: "trickle", everyMs: 100 }, "unreachable", /does not answer: .* no answer within 2000 ms/],
    [{ kind: "cut" }, "unreachable", /does not answer: /],
  ];
  for (const [how, failure, message] of misbehaviours)
    it(`say what is the matter with one that misbehaves, and that it is well again: ${how.kind}`, async () => {
      faulty.misbehave({}, how);
      // Something to tell it.
      await agent.rpc.call(Gpus.drainGpu, { gpu: GPU, note: "" });
      const failed = await front.comesTo("SCHEDULER_UNAVAILABLE", "FAIL");
      assert.match(failed.message, message);
      assert.notEqual(failed.remedy, "");
      assert.match(await agent.scrape(), /^vgpud_scheduler_up 0$/m);
      assert.match(
        await agent.scrape(),
        new RegExp(`^vgpud_scheduler_round_failures_total\\{failure="${failure}"\\} [1-9]`, "m"),
      );
      const follows = await front.condition("BOOKED_BEYOND_CAPACITY");
      assert.deepEqual(follows.dependsOn, ["SCHEDULER_UNAVAILABLE"]);
      assert.equal(follows.status, "CONDITION_STATUS_NOT_APPLICABLE");
      const untold = await front.condition("SCHEDULER_UNTOLD");
      assert.equal(untold.status, "CONDITION_STATUS_NOT_APPLICABLE", "it is of all");

      faulty.behave();
      await agent.rpc.call(Gpus.undrainGpu, { gpu: GPU });
      await front.comesTo("SCHEDULER_UNAVAILABLE", "PASS");
      assert.match(await agent.scrape(), /^vgpud_scheduler_up 1$/m);
    });

  it("name what its books and the ledger do not agree in", async () => {
    const gpu = await front.gpu();
    const { placement } = front;
    // All slices, which nobody creates.
    const slices: string[] = [];
    for (let count = 0; count < 7; count += 1)
      slices.push(await front.book(gpu.uuid, { CUSTOM_INTEL_VGPU: 1 }));
    // A GPU that this host once had, with a guest's booking.
    const gone = { uuid: randomUUID(), name: gpu.name.replace("00_02_0", "0a_00_0") };
    const parent = { parent_provider_uuid: gpu.parent_provider_uuid };
    await placement.ask("POST", "/resource_providers", { ...gone, ...parent });
    const units = { total: 4, max_unit: 4 };
    await placement.ask("PUT", `/resource_providers/${gone.uuid}/inventories`, {
      ...{ resource_provider_generation: 0, inventories: { CUSTOM_INTEL_VGPU: units } },
    });
    await front.book(gone.uuid, { CUSTOM_INTEL_VGPU: 2 });
    // A claim of this host's that was never booked.
    await front.create("unbooked");

    const beyond = await front.comesTo("BOOKED_BEYOND_CAPACITY", "FAIL");
    assert.match(beyond.message, /: 1, as 0000:00:02\.0 by 1 slice$/);
    const unbooked = await front.comesTo("CLAIM_WITHOUT_BOOKING", "FAIL");
    assert.match(unbooked.message, /as unbooked with 1 slice, 64 MiB low GM/);
    const vanished = await front.comesTo("BOOKED_GPU_VANISHED", "FAIL");
    assert.ok(vanished.message.includes(`${gone.name} (1)`), vanished.message);
    const waiting = await front.condition("BOOKING_WITHOUT_DOMAIN");
    assert.match(waiting.message, /has not come yet: 7, none for longer than 30m/);
    assert.deepEqual(
      new Set(waiting.evidence.map(({ path: source }) => source)),
      new Set(slices.map((each) => `booking ${each} on ${GPU}`)),
    );

    const scraped = await agent.scrape();
    for (const [series, value] of [
      [`bookings_without_domain{pci_address="${GPU}"}`, 7],
      [`claims_without_booking{pci_address="${GPU}"}`, 1],
      [`gpu_overbooked{pci_address="${GPU}"}`, 1],
      ["vanished_gpus", 1],
    ] as const)
      assert.ok(scraped.includes(`\nvgpud_scheduler_${series} ${value}\n`), series);
  });
});

describe("the metrics of creates that have to be booked", function () {
  this.timeout(180_000);

  it("tell what came of verifying each", async () => {
    await using front = await Front.start("require");
    const { uuid } = await front.gpu();
    const whole = {
      ...{ CUSTOM_INTEL_VGPU: 1, CUSTOM_VGT_LOW_GM_MB: 64 },
      ...{ CUSTOM_VGT_HIGH_GM_MB: 384, CUSTOM_VGT_FENCE: 4 },
    };
    const reasonOf = async (claimId: string): Promise<string> =>
      (await refusal(front.create(claimId))).reason ?? "";
    await front.create(await front.book(uuid, whole));
    assert.equal(await reasonOf("no-uuid"), "FIELD_INVALID");
    assert.equal(await reasonOf(randomUUID()), "CLAIM_NOT_BOOKED");
    const small = await front.book(uuid, { CUSTOM_INTEL_VGPU: 1, CUSTOM_VGT_LOW_GM_MB: 1 });
    assert.equal(await reasonOf(small), "CLAIM_NOT_COVERED");
    front.faulty.misbehave({}, { kind: "internal error" });
    assert.equal(await reasonOf(randomUUID()), "SCHEDULER_UNAVAILABLE");
    const scraped = await front.agent.scrape();
    for (const outcome of ["verified", "invalid", "not-booked", "not-covered", "unavailable"])
      assert.match(
        scraped,
        new RegExp(`^vgpud_scheduler_verifications_total\\{outcome="${outcome}"\\} 1$`, "m"),
      );
  });
});
