// Creates with Placement in front of the host: what was booked is made where it was booked, and nothing else.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { BookedWorld, GVT, SMALL, type BookedSetting } from "../../schedulers/booked-world.ts";
import { comesTo } from "../../schedulers/diagnosed.ts";
import type { Misbehaviour } from "../../schedulers/misbehaviours.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { GPU, SECOND_GPU } from "../harness/requests.ts";
import { refusal, RpcError } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";

const TWO_GPUS = `
gpus:
  - { address: "0000:00:02.0", device: "3e9b", aperture_mib: 1024 }
  - { address: "${SECOND_GPU}", device: "3e9b", aperture_mib: 1024, boot_vga: false }
`;
const ALLOCATIONS = { path: /^\/allocations\// };

describe("a create with Placement in front of the host", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  let here: BookedWorld;
  const begin = async (setting: BookedSetting = {}): Promise<void> => {
    here = await suite.begin(setting);
  };

  it("is made for what was booked, asks Placement once, and sends nothing", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    here.faulty.forget();
    await here.create("desk-1", consumer);
    const asked = here.faulty.seen.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(asked, [`GET /allocations/${consumer}`]);
    const { domains } = await here.world.truth();
    assert.deepEqual(
      domains.map(({ name, state }) => [name, state]),
      [["desk-1", "running"]],
    );
  });

  it("lands on the GPU that was booked, whatever the policy would prefer", async () => {
    await begin({ yaml: TWO_GPUS });
    for (const [gpu, address] of [
      ["0000_03_00_0", SECOND_GPU],
      ["0000_00_02_0", "0000:00:02.0"],
    ] as const) {
      const provider = await here.published("both GPUs", undefined, gpu);
      const consumer = randomUUID();
      assert.equal(await here.books.claim(consumer, provider.uuid), 204);
      await here.create(`on-${gpu}`, consumer);
      const made = (await here.world.vgpus()).find(({ claimId }) => claimId === consumer);
      assert.equal(made?.gpu, address);
    }
  });

  it("is refused on another GPU than the booked one", async () => {
    await begin({ yaml: TWO_GPUS });
    const provider = await here.published("both GPUs", undefined, "0000_03_00_0");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, provider.uuid), 204);
    const refused = await refusal(
      here.create("desk-1", consumer, ({ vgpu }) => {
        vgpu.gpu = "0000:00:02.0";
      }),
    );
    assert.equal(refused.reason, "CLAIM_NOT_BOOKED");
    assert.match(refused.message, new RegExp(`booked on GPU ${SECOND_GPU} .* GPU 0000:00:02.0 is asked for`));
  });

  it("is refused for a claim that Placement does not know, and for one of another host", async () => {
    await begin();
    await here.published("the GPU");
    const consumer = randomUUID();
    const unknown = await refusal(here.create("desk-1", consumer));
    assert.equal(unknown.reason, "CLAIM_NOT_BOOKED");
    assert.match(unknown.message, /has no allocations for consumer/);

    await using other = await BookedWorld.start(suite.placement);
    const elsewhere = await other.published("the GPU");
    assert.equal(await here.books.claim(consumer, elsewhere.uuid), 204);
    const foreign = await refusal(here.create("desk-1", consumer));
    assert.equal(foreign.reason, "CLAIM_NOT_BOOKED");
    const shown = `${other.name}_vgpud_0000_00_02_0 \\(${elsewhere.uuid}\\)`;
    assert.match(foreign.message, new RegExp(`on other providers than this host's GPUs: ${shown}`));
    assert.deepEqual(await here.world.claimFiles(), []);
  });

  it("is refused for a claim id that is no consumer's, naming the field", async () => {
    await begin();
    const error = await here.create("desk-1", "web-1").catch((caught: unknown) => caught);
    assert.ok(error instanceof RpcError);
    assert.deepEqual([error.reason, error.field], ["FIELD_INVALID", "claim_id"]);
    // To Placement large letters are the same consumer, to the ledger another claim: one booking would serve two.
    const gpu = await here.published("the GPU");
    const consumer = "abcdef00-0000-4000-8000-00000000000a";
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.create("desk-1", consumer);
    const again = await refusal(here.create("desk-2", consumer.toUpperCase()));
    assert.equal(again.reason, "FIELD_INVALID");
    await here.books.release(consumer);
  });

  it("is refused where less was booked than is asked for, and says what lacks", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(
      await here.books.claim(consumer, gpu.uuid, { ...SMALL, [GVT.low]: 32, [GVT.fence]: 1 }),
      204,
    );
    const refused = await refusal(here.create("desk-1", consumer));
    assert.equal(refused.reason, "CLAIM_NOT_COVERED");
    assert.match(refused.message, /lacks 32 MiB low GM, 3 fences of what is asked for/);
    assert.deepEqual(await here.world.claimFiles(), []);
  });

  it("takes sizes below their type as they were booked, and keeps the rest from others", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    const seed = { [GVT.vgpu]: 1, [GVT.low]: 128, [GVT.high]: 384, [GVT.fence]: 4 };
    assert.equal(await here.books.claim(consumer, gpu.uuid, seed), 204);
    await here.create("desk-1", consumer, ({ vgpu }) => {
      vgpu.want = { $case: "sizes", value: { vgtLowGmSz: 128, vgtHighGmSz: 384, vgtFenceSz: 4 } };
    });
    const [made] = await here.world.vgpus();
    assert.equal(made?.sizes?.highGmMib, 512);
    const after = await here.published(
      "the difference",
      ({ inventories }) => inventories[GVT.high] === "3072/512",
    );
    assert.equal(after.inventories[GVT.low], "1024/128");
  });

  it("is refused by the ledger for what the host cannot hold, whatever Placement granted, with what is free", async () => {
    await begin({ yaml: 'gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: 256 }]' });
    const gpu = await here.published("the GPU");
    // As Placement does on MariaDB: more consumers have it than there is. An administrator who shrinks nothing is enough here.
    const generous = { total: 1000 };
    const claims = [randomUUID(), randomUUID(), randomUUID()];
    await here.books.setInventories(gpu, {
      [GVT.vgpu]: generous,
      [GVT.low]: generous,
      [GVT.high]: { total: 100_000 },
      [GVT.fence]: generous,
    });
    for (const consumer of claims) assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    const results = await Promise.allSettled(
      claims.map((consumer, at) => here.create(`desk-${at}`, consumer)),
    );
    const losers = results.flatMap((result): unknown[] =>
      result.status === "rejected" ? [result.reason] : [],
    );
    assert.equal(losers.length, 1, "two slices of 64 MiB fit beside the host's 128 of 256");
    const [reason] = losers;
    assert.ok(reason instanceof RpcError);
    assert.deepEqual([reason.code, reason.reason], ["RESOURCE_EXHAUSTED", "APERTURE_EXHAUSTED"]);
    assert.equal(reason.decision?.candidates[0]?.free?.lowGmMib, 0);
    const { mdevs } = await here.world.truth();
    assert.equal(mdevs.length, 2);
  });

  const wrong: readonly [string, Misbehaviour, RegExp][] = [
    ["500", { kind: "internal error" }, /HTTP 500/],
    ["HTML", { kind: "unavailable" }, /HTTP 503: <html>/],
    ["200 with HTML", { kind: "page" }, /what is no JSON/],
    ["200 with nonsense", { kind: "nonsense" }, /what is no JSON/],
    ["200 with something else", { kind: "wrong shape" }, /what is not to be expected/],
    ["that it speaks other microversions", { kind: "unsupported version" }, /HTTP 406/],
    ["that the token is not taken", { kind: "unauthorized" }, /HTTP 401/],
    ["half an answer", { kind: "cut" }, /aborted|cut off|closed/],
  ];
  it("is refused, and nothing made, whatever wrong Placement answers, and made once it answers right", async () => {
    await begin();
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    for (const [what, how, told] of wrong) {
      here.faulty.misbehave(ALLOCATIONS, how);
      const refused = await refusal(here.create("desk-1", consumer));
      assert.equal(refused.reason, "SCHEDULER_UNAVAILABLE", what);
      assert.match(refused.message, told, what);
      assert.deepEqual(await here.world.claimFiles(), [], what);
      here.faulty.behave();
    }
    await here.create("desk-1", consumer);
  });

  it("waits for a Placement that is slow or says nothing no longer than the configuration says", async () => {
    await begin({ placement: "    root: own\n    timeout: 500ms" });
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    for (const kind of ["silence", "trickle"] as const) {
      here.faulty.misbehave(ALLOCATIONS, { kind });
      const refused = await refusal(here.create("desk-1", consumer));
      assert.equal(refused.reason, "SCHEDULER_UNAVAILABLE");
      assert.match(refused.message, /no answer within 500 ms/);
      here.faulty.behave();
    }
  });

  it("is refused while Placement is away; destroys, lists and metrics go on, and so does all when it is back", async () => {
    await begin();
    const first = await here.createBooked("desk-1");
    const gpu = await here.published("the GPU");
    const second = randomUUID();
    assert.equal(await here.books.claim(second, gpu.uuid), 204);
    await suite.placement.kill();
    assert.equal((await refusal(here.create("desk-2", second))).reason, "SCHEDULER_UNAVAILABLE");
    // Long before its next comparison.
    await comesTo(here.world.rpc, "SCHEDULER_UNAVAILABLE", "FAIL");
    await here.world.destroy("desk-1");
    assert.equal((await here.world.vgpus()).length, 0);
    assert.match(await here.world.scrape(), /^vgpud_build_info/m);
    await suite.placement.boot();
    await here.create("desk-2", second);
    await here.books.release(first);
    assert.deepEqual(await here.books.holders(gpu.uuid), [second]);
  });

  it("is answered again for a retry without asking Placement", async () => {
    await begin();
    const consumer = await here.createBooked("desk-1");
    here.faulty.misbehave({}, { kind: "internal error" });
    await here.create("desk-1", consumer);
    assert.equal((await here.world.domains()).length, 1);
  });

  it("is made without a booking where the ledger is trusted, and what it takes is kept from others", async () => {
    await begin({ scheduler: "  policy: trust-ledger" });
    const gpu = await here.published("the GPU");
    await here.create("desk-1", "web-1");
    const kept = await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    assert.deepEqual(kept.inventories, {
      [GVT.vgpu]: "7/1",
      [GVT.low]: "1024/192",
      [GVT.high]: "3072/768",
      [GVT.fence]: "32/8",
    });
    await here.world.destroy("desk-1");
    await here.published("all to give", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    assert.equal(gpu.uuid, kept.uuid);
  });

  it("is told as booked elsewhere, once the books are compared, where the ledger is trusted", async () => {
    await begin({ yaml: TWO_GPUS, scheduler: "  policy: trust-ledger\n  heal_every: 1s" });
    const provider = await here.published("both GPUs", undefined, "0000_03_00_0");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, provider.uuid), 204);
    await here.create("desk-1", consumer, ({ vgpu }) => {
      vgpu.gpu = GPU;
    });
    const told = await comesTo(here.world.rpc, "CLAIM_WITHOUT_BOOKING", "FAIL");
    const words = `: 1, as ${consumer} with .* of GPU ${GPU}, booked on GPU ${SECOND_GPU};`;
    assert.match(told.message, new RegExp(words));
    const scraped = await here.world.scrape();
    for (const [metric, count] of [
      ["claims_booked_elsewhere", 1],
      ["claims_without_booking", 0],
    ] as const)
      assert.ok(scraped.includes(`\nvgpud_scheduler_${metric}{pci_address="${GPU}"} ${count}\n`), metric);
    // As the page has it: the booking is moved to where the domain is.
    const there = await here.published(
      "the room that it takes",
      ({ inventories }) => inventories[GVT.vgpu] === "7/1",
    );
    await here.books.move(consumer, there.uuid);
    await here.published("that room booked", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    await comesTo(here.world.rpc, "CLAIM_WITHOUT_BOOKING", "PASS");
  });

  it("counts once what is booked late where the ledger is trusted", async () => {
    await begin({ scheduler: "  policy: trust-ledger\n  heal_every: 2s" });
    const consumer = randomUUID();
    await here.create("desk-1", consumer);
    const gpu = await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.published("the booking alone", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    await until("one holds it", async () => (await here.books.holders(gpu.uuid)).length === 1);
  });
});
