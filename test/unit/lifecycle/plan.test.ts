// The laws of the planner, for any claim on any host.
import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyedLock } from "../../../agent/core/keyed-lock.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import type { Domain, DomainState, Inventory } from "../../../agent/inventory/model.ts";
import { changed, mayBecome, type Claim } from "../../../agent/lifecycle/claim.ts";
import { execute } from "../../../agent/lifecycle/execute.ts";
import { plan, type Step } from "../../../agent/lifecycle/plan.ts";
import { claim, domainOf, foreignDomain } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const WALL = 1_000_000;

const domainStates = ["running", "paused", "shut-off", "crashed"] as const satisfies readonly DomainState[];

/** Claims as the ledger may hold them; `reserved` has no goal of its own yet. */
const claims: fc.Arbitrary<Claim> = fc
  .record({
    at: fc.constantFrom(
      ...([
        { state: "creating", goal: "running" },
        { state: "active", goal: "running" },
        { state: "active", goal: "stopped" },
        { state: "stopped", goal: "stopped" },
        { state: "stopped", goal: "running" },
        { state: "failed", goal: "running" },
        { state: "failed", goal: "stopped" },
        { state: "failed", goal: "absent" },
        { state: "deleting", goal: "absent" },
        { state: "gone", goal: "absent" },
      ] as const),
    ),
    onStop: fc.constantFrom("hold" as const, "release" as const),
    forceAt: fc.constantFrom(undefined, WALL - 1, WALL, WALL + 1),
    askedAt: fc.constantFrom(undefined, WALL - 10),
    powerOff: fc.boolean(),
    autostart: fc.boolean(),
    bootId: fc.constantFrom("boot-1", "an earlier one"),
  })
  .map(({ at, onStop, forceAt, askedAt, powerOff, autostart, bootId }) => {
    const base = claim(1);
    return {
      ...base,
      ...at,
      domain: { ...base.domain, onStop, autostart },
      bootId,
      powerOff: powerOff ? { forceAt, askedAt } : undefined,
    };
  });

interface HostShape {
  readonly slice: boolean;
  readonly domain: "none" | "own" | "stranger";
  readonly state: (typeof domainStates)[number];
  readonly libvirt: boolean;
}

const hosts: fc.Arbitrary<HostShape> = fc.record({
  slice: fc.boolean(),
  domain: fc.constantFrom("none", "own", "stranger"),
  state: fc.constantFrom(...domainStates),
  libvirt: fc.boolean(),
});

function hostFor(owner: Claim, { slice, domain, state, libvirt }: HostShape): FakeHost {
  const gpu = new FakeGpu(pciAddress(), 1024);
  const host = new FakeHost({ gpus: [gpu], wall: () => WALL });
  gpu.make(foreignVgpuId(1), typeName("4"));
  host.put(foreignDomain(9, { vgpuIds: [foreignVgpuId(1)] }));
  if (slice) gpu.make(owner.vgpuId, owner.type);
  if (domain === "own") host.put(domainOf(owner, { state }));
  if (domain === "stranger") host.put(foreignDomain(1, { name: owner.domain.name, state }));
  if (!libvirt) host.libvirtAway = "connection refused";
  return host;
}

async function inventoryOf(host: FakeHost): Promise<Inventory> {
  return { ...(await host.look()), revision: 1 };
}

/** What the driver does with a plan, without its clock and its ledger. */
async function carryOut(host: FakeHost, owner: Claim, steps: readonly Step[]): Promise<Claim> {
  let now = owner;
  const hypervisor = { domainType: "kvm" } as const;
  const hands = {
    ...{ slices: host, domains: host, gpuLock: new KeyedLock<PciAddress>() },
    hypervisor: () => Promise.resolve(hypervisor),
  };
  for (const step of steps) {
    if (step.kind === "wait") continue;
    if (step.kind === "autostart")
      now = changed(
        now,
        { bootId: step.bootId, ...(step.run ? { state: "stopped", goal: "running" } : {}) },
        WALL,
      );
    else if (step.kind === "settle")
      now = changed(now, { state: step.state, goal: step.goal, failure: step.failure }, WALL);
    else await execute(hands, now, step, new AbortController().signal);
  }
  return now;
}

const kinds = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);

