// The books of Placement and the host's ledger, compared: what is mended, what is only told, and what is never touched.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { BookedWorld, GVT, SMALL, type BookedSetting } from "../../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";

const OFTEN = "  heal_every: 1s";
const HEALS = { method: "GET", path: /in_tree=/ };

describe("healing of Placement's books", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  let here: BookedWorld;
  const begin = async (setting: BookedSetting = { scheduler: OFTEN }): Promise<void> => {
    here = await suite.begin(setting);
  };

  it("reserves what a domain takes whose allocation was deleted, and leaves the domain alone", async () => {
    await begin();
    const consumer = await here.createBooked("desk-1");
    await here.books.release(consumer);
    const gpu = await here.published("it", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    assert.equal(gpu.inventories[GVT.low], "1024/192");
    const { domains } = await here.world.truth();
    assert.deepEqual(
      domains.map(({ state }) => state),
      ["running"],
    );
    // Booked again, it counts once.
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.published("the allocation alone", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
  });

  it("puts back what somebody changed of a provider, and leaves what somebody added", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    await suite.placement.ask("PUT", "/resource_classes/CUSTOM_OTHER");
    await suite.placement.ask("PUT", "/traits/CUSTOM_RACK_7");
    assert.equal(
      await here.books.setInventories(gpu, { [GVT.vgpu]: { total: 100 }, CUSTOM_OTHER: { total: 3 } }),
      200,
    );
    await here.books.addTrait(gpu, "CUSTOM_RACK_7");
    const healed = await here.published("what was", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    assert.deepEqual(healed.inventories, { ...gpu.inventories, CUSTOM_OTHER: "3/0" });
    assert.deepEqual(new Set(healed.traits), new Set([...gpu.traits, "CUSTOM_RACK_7"]));
  });

  it("gives out again, once its host is back, what somebody reserved whole while the host was down", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    await here.world.agent.end();
    // What `inventory set --amend` of docs/placement.md sends, but for the other classes, which it sends as they are.
    assert.equal(await here.books.setInventories(gpu, { [GVT.vgpu]: { total: 7, reserved: 7 } }), 200);
    const asked = `/allocation_candidates?resources_GPU=${GVT.vgpu}:1&group_policy=none`;
    const { body } = await suite.placement.ask("GET", asked);
    assert.ok(!JSON.stringify(body).includes(gpu.uuid));
    await here.world.startAgain();
    const back = await here.published("what was", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    assert.deepEqual(back.inventories, gpu.inventories);
  });

  it("makes a provider again that somebody deleted", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    assert.equal((await suite.placement.ask("DELETE", `/resource_providers/${gpu.uuid}`)).status, 204);
    const again = await here.published("it again");
    assert.equal(again.uuid, gpu.uuid);
    assert.deepEqual(again.inventories, gpu.inventories);
  });

  it("writes again when somebody was faster, with what that one wrote", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    here.faulty.misbehave(
      { method: "PUT", path: new RegExp(`${gpu.uuid}/inventories`) },
      { kind: "overtaken", by: () => here.books.addTrait(gpu, "CUSTOM_RACK_7") },
      1,
    );
    await suite.placement.ask("PUT", "/traits/CUSTOM_RACK_7");
    await here.world.makeForeignSlice(randomUUID());
    const after = await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    assert.ok(after.traits.includes("CUSTOM_RACK_7"));
    const tried = here.faulty.writes.filter(({ path }) => path.endsWith(`${gpu.uuid}/inventories`));
    assert.deepEqual(
      tried.slice(-2).map(({ status }) => status),
      [409, 200],
    );
  });

  it("logs once that its token is not taken any more and why, and that it is told again", async () => {
    await begin();
    await here.published("the GPU");
    here.faulty.misbehave({}, { kind: "unauthorized" });
    await here.world.makeForeignSlice(randomUUID());
    await until("it has failed twice", async () =>
      /^vgpud_scheduler_round_failures_total\{failure="unauthorized"\} [2-9]/m.test(
        await here.world.scrape(),
      ),
    );
    here.faulty.behave();
    await here.world.agent.logged(/the scheduler is told again/);
    const told = here.world.agent.log
      .split("\n")
      .filter((line) => line.includes("the scheduler cannot be told"));
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(told[0] ?? "", /"kind":"unauthorized","why":"Placement refuses [^"]* with HTTP 401: /);
  });

  it("logs once that a GPU's provider is drained and why, and once that it is not any more", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const lines = (): readonly string[] =>
      here.world.agent.log.split("\n").filter((line) => line.includes(gpu.name));
    await here.world.rpc.call(Gpus.drainGpu, { gpu: "0000:00:02.0", note: "" });
    await here.world.agent.logged(/"msg":"drained with the scheduler"/);
    await here.world.rpc.call(Gpus.undrainGpu, { gpu: "0000:00:02.0" });
    await here.world.agent.logged(/"msg":"no longer drained with the scheduler"/);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.equal(lines().length, 2, lines().join("\n"));
    assert.match(lines()[0] ?? "", /"scheduler":"placement",.*"why":"its GPU is drained"/);
  });

  it("tells once what was done although the answer was lost", async () => {
    await begin();
    await here.published("the GPU");
    here.faulty.misbehave({ method: "PUT", path: /\/inventories$/ }, { kind: "lost reply" }, 1);
    await here.world.makeForeignSlice(randomUUID());
    await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.deepEqual(here.faulty.writes, []);
  });

  it("gives back what vgpuctl booked and nobody came for, and never what others booked", async () => {
    await begin({ scheduler: `${OFTEN}\n  claim_grace: 1s` });
    const gpu = await here.published("the GPU");
    const [ours, theirs, both] = [randomUUID(), randomUUID(), randomUUID()];
    await using other = await BookedWorld.start(suite.placement);
    const elsewhere = await other.published("the other host's GPU");
    assert.equal(await here.books.claim(ours, gpu.uuid, SMALL, "VGPUD"), 204);
    assert.equal(await here.books.claim(theirs, gpu.uuid, SMALL), 204);
    // On its way from one host to another, which may have its domain.
    assert.equal(await here.books.claim(both, [gpu.uuid, elsewhere.uuid], SMALL, "VGPUD"), 204);
    await until("it is given back", async () => !(await here.books.holders(gpu.uuid)).includes(ours));
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.deepEqual(new Set(await here.books.holders(gpu.uuid)), new Set([theirs, both]));
    const lines = here.world.agent.log.split("\n").filter((line) => line.includes('"msg":"given back'));
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.ok(lines[0]?.includes(`"what":"consumer ${ours}","booked":{"${gpu.name}":{`), lines[0]);
    await here.books.release(both);
  });

  for (const [method, kind] of [
    ["GET", "internal error"],
    ["PUT", "unauthorized"],
  ] as const)
    it(`gives back the others where Placement does not let one go, which is told and given back later: ${kind}`, async () => {
      await begin({ scheduler: `${OFTEN}\n  claim_grace: 1s` });
      const gpu = await here.published("the GPU");
      const [faulty, other] = [randomUUID(), randomUUID()];
      const which = { method, path: new RegExp(`^/allocations/${faulty}`) };
      here.faulty.misbehave(which, { kind });
      for (const each of [faulty, other])
        assert.equal(await here.books.claim(each, gpu.uuid, SMALL, "VGPUD"), 204);
      const { rpc } = here.world;
      const { message } = await comesTo(rpc, "SCHEDULER_UNTOLD", "FAIL");
      assert.ok(message.includes(`consumer ${faulty}: `), message);
      assert.match(message, /^vgpud has to give back to placement/);
      await until(
        "the other is given back",
        async () => !(await here.books.holders(gpu.uuid)).includes(other),
      );
      assert.equal((await conditionOf(rpc, "SCHEDULER_UNAVAILABLE")).status, "CONDITION_STATUS_PASS");
      assert.deepEqual(await here.books.holders(gpu.uuid), [faulty]);
      here.faulty.behave();
      await until("it is given back", async () => (await here.books.holders(gpu.uuid)).length === 0);
      await comesTo(rpc, "SCHEDULER_UNTOLD", "PASS");
    });

  it("keeps what vgpuctl booked while its domain lives, and what holds a place on another host", async () => {
    await begin({ scheduler: `${OFTEN}\n  claim_grace: 1s` });
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid, SMALL, "VGPUD"), 204);
    await here.create("desk-1", consumer);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 4);
    assert.deepEqual(await here.books.holders(gpu.uuid), [consumer]);
  });

  it("tells what there is then once Placement is back after a while", async () => {
    await begin();
    await here.published("the GPU");
    here.faulty.misbehave({}, { kind: "unavailable" });
    await here.faulty.saw({ path: /^\/$/ });
    await here.world.makeForeignSlice(randomUUID());
    here.faulty.behave();
    await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
  });

  it("shuts a class that goes while it is booked, until it is not", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.setMode("GVT_D");
    const shut = await here.published("both", ({ inventories }) => "CUSTOM_INTEL_GPU" in inventories);
    assert.deepEqual(shut.inventories, {
      CUSTOM_INTEL_GPU: "1/0",
      ...{ [GVT.vgpu]: "7/7", [GVT.low]: "1024/1024", [GVT.high]: "3072/3072", [GVT.fence]: "32/32" },
    });
    // What stands so is told once, and not at each comparison again.
    await here.published("the traits of the mode", ({ traits }) =>
      traits.some((name) => name.endsWith("MODE_GVT_D")),
    );
    await here.faulty.saw(HEALS, here.faulty.seen.filter(({ path }) => HEALS.path.test(path)).length + 1);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.deepEqual(here.faulty.writes, []);
    await here.books.release(consumer);
    await here.published("one", ({ inventories }) => Object.keys(inventories).length === 1);
  });
});
