// WatchService on a simulated host: everything is told once, whoever reads badly, leaves or comes back.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import {
  ResourceKind,
  WatchEventType as Type,
  WatchRequest,
  WatchServiceService as Watches,
} from "../../proto/gen/vgpud/v1/watch_service.ts";
import { Rpc } from "./harness/rpc.ts";
import { asSomebodyElse, foreignXml } from "./harness/somebody-else.ts";
import { StuckWatching, Watching } from "./harness/watching.ts";
import { present, World } from "./harness/world.ts";

const ALL = { pageSize: 1000, pageToken: "", withUsage: false };

/** Repeats itself, so that a failure does. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("a watch of the host", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  it("shows what Get and List answer, and goes on behind the token of a list", async () => {
    await world.create("desk-1");
    const { domains, resumeToken } = await world.rpc.call(Domains.listDomains, ALL);
    using watching = await new Watching(world.socket).synced();
    using resumed = await new Watching(world.socket, { resumeToken }).synced();
    const of = (kind: string): unknown[] =>
      [...watching.objects.values()].filter(({ $case }) => $case === kind).map(({ value }) => value);
    assert.deepEqual(of("domain"), domains);
    assert.deepEqual(of("vgpu"), await world.vgpus());
    assert.deepEqual(of("gpu"), await world.gpus());
    assert.deepEqual(of("operation"), [await world.operation(present(domains[0]).operation)]);
    const host = present(watching.objects.get("host"));
    assert.ok(host.$case === "host");
    const untold = { revision: 0n, memoryAvailableMib: undefined, cpuBusy: undefined };
    assert.deepEqual({ ...host.value, ...untold }, { ...(await world.shownHost()), ...untold });
    await world.destroy("desk-1");
    const gone = (watch: Watching) => () =>
      watch.told.some((line) => line.startsWith("DELETED domain desk-1"));
    await Promise.all([watching.until(gone(watching)), resumed.until(gone(resumed))]);
    assert.deepEqual(resumed.told.slice(0, 1), ["SYNCED"]);
    const changes = ({ items }: Watching) =>
      items
        .filter(({ type }) => type !== Type.SNAPSHOT && type !== Type.SYNCED)
        .map(({ revision }) => revision);
    const length = Math.min(changes(watching).length, changes(resumed).length);
    assert.deepEqual(changes(resumed).slice(0, length), changes(watching).slice(0, length));
  });

  it("tells of a domain that is started, shut down by its guest, and destroyed behind vgpud's back", async () => {
    using watching = await new Watching(world.readSocket, { kinds: [ResourceKind.DOMAIN] }).synced();
    // Of steps that follow each other closely the outcome may be told alone.
    const isTold = (state: string) => watching.until(() => statesOf(watching).join() === state);
    await world.create("web");
    await isTold("RUNNING");
    await world.host.control({ command: "guest", domain: "web", does: "poweroff" });
    await isTold("SHUT_OFF");
    // StartDomain takes the claim's word for what runs: it must have heard of it, too.
    await watching.until(() => claimOf(watching) === ClaimState.STOPPED);
    await world.start("web");
    await isTold("RUNNING");
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const domain = present(await libvirt.lookupDomainByName("web"));
      await libvirt.destroyDomain(domain);
    });
    await isTold("SHUT_OFF");
  });

  it("does not take a libvirt that is away for one that has lost its domains", async () => {
    await world.defineForeign({ name: "theirs", uuid: uuidOf(1) });
    using watching = await new Watching(world.socket, { kinds: [ResourceKind.DOMAIN] }).synced();
    await watching.until(() => watching.objects.size === 1);
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    await watching.until(() => watching.told.at(-1) === "MODIFIED domain theirs UNKNOWN");
    using late = await new Watching(world.socket, { kinds: [ResourceKind.DOMAIN] }).synced();
    assert.deepEqual(late.told, ["SNAPSHOT domain theirs UNKNOWN", "SYNCED"]);
    await world.clearFaults();
    await watching.until(() => watching.told.at(-1) === "MODIFIED domain theirs SHUT_OFF");
  });

  it("ends at once when the agent stops, cannot go on after its restart, and begins anew", async () => {
    await world.create("web");
    using watching = await new Watching(world.socket).synced();
    await world.agent.end();
    const stopping = await watching.ended();
    assert.deepEqual([stopping.code, stopping.reason], ["UNAVAILABLE", "STOPPING"]);
    await world.startAgain();
    using again = new Watching(world.socket, { resumeToken: watching.token });
    const lost = await again.ended();
    assert.deepEqual([lost.code, lost.reason], ["OUT_OF_RANGE", "RESUME_OTHER_EPOCH"]);
    again.token = "";
    again.open();
    await again.synced();
    assert.ok(again.told.includes("SNAPSHOT domain web RUNNING"));
  });

  it("refuses more watches than it serves on a connection, and what is no request", async () => {
    using one = new Rpc(world.readSocket);
    const streams = Array.from({ length: 8 }, () => one.stream(Watches.watch, WatchRequest.fromPartial({})));
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once("data", resolve))));
    for (const stream of streams) stream.on("error", () => undefined);
    await assert.rejects(one.first(Watches.watch.path, Buffer.alloc(0)), {
      code: "UNAVAILABLE",
      reason: "TOO_MANY_WATCHES",
      retrySeconds: 2,
    });
    streams[0]?.cancel();
    await world.agent.logged(/"code":"CANCELLED"/);
    await one.first(Watches.watch.path, Buffer.alloc(0));
    for (const request of [{ resumeToken: "none" }, { kinds: [ResourceKind.UNSPECIFIED] }]) {
      const bytes = Buffer.from(WatchRequest.encode(WatchRequest.fromPartial(request)).finish());
      await assert.rejects(world.rpc.first(Watches.watch.path, bytes), { reason: "FIELD_INVALID" });
    }
    for (const stream of streams) stream.cancel();
  });
});

/** So many domains change their state together, so many times. */
const [DOMAINS, ROUNDS] = [125, 80];
const STUCK = 5;

