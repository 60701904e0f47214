// Nova as it comes in front of hosts with vgpud: it places servers on the GPUs that vgpud publishes, and each leaves what is the
// other's alone. Guests are made by nobody: Nova's driver only says that they run.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { GVT, type Published } from "../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../schedulers/diagnosed.ts";
import type { SeenRequest } from "../schedulers/faulty-placement.ts";
import { Cloud } from "./cloud.ts";
import { FLAVOR, Hosts } from "./hosts.ts";

/** Each of Nova's programs takes its time to start, and looks at its host every few seconds. */
const PATIENCE_MS = 300_000;
const HEALS = { method: "GET", path: /in_tree=/ };

describe("Nova in front of hosts with vgpud", function () {
  this.timeout(1_800_000);
  let cloud: Cloud;
  let hosts: Hosts;
  let flavor: string;
  before(async () => {
    cloud = await Cloud.start();
    hosts = new Hosts(cloud);
    await Promise.all(["node1", "node2", "node3"].map((host) => cloud.startCompute(host)));
    await hosts.add("node1", 0);
    for (const [host, room] of [
      ["node2", 1],
      ["node3", 3],
    ] as const)
      await comesTo((await hosts.add(host, room)).world.rpc, "SCHEDULER_UNAVAILABLE", "PASS");
    flavor = await cloud.nova.createFlavor("vgpu", FLAVOR);
  });
  afterEach(async () => {
    await hosts.clear();
  });
  after(async () => {
    await (hosts as Hosts | undefined)?.[Symbol.asyncDispose]();
    await (cloud as Cloud | undefined)?.[Symbol.asyncDispose]();
  });

  const gpu = (host: string): Promise<Published> => hosts.on(host).published("the GPU");
  const conditionOn = (host: string, reason: string, status: "PASS" | "FAIL", patienceMs?: number) =>
    comesTo(hosts.on(host).world.rpc, reason, status, patienceMs);
  /** Rounds of vgpud's from now on. */
  const heals = async (host: string, times: number): Promise<void> => {
    hosts.on(host).faulty.forget();
    await hosts.on(host).faulty.saw(HEALS, times);
  };
  /** Looks of nova-compute's at its host from now on, in which it reads what Placement has of a provider. */
  const audits = async (provider: string, times: number): Promise<void> => {
    const before = cloud.seen.seen.length;
    const isOf = ({ method, path }: SeenRequest) =>
      method === "GET" && path === `/resource_providers/${provider}/inventories`;
    const look = () => Promise.resolve(cloud.seen.seen.slice(before).filter(isOf).length >= times);
    await until(`nova-compute has read ${provider} ${times} times`, look, PATIENCE_MS);
  };

  it("sends each server of a flavor with the three sizes where there is room for one", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `desk-${index}`);
    const servers = await Promise.all(names.map((name) => cloud.nova.boot(name, flavor)));
    const found = servers.map(({ host, status }) => `${host || "nowhere"} ${status}`).sort();
    assert.deepEqual(found, [
      "node2 ACTIVE",
      ...["node3 ACTIVE", "node3 ACTIVE", "node3 ACTIVE"],
      ...["nowhere ERROR", "nowhere ERROR"],
    ]);
    for (const { fault } of servers.filter(({ status }) => status === "ERROR"))
      assert.match(fault, /^No valid host was found/);
    for (const host of ["node2", "node3"]) {
      const there = servers.filter((server) => server.host === host).map(({ id }) => id);
      const { uuid } = await gpu(host);
      assert.deepEqual(new Set(await hosts.on(host).books.holders(uuid)), new Set(there));
    }
  });

  it("has the vGPU made under the server's UUID on the host that it chose, and on no other", async () => {
    const server = await hosts.place("node3", flavor);
    const elsewhere = await refusal(hosts.createVgpu("node2", server.id));
    assert.equal(elsewhere.reason, "CLAIM_NOT_BOOKED");
    assert.match(elsewhere.message, /on other providers than this host's GPUs/);
    const unknown = await refusal(hosts.createVgpu("node3", randomUUID()));
    assert.equal(unknown.reason, "CLAIM_NOT_BOOKED");
    const { vgpuId, sizes } = await hosts.createVgpu("node3", server.id);
    assert.deepEqual([sizes?.lowGmMib, sizes?.highGmMib, sizes?.fences], [128, 512, 4]);
    const made = await Promise.all(["node2", "node3"].map((host) => hosts.on(host).world.truth()));
    assert.deepEqual(
      made.map(({ mdevs }) => mdevs.map(({ uuid }) => uuid)),
      [[], [vgpuId]],
    );
    // Counted once, as what is booked.
    await heals("node3", 2);
    assert.equal((await gpu("node3")).inventories[GVT.vgpu], "7/0");
  });

  it("leaves vgpud's providers as they are when nova-compute looks at its host and when it starts anew", async () => {
    const server = await hosts.place("node2", flavor);
    await hosts.createVgpu("node2", server.id);
    await heals("node2", 2);
    const before = await gpu("node2");
    cloud.seen.forget();
    await audits(before.uuid, 2);
    await cloud.stopCompute("node2");
    await cloud.startCompute("node2");
    await audits(before.uuid, 2);
    assert.deepEqual(await gpu("node2"), before);
    assert.deepEqual(await hosts.on("node2").books.holders(before.uuid), [server.id]);
    const touched = cloud.seen.writes.filter(
      ({ path }) => path.includes(before.uuid) || path.startsWith("/allocations"),
    );
    assert.deepEqual(touched, []);
  });

  it("gives back what a deleted server had booked, and vgpud tells of its vGPU while that is there", async () => {
    const server = await hosts.place("node2", flavor);
    const { vgpuId } = await hosts.createVgpu("node2", server.id);
    await cloud.nova.destroy(server.id);
    await hosts.nothingBooked("node2");
    const told = await conditionOn("node2", "CLAIM_WITHOUT_BOOKING", "FAIL");
    assert.ok(told.message.includes(server.id), told.message);
    const kept = await hosts
      .on("node2")
      .published("what the vGPU takes", ({ inventories }) => inventories[GVT.low] === "256/256");
    assert.equal(kept.inventories[GVT.vgpu], "7/1");
    assert.equal((await hosts.on("node2").world.truth()).mdevs[0]?.uuid, vgpuId);
    await hosts.deleteVgpu("node2", vgpuId);
    await conditionOn("node2", "CLAIM_WITHOUT_BOOKING", "PASS");
    await hosts.on("node2").published("all there is", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
  });

  it("keeps what it booked for a server whose vGPU nobody makes, and vgpud tells of it", async () => {
    const server = await hosts.place("node2", flavor);
    const told = await conditionOn("node2", "BOOKING_WITHOUT_DOMAIN", "FAIL");
    assert.ok(told.message.includes(server.id), told.message);
    await heals("node2", 3);
    const { uuid } = await gpu("node2");
    assert.deepEqual(await hosts.on("node2").books.holders(uuid), [server.id]);
    const { writes } = hosts.on("node2").faulty;
    assert.deepEqual(
      writes.filter(({ path }) => path.startsWith("/allocations")),
      [],
    );
    await hosts.createVgpu("node2", server.id);
    await conditionOn("node2", "BOOKING_WITHOUT_DOMAIN", "PASS");
  });

  it("sends nobody where a vGPU that Nova's driver made has the room, which vgpud shows as somebody else's", async () => {
    const here = hosts.on("node2");
    const [mdev, uuid] = [randomUUID(), randomUUID()];
    await here.world.makeForeignSlice(mdev);
    await here.world.defineForeign({ name: "instance-00000001", uuid, mdev });
    await here.published("that less is to be had", ({ inventories }) => inventories[GVT.low] === "256/192");
    const shown = await until("it is seen with its domain", async () =>
      (await here.world.vgpus()).find(({ vgpuId, domainName }) => vgpuId === mdev && domainName !== ""),
    );
    assert.deepEqual([shown.ownership, shown.domainName], [Ownership.FOREIGN, "instance-00000001"]);
    const server = await cloud.nova.boot("desk", flavor, "node2");
    assert.deepEqual([server.status, server.host], ["ERROR", ""]);
    await here.world.undefineBehindItsBack("instance-00000001");
    await here.world.host.control({ command: "remove-mdev", uuid: mdev });
    await here.published("all there is", ({ inventories }) => inventories[GVT.low] === "256/128");
  });

  it("moves a server to another host, where its vGPU is made, and keeps its place here until that is confirmed", async () => {
    const server = await hosts.place("node2", flavor);
    const { vgpuId } = await hosts.createVgpu("node2", server.id);
    await cloud.nova.act(server.id, "migrate");
    const moved = await cloud.nova.serverUntil(server.id, "it is moved", ({ status }) =>
      ["VERIFY_RESIZE", "ERROR"].includes(status),
    );
    assert.deepEqual([moved.status, moved.host, moved.fault], ["VERIFY_RESIZE", "node3", ""]);
    const [here, there] = [await gpu("node2"), await gpu("node3")];
    assert.deepEqual(await hosts.on("node3").books.holders(there.uuid), [server.id]);
    const [migration, ...others] = await hosts.on("node2").books.holders(here.uuid);
    assert.ok(migration !== undefined && migration !== server.id && others.length === 0);
    // What Nova keeps for the way back and what the vGPU takes that is still there: twice the same.
    const waiting = await conditionOn("node2", "BOOKING_WITHOUT_DOMAIN", "FAIL");
    assert.ok(waiting.message.includes(migration), waiting.message);
    const unbooked = await conditionOn("node2", "CLAIM_WITHOUT_BOOKING", "FAIL");
    assert.ok(unbooked.message.includes(server.id), unbooked.message);
    await conditionOn("node2", "BOOKED_BEYOND_CAPACITY", "FAIL");
    await hosts.createVgpu("node3", server.id);
    await cloud.nova.act(server.id, "confirmResize");
    await cloud.nova.serverUntil(server.id, "it has arrived", ({ status }) => status === "ACTIVE");
    await hosts.nothingBooked("node2");
    await conditionOn("node2", "BOOKED_BEYOND_CAPACITY", "PASS");
    await conditionOn("node2", "BOOKING_WITHOUT_DOMAIN", "PASS");
    await hosts.deleteVgpu("node2", vgpuId);
    await conditionOn("node2", "CLAIM_WITHOUT_BOOKING", "PASS");
    assert.deepEqual(await hosts.on("node3").books.holders(there.uuid), [server.id]);
  });

  it("keeps the place of a server that is evacuated until nova-compute is back where it was, and vgpud its vGPU", async () => {
    const server = await hosts.place("node2", flavor);
    await hosts.createVgpu("node2", server.id);
    await cloud.stopCompute("node2");
    await cloud.nova.takeForDead("node2");
    await cloud.nova.act(server.id, "evacuate", { host: "node3" });
    await cloud.nova.serverUntil(
      server.id,
      "it runs elsewhere",
      ({ status, host }) => status === "ACTIVE" && host === "node3",
    );
    const [here, there] = [await gpu("node2"), await gpu("node3")];
    for (const [host, { uuid }] of [
      ["node2", here],
      ["node3", there],
    ] as const)
      assert.deepEqual(await hosts.on(host).books.holders(uuid), [server.id]);
    await hosts.createVgpu("node3", server.id);
    await Promise.all([cloud.startCompute("node2"), cloud.nova.takeForAlive("node2")]);
    await hosts.nothingBooked("node2");
    const told = await conditionOn("node2", "CLAIM_WITHOUT_BOOKING", "FAIL");
    assert.ok(told.message.includes(server.id), told.message);
    assert.deepEqual(await hosts.on("node3").books.holders(there.uuid), [server.id]);
  });

  it("gets the GPUs of a host below its own root as soon as nova-compute has come up there, and again after the host was deleted", async () => {
    const here = await hosts.add("node4", 3);
    const missing = await conditionOn("node4", "SCHEDULER_UNAVAILABLE", "FAIL");
    assert.match(missing.message, /no resource provider named node4: start nova-compute on this host/);
    assert.deepEqual(await here.books.providers("?name=node4"), []);
    const attached = async (): Promise<Published> => {
      await cloud.startCompute("node4");
      await conditionOn("node4", "SCHEDULER_UNAVAILABLE", "PASS", PATIENCE_MS);
      const found = await gpu("node4");
      const [root] = await here.books.providers("?name=node4");
      assert.equal(found.parent, root?.uuid);
      return found;
    };
    const deleted = async (): Promise<void> => {
      await cloud.stopCompute("node4");
      await cloud.nova.forgetHost("node4");
    };
    const first = await attached();
    await deleted();
    assert.deepEqual(await here.books.providers(`?uuid=${first.uuid}`), []);
    await conditionOn("node4", "SCHEDULER_UNAVAILABLE", "FAIL");
    const second = await attached();
    assert.deepEqual(second.inventories, first.inventories);
    assert.notEqual(second.parent, first.parent);
    await hosts.remove("node4");
    await deleted();
  });

  it("hears nothing of a host without a GPU", async () => {
    const { world, books } = hosts.on("node1");
    assert.equal((await conditionOf(world.rpc, "SCHEDULER_UNAVAILABLE")).status, "CONDITION_STATUS_PASS");
    assert.deepEqual([...(await books.tree("node1")).keys()], ["node1"]);
  });
});
