// Lets a failure mode come over a host, and tells what a caller sees of it: while it lasts, and when it is over.
import assert from "node:assert/strict";
import type { FailureMode, SeenCall } from "../../../../scripts/failure-modes-page.ts";
import { DomainServiceService as Domains } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { roomConditions } from "../room-conditions.ts";
import { Rpc, RpcError } from "../rpc.ts";
import { until } from "../until.ts";
import type { World } from "../world.ts";
import { Caller, CALLS } from "./caller.ts";
import type { CallName, Mode, Scene } from "./mode.ts";

const HEALTH = "/grpc.health.v1.Health/Check";
/** HealthCheckResponse with status SERVING. */
const SERVING = Buffer.from([0x08, 0x01]);
/** More than a read takes, where nobody may answer it. */
const READ_MS = 5_000;
const AWAY = "nobody answers";

type During = Omit<FailureMode, "told" | "over" | "after">;

let observed = 0;

/** Leaves a host behind on which nothing is. */
export async function observe(mode: Mode, scene: Scene): Promise<FailureMode> {
  observed += 1;
  const caller = new Caller(scene.world, String(observed));
  await caller.prepare();
  const told = await mode.come(scene);
  const during = await whileItLasts(mode, scene, caller);
  const after = await whenItIsOver(scene.world, caller);
  await assertNothingLeft(mode, scene.world, caller);
  return { ...(typeof told === "string" ? { told } : {}), ...during, over: mode.over, after };
}

async function whileItLasts(mode: Mode, scene: Scene, caller: Caller): Promise<During> {
  const { holds = [], isAway = false, isSeenByCalls = false } = mode;
  const before = isSeenByCalls ? await caller.standing() : undefined;
  const call = (name: CallName) => caller.start(name, mode.deadlineMs);
  const calls = { create: call("create"), destroy: call("destroy"), elsewhere: call("elsewhere") };
  const free = CALLS.filter((name) => !holds.includes(name));
  await mode.amid?.(scene, (name) => calls[name].answer);
  for (const name of free) await calls[name].answer;
  const conditions = mode.hasCondition ? await conditionsOf(scene.world) : [];
  const reads = [await readsOf(scene.world), ...conditions].join(", ");
  assert.equal(reads === AWAY, isAway, reads);
  const tell = (look: () => Promise<string>): Promise<string> =>
    isAway ? Promise.resolve("unknown") : look();
  const standing = before ?? (await tell(() => caller.standing()));
  const claims = await Promise.all(CALLS.map((name) => tell(() => claimDuring(mode, name, caller))));
  const answered = CALLS.filter((name) => calls[name].isAnswered());
  assert.deepEqual(answered, free, "calls that are answered while it lasts");
  await (mode.go?.(scene) ?? scene.world.clearFaults());
  const seen = async (name: CallName): Promise<SeenCall> => ({
    ...(await calls[name].answer),
    ...(holds.includes(name) ? { waited: true } : {}),
    claim: claims[CALLS.indexOf(name)] ?? "",
  });
  const [create, destroy, elsewhere] = [await seen("create"), await seen("destroy"), await seen("elsewhere")];
  return { create, destroy, elsewhere, reads, standing };
}

/**
 * While something is tried again its claim shows how far the try has come: on a disk that takes nothing, that it has ended; else, that
 * nothing keeps it. What counts is what it shows in between.
 */
async function claimDuring({ own, holds = [] }: Mode, name: CallName, caller: Caller): Promise<string> {
  return await until("the claim is seen between two tries", async () => {
    const state = await caller.claim(name);
    const isTried = state === "DELETING" || state === "FAILED" || (own?.disk && state === "GONE");
    return (holds.includes(name) || !isTried) && state;
  });
}

/** What became of it all by itself, and of the same calls made again. */
async function whenItIsOver(world: World, caller: Caller): Promise<FailureMode["after"]> {
  await world.sawLibvirt();
  await until("every claim is where it stays", async () => {
    const states = await Promise.all(CALLS.map((name) => caller.claim(name)));
    return states.every((state) => /^(ACTIVE|GONE|none)/.test(state));
  });
  const [created, destroyed] = [await caller.claim("create"), await caller.claim("destroy")];
  const standing = await caller.standing();
  const { answer: createAgain } = await caller.start("create").answer;
  const { answer: destroyAgain } = await caller.start("destroy").answer;
  return { created, destroyed, standing, createAgain, destroyAgain };
}

async function assertNothingLeft({ own }: Mode, world: World, caller: Caller): Promise<void> {
  await caller.destroyAll();
  const { mdevs, domains } = await world.truth();
  assert.deepEqual({ mdevs, domains }, { mdevs: [], domains: [] }, "what is left on the host");
  assert.deepEqual([...new Set(await world.claimStates())], ["gone"], "what is left in the ledger");
  if (own?.leaks) return;
  await until("both GPUs offer all that they have", async () =>
    (await world.gpus()).every(({ types }) => types.some(({ allocatable }) => allocatable === 7)),
  );
}

/** What is told without anything being done. */
async function readsOf(world: World): Promise<string> {
  using rpc = new Rpc(world.socket);
  const options = { deadline: Date.now() + READ_MS };
  const all = { pageSize: 1000, pageToken: "", withUsage: false };
  try {
    const { incomplete } = await rpc.call(Domains.listDomains, all, options);
    await Promise.all([world.gpus(), world.vgpus(), world.shownHost()]);
    assert.deepEqual(await rpc.bytes(HEALTH, Buffer.alloc(0)), SERVING);
    return incomplete ? `without libvirt's part (${incomplete.reason})` : "whole";
  } catch (error) {
    if (error instanceof RpcError && error.reason === undefined) return AWAY;
    throw error;
  }
}

/** Those that tell of room, when there are some. */
async function conditionsOf(world: World): Promise<string[]> {
  return await until("a GPU has a condition", async () => {
    const reasons = (await world.gpus()).flatMap((gpu) => roomConditions(gpu).map(({ reason }) => reason));
    return reasons.length > 0 && [...new Set(reasons)];
  });
}
