// A thousand creates at once: what the agent cannot take it refuses with a time to come back, and it stays well meanwhile.
import assert from "node:assert/strict";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { refusal, Rpc, RpcError } from "./harness/rpc.ts";
import { type } from "./harness/requests.ts";
import { World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

const CREATES = 1_000;
const CONNECTIONS = 10;
const HEALTH = "/grpc.health.v1.Health/Check";
/** HealthCheckResponse with status SERVING. */
const SERVING = Buffer.from([0x08, 0x01]);

describe("an agent with a thousand creates at its door", () => {
  it("answers for its health and its domains, and says to everybody when to come back", async () => {
    await using world = await World.start();
    using healthClient = new Rpc(world.socket);
    const callers = Array.from({ length: CONNECTIONS }, () => new Rpc(world.socket));
    const outcomes = new Map<string, number>();
    let left = CREATES;
    const creates = Array.from({ length: CREATES }, async (_, index) => {
      const { request, vgpu } = world.draft(`queued-${index}`);
      vgpu.want = { $case: "type", value: type(8) };
      const caller = callers[index % CONNECTIONS] ?? world.rpc;
      const outcome = await caller.call(Domains.createDomain, request).then(
        () => "made",
        (error: unknown) => {
          if (!(error instanceof RpcError)) throw error;
          if (error.code === "UNAVAILABLE") assert.ok((error.retrySeconds ?? 0) > 0);
          return `${error.code} ${error.reason ?? ""}`;
        },
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      left -= 1;
    });
    const all = Promise.all(creates);
    let answered = 0;
    let whileQueued = 0;
    while (left > 0) {
      assert.deepEqual(await healthClient.bytes(HEALTH, Buffer.alloc(0)), SERVING);
      await world.gpus();
      answered += 1;
      if (left > 0) whileQueued += 1;
    }
    await all;
    for (const caller of callers) caller[Symbol.dispose]();
    console.log(`      ${[...outcomes].map(([what, count]) => `${count} ${what}`).join(", ")}`);
    console.log(`      health answered ${answered} times, ${whileQueued} of them while creates waited`);
    assert.ok(whileQueued > 0);
    assert.equal(outcomes.get("made"), 7);
    for (const outcome of outcomes.keys())
      assert.match(outcome, /^(made|RESOURCE_EXHAUSTED VGPU_LIMIT_REACHED|UNAVAILABLE TOO_MANY_CALLS)$/);
    assert.equal((await world.truth()).mdevs.length, 7);
  });

  it("lets its callers have no more vGPUs than it is configured to, and keeps what they have", async () => {
    await using world = await World.start("", {}, { limits: "{ vgpus: 2 }" });
    for (const name of ["one", "two"]) await world.create(name);
    const refused = await refusal(world.create("three"));
    assert.deepEqual([refused.code, refused.reason], ["RESOURCE_EXHAUSTED", "CALLERS_LIMIT_REACHED"]);
    await world.destroy("one", AT_ONCE);
    await world.create("three");
    assert.equal((await world.truth()).mdevs.length, 2);
  });

  it("takes other limits from its configuration", async () => {
    await using world = await World.start("", {}, { limits: "{ connection_rate: 1 }" });
    // However slowly they run: the seventh comes within six seconds of the first.
    const names = Array.from({ length: 7 }, (_, index) => `quick-${index}`);
    const outcomes = await Promise.allSettled(
      names.map((name) =>
        world.create(name, ({ vgpu }) => {
          vgpu.want = { $case: "type", value: type(8) };
        }),
      ),
    );
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as RpcError] : [],
    );
    assert.ok(refusals.length > 0 && refusals.length < names.length);
    for (const { code, reason } of refusals)
      assert.deepEqual([code, reason], ["UNAVAILABLE", "TOO_MANY_CALLS"]);
  });
});
