// The agent is killed while something it waits for takes its time, or has lost its ledger. At which points of its own work it
// may end, crash-points.test.ts tries.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
const SETTLED: readonly ClaimState[] = [ClaimState.ACTIVE, ClaimState.STOPPED];

/** What a call that the agent's end cuts off leaves behind is told by the host, not by its answer. */
const cutOff = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

/** Waits until no claim is on its way, then compares ledger, kernel and libvirt with each other. */
async function assertConverged(world: World): Promise<readonly string[]> {
  const domains = await until("every claim is settled", async () => {
    const shown = await world.domains();
    // What is shown as gone may still be on its way to the disk.
    const living = (await world.claimStates()).filter((state) => state !== "gone");
    const settled = shown.every(({ claimState }) => SETTLED.includes(claimState));
    return settled && living.length === shown.length && shown;
  });
  assert.ok(domains.every(({ ownership }) => ownership === Ownership.OWN));
  const { mdevs, domains: defined } = await world.truth();
  const promised = domains.flatMap(({ vgpuIds }) => vgpuIds);
  assert.deepEqual(mdevs.map(({ uuid }) => uuid).sort(), [...promised].sort());
  assert.deepEqual(
    defined.map(({ uuid }) => uuid).sort(),
    domains.map(({ uuid }) => uuid),
  );
  return domains.map(({ name }) => name).sort();
}

describe("an agent that is killed", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach("each test leaves an empty host", async () => {
    await world.clearFaults();
    for (const { name } of await world.domains()) await world.destroy(name, AT_ONCE);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs, domains], [[], []]);
  });

  it("while the kernel makes a slice goes on with it", async () => {
    await world.setFaults({ kind: "CREATE_LATE", delay_ms: 60_000, times: 2 });
    const answered = cutOff(world.create("making"));
    await until("the kernel is asked for the slice", () => world.hasStruck("CREATE_LATE"));
    await world.kill();
    assert.equal(await answered, false);
    await world.clearFaults();
    await world.startAgain();
    await world.host.control({ command: "advance", ms: 60_000 });
    assert.deepEqual(await assertConverged(world), ["making"]);
    assert.equal((await world.create("making")).domain?.claimState, ClaimState.ACTIVE);
  });

  it("while a domain starts goes on with it", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 400 });
    const answered = cutOff(world.create("starting"));
    await until("it is defined", async () => (await world.truth()).domains.length === 1);
    await world.kill();
    assert.equal(await answered, false);
    await world.startAgain();
    assert.deepEqual(await assertConverged(world), ["starting"]);
  });

  it("while a guest shuts down goes on with the destroy", async () => {
    await world.create("leaving");
    await world.setFaults({ kind: "GUEST_IGNORES_SHUTDOWN" });
    const answered = cutOff(world.destroy("leaving", { gracePeriod: { seconds: 1n, nanos: 0 } }));
    await world.agent.logged(/"domain":"leaving".*"step":"ask-shutdown"/);
    await world.kill();
    assert.equal(await answered, false);
    await world.startAgain();
    await until("it is gone", async () => (await world.claimed("leaving")).claimState === ClaimState.GONE);
  });

  it("while a slice cannot be removed goes on with the destroy", async () => {
    await world.create("stuck");
    await world.setFaults({ kind: "REMOVE_BLOCKS" });
    const answered = cutOff(world.destroy("stuck", AT_ONCE));
    await world.agent.logged(/"domain":"stuck".*"step":"force-off"/);
    await world.kill();
    assert.equal(await answered, false);
    await world.startAgain();
    assert.equal((await world.claimed("stuck")).claimState, ClaimState.DELETING);
    await world.clearFaults();
    await until("it is gone", async () => (await world.claimed("stuck")).claimState === ClaimState.GONE);
  });

  it("while a create is undone goes on with that", async () => {
    await world.setFaults(
      { kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" },
      { kind: "REMOVE_BLOCKS" },
    );
    const answered = cutOff(world.create("undone"));
    await until("it failed", async () => (await world.claimStates()).includes("failed"));
    await world.kill();
    assert.equal(await answered, false);
    await world.clearFaults();
    await world.startAgain();
    await until("nothing is left of it", async () => (await world.domains()).length === 0);
    assert.equal((await world.create("undone")).domain?.claimState, ClaimState.ACTIVE);
  });
});

describe("a state directory that is lost", () => {
  it("is rebuilt from the marks of the domains", async () => {
    await using world = await World.start();
    const made = await world.create("kept");
    await world.create("stopped");
    await world.stop("stopped", AT_ONCE);
    await world.kill();
    await rm(world.stateDir, { recursive: true });
    await world.startAgain();
    const kept = await until("the claims are back", async () => {
      const shown = await world.domains();
      return shown.every(({ ownership }) => ownership === Ownership.OWN) && shown;
    });
    const claims = kept.map(({ claimId, claimState, vgpuIds }) => [claimId, claimState, vgpuIds.length]);
    assert.deepEqual(claims.sort(), [
      ["claim-kept", ClaimState.ACTIVE, 1],
      ["claim-stopped", ClaimState.STOPPED, 1],
    ]);
    assert.deepEqual((await world.gpus())[0]?.budget?.used?.instances, 2);
    const again = await world.create("kept", ({ spec }) => {
      spec.uuid = "";
    });
    assert.equal(again.domain?.uuid, present(made.domain).uuid);
    for (const { name } of kept) await world.destroy(name, AT_ONCE);
    assert.deepEqual((await world.truth()).mdevs, []);
  });
});