describe("the planner", () => {
  it("names only the claim's own vGPU and domain", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        for (const step of plan(owner, await inventoryOf(hostFor(owner, shape)), WALL)) {
          if ("vgpuId" in step) assert.equal(step.vgpuId, owner.vgpuId);
          if ("domainId" in step) assert.equal(step.domainId, owner.domain.id);
          if ("claim" in step) assert.equal(step.claim, owner);
        }
      }),
    );
  });

  it("touches no domain without our mark, not even under our UUID", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        const host = hostFor(owner, { ...shape, domain: "stranger" });
        const before = host.domains;
        await carryOut(host, owner, plan(owner, await inventoryOf(host), WALL));
        assert.deepEqual(host.domains, before);
      }),
    );
  });

  it("has nothing left to do after its steps were carried out", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (first, shape) => {
        const host = hostFor(first, { ...shape, libvirt: true });
        let owner = first;
        let rounds = 0;
        // A boot or a drift that was written down, or a create given up, leads on to a second and third plan.
        for (; rounds < 5; rounds += 1) {
          const steps = plan(owner, await inventoryOf(host), WALL);
          if (steps.length === 0 || steps.at(-1)?.kind === "wait") return;
          owner = await carryOut(host, owner, steps);
        }
        assert.fail(`still ${kinds(plan(owner, await inventoryOf(host), WALL)).join(", ")}`);
      }),
    );
  });

  it("leads only along the table of states", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        for (const step of plan(owner, await inventoryOf(hostFor(owner, shape)), WALL))
          if (step.kind === "settle") assert.ok(mayBecome(owner.state, step.state));
      }),
    );
  });

  it("gives the same steps for the same facts", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        const inventory = await inventoryOf(hostFor(owner, shape));
        assert.deepEqual(plan(owner, inventory, WALL), plan(owner, inventory, WALL));
      }),
    );
  });

  it("removes a slice only after its domain is off, and undefines last", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        const steps = kinds(plan(owner, await inventoryOf(hostFor(owner, shape)), WALL));
        const [off, removed, undefined_] = ["force-off", "remove-vgpu", "undefine-domain"].map((kind) =>
          steps.indexOf(kind),
        );
        assert.ok(off !== undefined && removed !== undefined && undefined_ !== undefined);
        if (removed >= 0) assert.ok(off < removed && !steps.includes("wait"));
        if (removed >= 0 && undefined_ >= 0) assert.ok(removed < undefined_);
      }),
    );
  });

  const shape: HostShape = { slice: true, domain: "own", state: "running", libvirt: true };
  const planned = async (owner: Claim, given: Partial<HostShape> = {}): Promise<string[]> =>
    kinds(plan(owner, await inventoryOf(hostFor(owner, { ...shape, ...given })), WALL));

  it("waits for libvirt's facts, unless there is nothing to do", async () => {
    assert.deepEqual(await planned(claim(1, { state: "creating" }), { libvirt: false }), ["wait"]);
    assert.deepEqual(await planned(claim(1), { libvirt: false }), []);
  });

  it("makes, defines, starts and then settles", async () => {
    assert.deepEqual(await planned(claim(1, { state: "creating" }), { slice: false, domain: "none" }), [
      "create-vgpu",
      "define-domain",
      "start-domain",
      "settle",
    ]);
  });

  it("goes on where an earlier try got to", async () => {
    const creating = claim(1, { state: "creating" });
    assert.deepEqual(await planned(creating, { state: "shut-off" }), ["start-domain", "settle"]);
    assert.deepEqual(await planned(creating), ["settle"]);
  });

  it("asks the guest once, then waits for it until the deadline, then forces it", async () => {
    const stopping = (forceAt: number | undefined, askedAt: number | undefined): Claim =>
      claim(1, { goal: "stopped", powerOff: { forceAt, askedAt } });
    assert.deepEqual(await planned(stopping(WALL + 1, undefined)), ["ask-shutdown", "wait"]);
    assert.deepEqual(await planned(stopping(WALL + 1, WALL - 5)), ["wait"]);
    assert.deepEqual(await planned(stopping(WALL, WALL - 5)), ["force-off", "settle"]);
    assert.deepEqual(await planned(stopping(undefined, WALL - 5)), ["wait"]);
  });

  it("lets a stopped domain hold its slice, or gives it back, as its owner said", async () => {
    const stopping = (onStop: "hold" | "release"): Claim => {
      const base = claim(1, { goal: "stopped" });
      return { ...base, domain: { ...base.domain, onStop } };
    };
    assert.deepEqual(await planned(stopping("hold"), { state: "shut-off" }), ["settle"]);
    assert.deepEqual(await planned(stopping("release"), { state: "shut-off" }), ["remove-vgpu", "settle"]);
    assert.deepEqual(await planned(stopping("hold"), { state: "shut-off", slice: false }), [
      "create-vgpu",
      "settle",
    ]);
  });

  it("starts with the host what is to be started with it, and takes a boot that cannot be told for none", async () => {
    const base = claim(1, { state: "stopped", goal: "stopped" });
    const owner = { ...base, domain: { ...base.domain, autostart: true } };
    const plannedIn = async (now: string, then: string): Promise<unknown> => {
      const inventory = await inventoryOf(hostFor(owner, { ...shape, state: "shut-off" }));
      const host = { ...inventory.host, bootId: now };
      return plan({ ...owner, bootId: then }, { ...inventory, host }, WALL)[0];
    };
    assert.deepEqual(await plannedIn("b", "a"), { kind: "autostart", bootId: "b", run: true });
    assert.equal(await plannedIn("", "a"), undefined);
    assert.deepEqual(await plannedIn("b", ""), { kind: "autostart", bootId: "b", run: false });
  });

  it("takes a copied mark for what it is", async () => {
    const owner = claim(1, { state: "deleting", goal: "absent" });
    const host = hostFor(owner, { ...shape, domain: "none" });
    const copy: Domain = { ...foreignDomain(5), mark: domainOf(owner).mark };
    host.put(copy);
    await carryOut(host, owner, plan(owner, await inventoryOf(host), WALL));
    assert.deepEqual(host.domain(copy.id), copy);
  });
});
