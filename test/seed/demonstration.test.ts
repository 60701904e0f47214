// The demonstration of the original design, on real parts: OpenStack Placement as the controller, a KVM host and a Xen host with vgpud's
// package, flavors with the three sizes, and a Prometheus that scrapes both.
import assert from "node:assert/strict";
import { exitCodes } from "../../agent/cli/errors/exit-codes.ts";
import { until } from "../e2e/harness/until.ts";
import type { Published } from "../schedulers/booked-world.ts";
import { SeedWorld } from "./seed-world.ts";
import type { SeedHost } from "./seed-host.ts";
import { promised } from "./seed-books.ts";

/** 384 MiB of aperture are free on each host: two large ones are too much for one, and these six are all there is room for. */
const SIX = {
  "desk-1": "desk.large",
  "desk-2": "desk.large",
  "desk-3": "desk.small",
  "desk-4": "desk.small",
  "desk-5": "desk.small",
  "desk-6": "desk.small",
} as const;
const SIX_LARGE: readonly string[] = ["desk-1", "desk-2"];
const PATIENCE_MS = 300_000;

describe("the demonstration of the original design", function () {
  this.timeout(1_800_000);
  // A chapter rests on those before.
  this.bail(true);
  let world: SeedWorld;
  /** Of each host's GPU before anything was booked. */
  let untouched: readonly Published["inventories"][];
  let dead: SeedHost;
  /** The dead one's domains when its power went. */
  let survivors: readonly string[];

  before(async () => {
    world = await SeedWorld.start();
  });
  after(async () => {
    await (world as SeedWorld | undefined)?.[Symbol.asyncDispose]();
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await world.complain();
  });

  it("has both hosts in Placement, with what each of them offers", async () => {
    world.log.begin("published");
    await world.tellFiles();
    const gpus = await world.gpus();
    // An emulated processor has no /dev/kvm: libvirt's QEMU emulates, too.
    assert.deepEqual(
      gpus.map(({ traits }) => traits.find((trait) => trait.includes("_HYPERVISOR_"))),
      ["CUSTOM_INTEL_VGPU_HYPERVISOR_NONE", "CUSTOM_INTEL_VGPU_HYPERVISOR_XEN"],
    );
    for (const { inventories } of gpus)
      assert.deepEqual(inventories, {
        CUSTOM_INTEL_VGPU: "7/0",
        CUSTOM_VGT_LOW_GM_MB: "512/128",
        CUSTOM_VGT_HIGH_GM_MB: "3584/384",
        CUSTOM_VGT_FENCE: "32/4",
      });
    untouched = gpus.map(({ inventories }) => inventories);
    for (const { name, inventories, traits } of gpus) {
      const offered = Object.entries(inventories).map((of) => of.join(" "));
      world.log.tell("placement", name, [...offered, ...traits].join("\n"));
    }
    world.log.ran(await world.caller.run("schedule", "check", "flavors.yaml"));
  });

  it("makes six domains by capacity, on both hosts, each with its slice", async () => {
    world.log.begin("six");
    for (const [name, flavor] of Object.entries(SIX)) await world.created(name, flavor);
    const found = await Promise.all(world.hosts.map((host) => host.withSlice()));
    assert.deepEqual(found.flat().sort(), Object.keys(SIX));
    assert.deepEqual(
      found.map((names) => names.filter((name) => SIX_LARGE.includes(name)).length),
      [1, 1],
    );
    const slices = await Promise.all(world.hosts.map((host) => host.slices()));
    assert.deepEqual(
      slices.map(({ length }) => length),
      [3, 3],
    );
    world.log.ran(await world.caller.schedule("list"));
    await world.tellHosts();
    await world.assertBooksAgree();
  });

  it("finds no host for a seventh, and books nothing for it", async () => {
    world.log.begin("seventh");
    const before = await world.caller.claims();
    const ran = await world.create("desk-7", "desk.medium");
    assert.equal(ran.exitCode, exitCodes["no-room"]);
    assert.match(
      ran.stderr,
      /Placement has no candidate for flavor desk\.medium: no GPU of mode gvt-g has room/,
    );
    assert.deepEqual(await world.caller.claims(), before);
  });

  it("gives the place of a destroyed domain to the next ones", async () => {
    world.log.begin("freed");
    const freed = await world.destroyed("desk-2");
    await world.room(freed);
    assert.equal(await world.created("desk-7", "desk.medium"), freed);
    assert.equal(await world.created("desk-8", "desk.small"), freed);
    await world.assertBooksAgree();
  });

  it("goes on with the other host when one has lost its power, and tells who asks and who watches", async () => {
    world.log.begin("dead");
    // As much room on each: one small domain.
    const full = await world.hostOf("desk-1");
    const [small = ""] = (await full.withSlice()).filter(
      (name) => name !== "desk-1" && world.startsByItself(name),
    );
    await world.destroyed(small);
    const [first, other] = await world.room(...world.hosts);
    assert.ok(first && other);
    dead = first;
    const before = await world.books.booked(dead);
    survivors = await dead.domains("defined");
    await world.cutPower(dead);
    await world.alerted("VgpudDown", [dead]);

    const ran = await world.create("desk-9", "desk.small");
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stderr, new RegExp(`passed over ${dead.name} 0000:00:02\\.0: `));
    const claim = (await world.claimsBy()).get("desk-9");
    assert.equal(claim?.host, other.name);
    assert.deepEqual(await world.books.booked(dead), before);

    const none = await world.create("desk-10", "desk.small");
    assert.equal(none.exitCode, exitCodes.unreachable);
    assert.match(none.stderr, /the one candidate did not take it/);

    const [lost = ""] = before.claims;
    const kept = await world.destroy(lost);
    assert.equal(kept.exitCode, exitCodes.unreachable, kept.stderr);
    assert.equal(await world.books.isBooked(lost), true);
  });

  it("has all of it back with the power: domains, slices, books, metrics", async () => {
    world.log.begin("back");
    const booked = await world.books.booked(dead);
    const { claims: before } = booked;
    await world.powerOn(dead);
    assert.deepEqual(await dead.domains("defined"), survivors);
    const started = survivors.filter((name) => world.startsByItself(name));
    await until(
      "what is to be started with the host runs with its slice",
      async () => String(await dead.withSlice()) === String(started),
      PATIENCE_MS,
    );
    const statesOf = (name: string): string =>
      started.includes(name)
        ? "DOMAIN_STATE_RUNNING CLAIM_STATE_ACTIVE"
        : "DOMAIN_STATE_SHUT_OFF CLAIM_STATE_STOPPED";
    // A start has its slice before libvirt calls the domain running, and the claim is settled behind that.
    const { domains } = await until(
      "vgpud calls each domain what it is",
      async () => {
        const list = await dead.service.client.listDomains();
        const isSettled = list.domains.every(
          ({ name, state, claimState }) => `${state} ${claimState}` === statesOf(name),
        );
        return isSettled && list;
      },
      PATIENCE_MS,
    );
    assert.deepEqual(domains.map(({ claimId }) => claimId).sort(), before);
    const held = dead.kind.holdsWhileOff ? domains.length : started.length;
    assert.equal((await dead.slices()).length, held);
    await world.tellHosts([dead]);

    await world.assertBooksAgree();
    assert.deepEqual(await promised(dead), booked);
    await world.alerted("VgpudDown", []);
    await world.assertNothingAmiss();
    const off = domains.find(({ name }) => !started.includes(name));
    assert.ok(off);
    await dead.service.client.startDomain(off.name);
    assert.ok((await dead.withSlice()).includes(off.name));
    assert.equal(await world.created("desk-10", "desk.small"), dead);
  });

  it("leaves nothing when everything is destroyed", async () => {
    world.log.begin("empty");
    for (const [name] of await world.claimsBy()) await world.destroyed(name);
    for (const host of world.hosts) {
      assert.deepEqual(await host.domains("defined"), []);
      assert.deepEqual(await host.slices(), []);
      assert.deepEqual(await promised(host), { claims: [], lowGmMib: 0 });
      assert.deepEqual(await world.books.booked(host), { claims: [], lowGmMib: 0 });
    }
    world.log.ran(await world.caller.schedule("list"));
    await world.tellHosts();
    await until("Placement has what it had before", async () => {
      const now = (await world.gpus()).map(({ inventories }) => inventories);
      return JSON.stringify(now) === JSON.stringify(untouched);
    });
    await world.assertNothingAmiss();
    world.log.end();
  });
});
