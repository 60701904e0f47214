// What the agent keeps open does not grow with what it has done: files, sockets, timers, listeners.
import assert from "node:assert/strict";
import { readdir, readlink } from "node:fs/promises";
import { type } from "./harness/requests.ts";
import { refusal, Rpc } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { Watching } from "./harness/watching.ts";
import { MANY_A_SECOND, World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
/** A leak in one of ten would show; test/long/churn has them come and go for longer. */
const DOMAINS = 84;
/** As many as the GPU has room for. */
const AT_A_TIME = 7;
const WARM_UP = 14;
const VISITS = 20;
/** What may be open now and not then: connections that are made when they are needed, files that are just being read. */
const LAZY = 8;

/** How much of each kind of file and of Node's resources is open. */
type Open = Readonly<Record<string, number>>;

describe("an agent keeps no more open", () => {
  let world: World;
  before(async () => {
    world = await World.start("", {}, MANY_A_SECOND);
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  it(`after ${DOMAINS} domains came and went, and as many were refused`, async function () {
    this.timeout(180_000);
    await makeAndDestroy(WARM_UP);
    const before = await open();
    await makeAndDestroy(DOMAINS);
    await assertOpen(before);
  });

  it("after callers and watchers came and went, and libvirt did", async () => {
    await visit();
    const before = await open();
    for (let visits = 0; visits < VISITS; visits += 1) await visit();
    await assertOpen(before);
  });

  let claims = 0;
  /** The same names again and again, under a claim id of its own each time. */
  const create = (name: string) =>
    world.create(name, ({ request, vgpu }) => {
      vgpu.want = { $case: "type", value: type(8) };
      request.claimId = `claim-${claims}`;
      claims += 1;
    });

  async function makeAndDestroy(count: number): Promise<void> {
    const names = Array.from({ length: AT_A_TIME }, (_, index) => `domain-${index}`);
    for (let made = 0; made < count; made += AT_A_TIME) {
      await Promise.all(names.map(create));
      await Promise.all(names.map((name) => refusal(create(`${name}-more`))));
      await Promise.all(names.map((name) => world.destroy(name, AT_ONCE)));
    }
  }

  /** A caller and a watcher, each on a connection of its own, while libvirt is killed and started. */
  async function visit(): Promise<void> {
    using caller = new Rpc(world.socket);
    using watcher = new Watching(world.socket);
    await watcher.synced();
    await caller.bytes("/grpc.health.v1.Health/Check", Buffer.alloc(0));
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    await until("libvirt is missed", async () => (await world.shownHost()).libvirt?.connected === false);
    await world.clearFaults();
    await world.sawLibvirt();
  }

  async function open(): Promise<Open> {
    const counts: Record<string, number> = {};
    const folder = `/proc/${world.agent.pid}/fd`;
    for (const file of await readdir(folder)) {
      const kind = (await readlink(`${folder}/${file}`).catch(() => "closed")).replace(/:\[\d+\]$/, "");
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    for (const [, kind = "", count] of (await world.scrape()).matchAll(
      /^nodejs_active_resources\{type="(\w+)"\} (\d+)$/gm,
    ))
      counts[kind] = Number(count);
    return counts;
  }

  /** A leak of one at a time would be more than `LAZY`. */
  async function assertOpen(before: Open): Promise<void> {
    const now = await open();
    const more = Object.entries(now).filter(([kind, count]) => count > (before[kind] ?? 0) + LAZY);
    assert.deepEqual(Object.fromEntries(more), {}, `before: ${JSON.stringify(before)}`);
    // Node.js warns of an emitter to which more and more listen.
    assert.doesNotMatch(world.agent.log, /Warning/);
  }
});