describe("10,000 transitions of domains", () => {
  it("are told once and in order to clients that leave and come back; who does not read is cut off", async () => {
    // A watch that is not read ends for what it has missed, and not because an answer was not taken in time.
    await using world = await World.start("", {}, { limits: "{ take_time: 1s }" });
    const names = Array.from({ length: DOMAINS }, (_, index) => `d${index}`);
    const options = { kinds: [ResourceKind.DOMAIN] };
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      const refs = await Promise.all(
        names.map((name, index) => libvirt.defineDomain(foreignXml({ name, uuid: uuidOf(index) }))),
      );
      using steady = await new Watching(world.socket, options).synced();
      await steady.until(() => steady.objects.size === DOMAINS);
      const stuck = Array.from({ length: STUCK }, () => new StuckWatching(world.socket));
      const random = seeded(7);
      const fickle = Array.from(
        { length: 4 },
        () => new Watching(world.readSocket, { ...options, stay: () => 1 + random(500) }),
      );
      await Promise.all(fickle.map((client) => client.synced()));
      const from = fickle.map(({ items }) => items.length);
      const oldest = steady.token;
      for (let round = 1; round <= ROUNDS; round += 1) {
        const starts = round % 2 === 1;
        await Promise.all(
          refs.map((ref) => (starts ? libvirt.startDomain(ref) : libvirt.destroyDomain(ref))),
        );
        await steady.until(() =>
          statesOf(steady).every((state) => state === (starts ? "RUNNING" : "SHUT_OFF")),
        );
      }
      const expected = Array.from({ length: ROUNDS }, (_, round) =>
        round % 2 === 0 ? "RUNNING" : "SHUT_OFF",
      );
      for (const [index, client] of fickle.entries()) {
        await client.until(() => client.items.at(-1)?.revision === steady.items.at(-1)?.revision);
        assert.ok(client.streams > 20, `came back ${client.streams} times`);
        assert.equal(client.snapshots, 1);
        const changes = client.items.slice(from[index]).filter(({ object }) => object !== undefined);
        assert.equal(changes.length, DOMAINS * ROUNDS);
        const revisions = changes.map(({ revision }) => revision);
        assert.ok(
          revisions.every((revision, place) => place === 0 || revision > (revisions[place - 1] ?? 0n)),
        );
        const heard = new Map<string, string[]>(names.map((name) => [name, []]));
        for (const { object } of changes) heard.get(domainOf(object).name)?.push(stateOf(domainOf(object)));
        for (const name of names) assert.deepEqual(heard.get(name), expected);
        assert.deepEqual([...client.objects].sort(), [...steady.objects].sort());
      }
      await world.agent.logged(/WATCH_TOO_SLOW/, STUCK);
      for (const client of stuck) {
        const error = await client.end();
        assert.deepEqual([error.code, error.reason], ["ABORTED", "WATCH_TOO_SLOW"]);
        client[Symbol.dispose]();
      }
      using late = new Watching(world.socket, { resumeToken: oldest });
      assert.equal((await late.ended()).reason, "RESUME_TOO_OLD");
      for (const client of fickle) client[Symbol.dispose]();
    });
  });
});

describe("50 watches", () => {
  it("hear of every change while some of them do not read", async () => {
    await using world = await World.start();
    const stuck = Array.from({ length: STUCK }, () => new StuckWatching(world.socket));
    const clients = Array.from({ length: 50 - STUCK }, () => new Watching(world.socket));
    await Promise.all(clients.map((client) => client.synced()));
    const { domain } = await world.create("web");
    await world.stop("web", { gracePeriod: { seconds: 0n, nanos: 0 } });
    const { uuid } = present(domain);
    for (const client of clients)
      await client.until(() => {
        const seen = client.objects.get(`domain ${uuid}`);
        return seen?.$case === "domain" && stateOf(seen.value) === "SHUT_OFF";
      });
    for (const client of [...clients, ...stuck]) client[Symbol.dispose]();
  });
});

function uuidOf(index: number): string {
  return `f0000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

function stateOf({ state }: Domain): string {
  return state.replace("DOMAIN_STATE_", "");
}

function domainOf(object: Watching["items"][number]["object"]): Domain {
  if (object?.$case !== "domain") throw new Error("the item has no domain");
  return object.value;
}

function claimOf(client: Watching): ClaimState | undefined {
  return [...client.objects.values()].map((object) => domainOf(object).claimState)[0];
}

function statesOf(client: Watching): string[] {
  return [...client.objects.values()].map((object) => stateOf(domainOf(object)));
}
