// The agent is killed in the middle of a create and of a destroy, on every backend: started again it comes to an end of what it
// had begun, nothing is leaked, and nothing is made twice.
import assert from "node:assert/strict";
import type { CrashPoint } from "../../../agent/lifecycle/crash-points.ts";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { LAST_WORDS } from "../harness/crash/death.ts";
import { until } from "../harness/until.ts";
import type { Ability } from "./subject.ts";
import { conform, type Cases } from "./suite.ts";
import { placeOf, type Trial } from "./trial.ts";

const MORTAL = { mortal: "when armed" } as const;

/** In the order in which a create passes them. */
const ofCreate: Readonly<Partial<Record<CrashPoint, Ability | "every backend">>> = {
  "ledger write durable": "every backend",
  "before create-vgpu": "makes something in the kernel",
  "after create-vgpu": "makes something in the kernel",
  "after define-domain": "every backend",
  "after start-domain": "every backend",
};

/** In the order in which a destroy passes them. */
const ofDestroy: readonly CrashPoint[] = ["after force-off", "after remove-vgpu", "after undefine-domain"];

/** The agent ends at the point while it does what is asked of it, and another comes after it and comes to rest. */
async function dieAt({ world }: Trial, point: CrashPoint, ask: () => Promise<unknown>): Promise<void> {
  await world.agent.arm({ point, passing: 1 });
  const answered = await ask().then(
    () => true,
    () => false,
  );
  const { stderr } = await world.agent.end("SIGKILL");
  assert.deepEqual([LAST_WORDS.exec(stderr)?.[1], answered], [point, false]);
  await world.startAgain();
  await until("every claim rests", async () =>
    (await world.claimStates()).every((state) => state === "active" || state === "gone"),
  );
  const { steps } = await world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "" });
  assert.deepEqual(steps, []);
}

const createAt =
  (point: CrashPoint) =>
  async (trial: Trial): Promise<void> => {
    await dieAt(trial, point, () => trial.create("desk"));
    // Whoever was cut off asks again, twice.
    const { domain } = await trial.create("desk");
    assert.deepEqual((await trial.create("desk")).domain, domain);
    assert.equal(domain?.claimState, ClaimState.ACTIVE);
    const vgpus = await trial.world.vgpus();
    const places = vgpus.map(({ backendRef }) => placeOf(backendRef));
    assert.deepEqual(
      vgpus.map(({ vgpuId }) => vgpuId),
      domain.vgpuIds,
    );
    assert.deepEqual(await trial.given("desk"), places);
    if (trial.subject.lacks["makes something in the kernel"] === undefined)
      assert.deepEqual(await trial.made(), places);
    await trial.assertTaken({ own: 1, foreign: 0 });
    await trial.destroy("desk");
    await trial.assertTaken({ own: 0, foreign: 0 });
  };

const destroyAt =
  (point: CrashPoint) =>
  async (trial: Trial): Promise<void> => {
    await trial.create("desk");
    await dieAt(trial, point, () => trial.destroy("desk"));
    assert.equal((await trial.claimed("desk")).claimState, ClaimState.GONE);
    await trial.assertTaken({ own: 0, foreign: 0 });
  };

async function atRest(trial: Trial): Promise<void> {
  const { world, subject } = trial;
  const names = await trial.fill();
  const before = { vgpus: await world.vgpus(), domains: await world.domains(), made: await trial.made() };
  await world.kill();
  await world.startAgain();
  assert.deepEqual(
    { vgpus: await world.vgpus(), domains: await world.domains(), made: await trial.made() },
    before,
  );
  await trial.assertTaken({ own: subject.room, foreign: 0 });
  for (const name of names) await trial.destroy(name);
}

const cases: Cases = {
  ...Object.fromEntries(
    Object.entries(ofCreate).map(([point, needs]) => {
      const run = createAt(point as CrashPoint);
      return [`of a create, at "${point}"`, needs === "every backend" ? run : { needs, run }];
    }),
  ),
  ...Object.fromEntries(ofDestroy.map((point) => [`of a destroy, at "${point}"`, destroyAt(point)])),
  "at rest, with all there is taken": atRest,
};

conform("crash", cases, MORTAL);
