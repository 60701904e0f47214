// GPUs that nova-compute publishes below the host's root beside vgpud: it is told while either gives the same room out.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { BookedWorld } from "../../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { GPU } from "../harness/requests.ts";
import { present } from "../harness/world.ts";

const REASON = "GPU_PUBLISHED_TWICE";
const HEALS = { method: "GET", path: /in_tree=/ };

describe("a GPU of vgpud's that nova-compute publishes, too", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  let here: BookedWorld;

  beforeEach(async () => {
    const host = `nova-${randomUUID()}`;
    await suite.placement.ask("POST", "/resource_providers", { name: host });
    const placement = `    root: nova\n    host: ${host}`;
    here = await suite.begin({ name: host, placement, scheduler: "  heal_every: 1s" });
    await here.published("the GPU");
    await comesTo(here.world.rpc, REASON, "PASS");
  });

  /** A provider as nova-compute makes it, which has nothing yet; its UUID. */
  async function ofNova(suffix: string): Promise<string> {
    const uuid = randomUUID();
    const parent = present((await here.books.tree(here.name)).get(here.name)).uuid;
    const form = { uuid, name: `${here.name}_${suffix}`, parent_provider_uuid: parent };
    assert.equal((await suite.placement.ask("POST", "/resource_providers", form)).status, 200);
    return uuid;
  }

  /** All that it has, as nova-compute or an operator sets it. */
  async function has(uuid: string, inventories: object): Promise<void> {
    const where = `/resource_providers/${uuid}/inventories`;
    const { body } = await suite.placement.ask("GET", where);
    assert.ok(typeof body === "object" && body !== null && "resource_provider_generation" in body);
    const { resource_provider_generation } = body;
    const answer = await suite.placement.ask("PUT", where, { resource_provider_generation, inventories });
    assert.equal(answer.status, 200);
  }

  async function comes(status: "PASS" | "FAIL"): Promise<Condition> {
    return await comesTo(here.world.rpc, REASON, status);
  }

  async function isAsPassing(): Promise<void> {
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.equal((await conditionOf(here.world.rpc, REASON)).status, "CONDITION_STATUS_PASS");
  }

  it("is told with the provider and what to do about it, until that is gone", async () => {
    const uuid = await ofNova("pci_0000_00_02_0");
    // Nothing of it is given out.
    await isAsPassing();
    await has(uuid, { VGPU: { total: 2, max_unit: 2 } });
    const { message, remedy } = await comes("FAIL");
    assert.ok(message.includes(`1, as ${here.name}_pci_0000_00_02_0 for GPU ${GPU}`), message);
    assert.ok(remedy.includes(`resource provider delete ${uuid}`), remedy);
    const series = `\nvgpud_scheduler_gpu_published_twice{pci_address="${GPU}"}`;
    assert.ok((await here.world.scrape()).includes(`${series} 1\n`));
    assert.equal((await suite.placement.ask("DELETE", `/resource_providers/${uuid}`)).status, 204);
    await comes("PASS");
    assert.ok((await here.world.scrape()).includes(`${series} 0\n`));
  });

  it("is told while Nova gives it away as a PCI device, and not once that is reserved", async () => {
    const device = "CUSTOM_PCI_8086_3E9B";
    await suite.placement.ask("PUT", `/resource_classes/${device}`);
    const uuid = await ofNova("0000:00:02.0");
    await has(uuid, { [device]: { total: 1, max_unit: 1 } });
    await comes("FAIL");
    await has(uuid, { [device]: { total: 1, max_unit: 1, reserved: 1 } });
    await comes("PASS");
  });

  it("is told as a part that is untold while Placement does not say what Nova's provider has, and judged once it does", async () => {
    const uuid = await ofNova("pci_0000_00_02_0");
    here.faulty.misbehave({ path: new RegExp(`${uuid}/inventories`) }, { kind: "internal error" });
    const { message } = await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "FAIL");
    const words = `${here.name}_pci_0000_00_02_0: whether Nova gives that GPU out, too, cannot be read`;
    assert.ok(message.includes(words), message);
    assert.equal((await conditionOf(here.world.rpc, REASON)).status, "CONDITION_STATUS_PASS");
    await has(uuid, { VGPU: { total: 2, max_unit: 2 } });
    here.faulty.behave();
    await comes("FAIL");
    await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "PASS");
  });

  it("is no matter any more where Nova deletes its provider while the books are compared, and that is no failure", async () => {
    const uuid = await ofNova("pci_0000_00_02_0");
    await has(uuid, { VGPU: { total: 2, max_unit: 2 } });
    await comes("FAIL");
    const where = `/resource_providers/${uuid}`;
    const by = (): Promise<unknown> => suite.placement.ask("DELETE", where);
    here.faulty.misbehave({ path: new RegExp(`${where}/inventories`) }, { kind: "overtaken", by });
    await has(uuid, { VGPU: { total: 3, max_unit: 3 } });
    await comes("PASS");
    const asked = here.faulty.seen.filter(({ path }) => path === `${where}/inventories`);
    assert.equal(asked.at(-1)?.status, 404);
    assert.doesNotMatch(
      await here.world.scrape(),
      /^vgpud_scheduler_rounds_total{.*outcome="partial".*} [1-9]/m,
    );
  });

  it("is no matter while it is drained here, which leaves it to Nova", async () => {
    await has(await ofNova("pci_0000_00_02_0"), { VGPU: { total: 2, max_unit: 2 } });
    await comes("FAIL");
    await here.world.rpc.call(Gpus.drainGpu, { gpu: GPU, note: "Nova's" });
    await comes("PASS");
    await here.world.rpc.call(Gpus.undrainGpu, { gpu: GPU });
    await comes("FAIL");
  });

  it("costs no request while nothing changes, and none for providers of other devices", async () => {
    const [uuid, other] = [await ofNova("pci_0000_00_02_0"), await ofNova("pci_0000_84_00_0")];
    for (const each of [uuid, other]) await has(each, { VGPU: { total: 2, max_unit: 2 } });
    await comes("FAIL");
    const asked = (of: string): number => here.faulty.seen.filter(({ path }) => path.includes(of)).length;
    assert.equal(asked(other), 0);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 4);
    assert.equal(asked(uuid), 0);
    await comes("FAIL");
  });
});
