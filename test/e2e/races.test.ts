// Many callers at once for one GPU: what fits is made, all else is refused for want of room, and nothing is left over.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  type CreateDomainResponse,
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { comingBack } from "./harness/coming-back.ts";
import { beyondRoom } from "./harness/gpu-room.ts";
import { type } from "./harness/requests.ts";
import { Rpc, RpcError } from "./harness/rpc.ts";
import { present, World } from "./harness/world.ts";

const CALLERS = 200;
const CONNECTIONS = 8;
const SAME_CALLERS = 50;
/** Of a caller for whom there was no room, while others give back. */
const TRIES = 4;
const SIZES = [4, 2, 8, 1] as const;
const AMOUNTS = ["lowGmMib", "highGmMib", "fences", "instances"] as const;
const SEVEN = Array.from({ length: 7 }, (_, index) => `standing-${index}`);

/** What came of the creates, in figures. */
interface Totals {
  readonly made: readonly string[];
  readonly refused: ReadonlyMap<string, number>;
  /** The types of those that were refused, each once. */
  readonly refusedTypes: ReadonlySet<string>;
}

describe("two hundred callers at once", () => {
  let world: World;
  let connections: readonly Rpc[];
  beforeEach(async () => {
    world = await World.start();
    connections = Array.from({ length: CONNECTIONS }, () => new Rpc(world.socket));
  });
  afterEach(async () => {
    for (const connection of connections) connection[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
  });

  const connectionOf = (caller: number): Rpc => connections[caller % CONNECTIONS] ?? world.rpc;

  async function create(caller: number, size: 1 | 2 | 4 | 8): Promise<CreateDomainResponse> {
    const { request, vgpu } = world.draft(`racing-${caller}`);
    vgpu.want = { $case: "type", value: type(size) };
    return await patiently(() => connectionOf(caller).call(Domains.createDomain, request));
  }

  async function destroy(caller: number, name: string): Promise<void> {
    const request = DestroyDomainRequest.fromPartial({
      domain: { ref: { $case: "name", value: name } },
      gracePeriod: { seconds: 0n, nanos: 0 },
    });
    const { domain } = await patiently(() => connectionOf(caller).call(Domains.destroyDomain, request));
    assert.equal(domain?.claimState, ClaimState.GONE);
  }

  /** Lets all of them create, each so many times when there is no room; `then` is done by each who got one. */
  async function race(
    sizeOf: (caller: number) => 1 | 2 | 4 | 8,
    tries = 1,
    then: (caller: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<Totals> {
    const made: string[] = [];
    const refused = new Map<string, number>();
    const refusedTypes = new Set<string>();
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        const error = await attempts(tries, () => create(caller, sizeOf(caller)));
        if (error === undefined) {
          made.push(`racing-${caller}`);
          await then(caller);
          return;
        }
        const reason = error.reason ?? "";
        refused.set(reason, (refused.get(reason) ?? 0) + 1);
        if (reason !== "GM_FRAGMENTED") refusedTypes.add(type(sizeOf(caller)));
      }),
    );
    const reasons = [...refused].map(([reason, count]) => `${count} ${reason}`).join(", ");
    console.log(`      ${CALLERS} creates: ${made.length} made, refused: ${reasons}`);
    return { made: made.sort(), refused, refusedTypes };
  }

  /** Ledger, kernel and libvirt have these domains and nothing else; what was refused has left no claim. */
  async function assertStanding(names: readonly string[]): Promise<void> {
    const { mdevs, domains } = await world.truth();
    const claims = (await world.records()).filter(({ state }) => state !== "gone");
    assert.deepEqual(domains.map(({ name }) => name).sort(), [...names].sort());
    assert.deepEqual(claims.map(({ domain }) => domain?.name).sort(), [...names].sort());
    assert.deepEqual(mdevs.map(({ uuid }) => uuid).sort(), claims.map(({ vgpuId }) => vgpuId).sort());
    assert.equal(beyondRoom(claims.map((claim) => claim.type)), undefined);
  }

  it("get the seven slices there are, and the others hear that there is no room", async () => {
    const { made, refused } = await race(() => 8);
    assert.equal(made.length, 7);
    assert.equal(
      [...refused.values()].reduce((sum, count) => sum + count, 0),
      CALLERS - 7,
    );
    await assertStanding(made);
  });

  it("get what fits of every size, and nobody is refused what would still fit", async () => {
    const { made, refusedTypes } = await race((caller) => SIZES[caller % SIZES.length] ?? 8);
    await assertStanding(made);
    const [gpu] = await world.gpus();
    const left = gpu?.types.filter(({ name }) => refusedTypes.has(name)) ?? [];
    assert.deepEqual(
      left.filter(({ allocatable }) => allocatable > 0),
      [],
    );
  });

  it("never get more than there is while others give back", async () => {
    for (const name of SEVEN)
      await world.create(name, ({ vgpu }) => {
        vgpu.want = { $case: "type", value: type(8) };
      });
    const over = new AbortController();
    const watched = watchRoom(over.signal);
    const kept = new Set<string>();
    const returned = Promise.all(SEVEN.map((name, index) => destroy(index, name)));
    const { made } = await race(
      (caller) => SIZES[caller % SIZES.length] ?? 8,
      TRIES,
      async (caller) => {
        // Every other one gives back what it got, for somebody who comes later.
        if (caller % 2 === 0) await destroy(caller, `racing-${caller}`);
        else kept.add(`racing-${caller}`);
      },
    );
    await returned;
    over.abort();
    const looks = await watched;
    console.log(
      `      ${made.length} made, ${made.length - kept.size + SEVEN.length} destroyed, ${looks} looks`,
    );
    assert.ok(looks > 0);
    await assertStanding([...kept]);
  });

  /** Looks at kernel and ledger again and again; resolves with how often it did. */
  async function watchRoom(stop: AbortSignal): Promise<number> {
    let looks = 0;
    while (!stop.aborted) {
      const { mdevs } = await world.truth();
      assert.equal(beyondRoom(mdevs.map((mdev) => mdev.type)), undefined);
      const [gpu] = await world.gpus();
      const { used, total, host } = present(gpu?.budget);
      for (const amount of AMOUNTS)
        assert.ok(present(used)[amount] + present(host)[amount] <= present(total)[amount], amount);
      looks += 1;
    }
    return looks;
  }

  it("are one caller when they bring the same request id", async () => {
    const { request } = world.draft("same");
    request.requestId = "0d9d6d3e-5555-4000-8000-000000000001";
    const callers = Array.from({ length: SAME_CALLERS }, () => new Rpc(world.socket));
    const answers = await Promise.all(callers.map((caller) => caller.call(Domains.createDomain, request)));
    for (const caller of callers) caller[Symbol.dispose]();
    console.log(
      `      ${SAME_CALLERS} callers, ${new Set(answers.map(({ domain }) => domain?.uuid)).size} domain`,
    );
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await assertStanding(["same"]);
  });
});

/** Undefined when one of them was answered; the last refusal when there was no room for any. */
async function attempts(most: number, call: () => Promise<unknown>): Promise<RpcError | undefined> {
  try {
    await comingBack(call, isFull, most);
    return undefined;
  } catch (error) {
    if (error instanceof RpcError && isFull(error)) return error;
    throw error;
  }
}

function isFull({ code }: RpcError): boolean {
  return code === "RESOURCE_EXHAUSTED";
}

/** Comes back as often as the agent has too much to do. */
function patiently<T>(call: () => Promise<T>): Promise<T> {
  return comingBack(call, ({ reason }) => reason === "TOO_MANY_CALLS");
}
