// The agent dies before or after each thing it does to the host or to its ledger; the next one leads everything to its end.
import assert from "node:assert/strict";
import { plan, type StepKind } from "../../../agent/lifecycle/plan.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import type { HostCall } from "../../fakes/fake-host.ts";
import { domainId, foreignVgpuId } from "../../fakes/ids.ts";

/** Where a step touches something outside the agent. A new kind of step does not compile without its place here. */
const touches = {
  "create-vgpu": "host",
  "define-domain": "host",
  "start-domain": "host",
  // On Xen hosts only, where a guest waits for its slice.
  "resume-domain": "nothing",
  "ask-shutdown": "host",
  "force-off": "host",
  "remove-vgpu": "host",
  "undefine-domain": "host",
  settle: "ledger",
  autostart: "ledger",
  // On Xen hosts only, too (test/e2e/xengt-reboots).
  restart: "nothing",
  wait: "nothing",
} as const satisfies Record<Exclude<Extract<HostCall, StepKind>, "resume-domain">, "host"> &
  Record<StepKind, "host" | "ledger" | "nothing">;

const phases = ["before", "after"] as const;
type Phase = (typeof phases)[number];

/** A life that passes through every kind of step: the guest is deaf, so that its stop is forced. */
const life = [
  (node: FakeNode) => node.service.create(createRequest(1), patient),
  (node: FakeNode) => node.service.stop(stopRequest(1, { graceMs: 1_000 }), patient),
  (node: FakeNode) =>
    node.service.start({ domainId: domainId(1), requestId: undefined, method: "s", digest: "s" }, patient),
  (node: FakeNode) => node.service.destroy(stopRequest(1, { graceMs: 0 }), patient),
] as const;
const WRITES = 9;

function livingNode(): FakeNode {
  const node = new FakeNode(512);
  node.host.deaf.add(domainId(1));
  node.host.put(foreignDomain(9));
  node.host.gpus[0]?.make(foreignVgpuId(9), typeName("8"));
  return node;
}

const never = new Promise<never>(() => undefined);

/** Lives until the crash; answers with the part of the life that was under way, or undefined when it was lived to the end. */
async function liveUntil(node: FakeNode, crash: Promise<void>): Promise<number | undefined> {
  const crashed = crash.then(() => "crashed" as const);
  for (const [at, act] of life.entries())
    if ((await node.clock.until(Promise.race([act(node), crashed]))) === "crashed") return at;
  return undefined;
}

function crashAtCall(node: FakeNode, call: HostCall, phase: Phase): Promise<void> {
  return new Promise((reached) => {
    node.host[phase] = (asked) => {
      if (asked !== call) return Promise.resolve();
      reached();
      return never;
    };
  });
}

function crashAtWrite(node: FakeNode, nth: number, phase: Phase): Promise<void> {
  let writes = 0;
  return new Promise((reached) => {
    node.store[phase] = () => {
      writes += 1;
      if (writes !== nth) return Promise.resolve();
      reached();
      return never;
    };
  });
}

/** Starts the agent again, looks at what it makes of it, and lives the rest as a client that retries. */
async function recover(node: FakeNode, from: number): Promise<void> {
  node.restart();
  await node.converge();
  const inventory = await node.lookout.fresh();
  for (const claim of node.ledger.all())
    assert.deepEqual(plan(claim, inventory, node.clock.wall()), [], "planning after executing gives nothing");
  const known = new Set([...node.ledger.all().map(({ vgpuId }) => vgpuId), foreignVgpuId(9)]);
  for (const id of node.host.vgpuIds) assert.ok(known.has(id), `${id} is an orphan`);
  for (const act of life.slice(from)) await node.clock.until(Promise.resolve(act(node)));
  assert.deepEqual(node.host.vgpuIds, [foreignVgpuId(9)]);
  assert.deepEqual(node.host.domains, [foreignDomain(9)]);
  assert.deepEqual(
    node.ledger.all().map(({ state }) => state),
    ["gone"],
  );
}

describe("an agent that dies", () => {
  const calls = Object.entries(touches).filter(([, what]) => what === "host");
  for (const [call] of calls)
    for (const phase of phases)
      it(`${phase} ${call} finds its way when it starts again`, async () => {
        const node = livingNode();
        const at = await liveUntil(node, crashAtCall(node, hostCall(call), phase));
        assert.ok(at !== undefined, "the crash point was passed");
        await recover(node, at);
      });

  for (let nth = 1; nth <= WRITES; nth += 1)
    for (const phase of phases)
      it(`${phase} the write number ${nth} of its ledger finds its way when it starts again`, async () => {
        const node = livingNode();
        const at = await liveUntil(node, crashAtWrite(node, nth, phase));
        assert.ok(at !== undefined, "the crash point was passed");
        await recover(node, at);
      });

  it("has no more writes to die at than those", async () => {
    const node = livingNode();
    assert.equal(await liveUntil(node, crashAtWrite(node, WRITES + 1, "before")), undefined);
  });

  it("while a create fails finishes undoing it", async () => {
    const node = livingNode();
    node.host.gpus[0]?.make(foreignVgpuId(8), typeName("8"));
    const crash = crashAtCall(node, "undefine-domain", "before");
    node.host.after = (call) =>
      call === "define-domain"
        ? Promise.resolve(node.host.gpus[0]?.unmake(firstOwn(node)))
        : Promise.resolve();
    await node.clock.until(Promise.race([life[0](node), crash]));
    node.restart();
    await node.converge();
    assert.deepEqual(node.store.records, []);
    assert.deepEqual(node.host.domains, [foreignDomain(9)]);
  });
});

function firstOwn(node: FakeNode): ReturnType<typeof foreignVgpuId> {
  const id = node.ledger.all()[0]?.vgpuId;
  assert.ok(id);
  return id;
}

function hostCall(name: string): HostCall {
  const call = Object.keys(touches).find((kind): kind is HostCall => kind === name);
  assert.ok(call);
  return call;
}
