// The laws of the planner, for any claim on any host.
import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyedLock } from "../../../agent/core/keyed-lock.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import type { Domain, DomainState, Inventory } from "../../../agent/inventory/model.ts";
import { typeOf } from "../../../agent/inventory/share.ts";
import {
  changed,
  hasSlice,
  mayBecome,
  type Claim,
  type DomainClaim,
  type Reservation,
  type VgpuClaim,
} from "../../../agent/lifecycle/claim.ts";
import { execute } from "../../../agent/lifecycle/execute.ts";
import { plan, type Step } from "../../../agent/lifecycle/plan.ts";
import { settled } from "../../../agent/lifecycle/settled.ts";
import { claim, domainOf, foreignDomain, reservation, vgpuClaim } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const WALL = 1_000_000;

const domainStates = ["running", "paused", "shut-off", "crashed"] as const satisfies readonly DomainState[];

/** What a claim remembers of the reservation that it was bound from: none, one whose time is over, and one of which some is left. */
const bound = fc
  .constantFrom(undefined, WALL - 1, WALL + 1)
  .map((expiresAt) => (expiresAt === undefined ? undefined : reservation(1, { expiresAt })));

const domainClaims: fc.Arbitrary<DomainClaim> = fc
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
    bound,
  })
  .map(({ at, onStop, forceAt, askedAt, powerOff, autostart, bootId, bound: reserved }) => {
    const base = claim(1);
    return {
      ...base,
      ...at,
      domain: { ...base.domain, onStop, autostart },
      bootId,
      powerOff: powerOff ? { forceAt, askedAt } : undefined,
      reservation: reserved,
    };
  });

const vgpuClaims: fc.Arbitrary<VgpuClaim> = fc
  .record({
    at: fc.constantFrom(
      ...([
        { state: "creating", goal: "present" },
        { state: "active", goal: "present" },
        { state: "failed", goal: "absent" },
        { state: "deleting", goal: "absent" },
        { state: "gone", goal: "absent" },
      ] as const),
    ),
    bound,
  })
  .map(({ at, bound: reserved }) => vgpuClaim(1, { ...at, reservation: reserved }));

const reservations: fc.Arbitrary<Reservation> = fc
  .record({
    at: fc.constantFrom(
      ...([
        { state: "reserved", goal: "reserved" },
        { state: "gone", goal: "absent" },
      ] as const),
    ),
    expiresAt: fc.constantFrom(WALL - 1, WALL, WALL + 1),
  })
  .map(({ at, expiresAt }) => reservation(1, { ...at, expiresAt }));

/** Claims as the ledger may hold them. */
const claims: fc.Arbitrary<Claim> = fc.oneof(domainClaims, vgpuClaims, reservations);

interface HostShape {
  readonly slice: boolean;
  readonly domain: "none" | "own" | "stranger";
  readonly state: (typeof domainStates)[number];
  readonly libvirt: boolean;
  /** Somebody defined the claim's domain anew without its vGPU. */
  readonly redefined: boolean;
}

const hosts: fc.Arbitrary<HostShape> = fc.record({
  slice: fc.boolean(),
  domain: fc.constantFrom("none", "own", "stranger"),
  state: fc.constantFrom(...domainStates),
  libvirt: fc.boolean(),
  redefined: fc.boolean(),
});

function hostFor(owner: Claim, { slice, domain, state, libvirt, redefined }: HostShape): FakeHost {
  const gpu = new FakeGpu(pciAddress(), 1024);
  const host = new FakeHost({ gpus: [gpu], wall: () => WALL });
  gpu.make(foreignVgpuId(1), typeName("4"));
  host.put(foreignDomain(9, { vgpuIds: [foreignVgpuId(1)] }));
  if (slice && hasSlice(owner)) gpu.make(owner.vgpuId, typeOf(owner.share));
  if (domain === "own")
    host.put(
      owner.kind === "domain"
        ? domainOf(owner, { state, ...(redefined ? { vgpuIds: [] } : {}) })
        : foreignDomain(1, { state, vgpuIds: hasSlice(owner) ? [owner.vgpuId] : [] }),
    );
  if (domain === "stranger") host.put(foreignDomain(1, { state }));
  if (!libvirt) host.libvirtAway = "connection refused";
  return host;
}

async function inventoryOf(host: FakeHost): Promise<Inventory> {
  return { ...(await host.look()), revision: 1 };
}

/** What the driver does with a plan, without its clock and its ledger. Whoever has the slice open keeps it. */
async function carryOut(host: FakeHost, owner: Claim, steps: readonly Step[]): Promise<Claim> {
  let now = owner;
  const hypervisor = { domainType: "kvm" } as const;
  const hands = {
    ...{ slices: host, domains: host, gpuLock: new KeyedLock<PciAddress>() },
    hypervisor: () => Promise.resolve(hypervisor),
    deviceModel: undefined,
  };
  for (const step of steps) {
    if (step.kind === "wait") continue;
    if (step.kind === "settle") {
      const { claim: after, left } = settled(now, step, WALL);
      now = left ?? after;
      continue;
    }
    // Only Xen keeps guests that rebooted.
    assert.ok(hasSlice(now) && step.kind !== "restart");
    if (step.kind !== "autostart") await execute(hands, now, step, new AbortController().signal);
    else if (now.kind === "domain")
      now = changed(
        now,
        { bootId: step.bootId, ...(step.run ? { state: "stopped", goal: "running" } : {}) },
        WALL,
      );
  }
  return now;
}

/** Whether somebody else has the slice open that is to go: it stays until then, and nothing is left to do meanwhile. */
function isHeld(host: FakeHost, owner: Claim): boolean {
  return owner.kind === "vgpu" && owner.goal === "absent" && host.holderOf(owner.vgpuId) !== undefined;
}

const kinds = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);

describe("the planner", () => {
  it("names only the claim's own vGPU and domain", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        for (const step of plan(owner, await inventoryOf(hostFor(owner, shape)), WALL)) {
          if ("vgpuId" in step) assert.equal(step.vgpuId, owner.vgpuId);
          if ("domainId" in step) assert.equal(step.domainId, owner.domain?.id);
          if ("claim" in step) assert.equal(step.claim, owner);
        }
      }),
    );
  });

  it("touches no domain without our mark, not even under our UUID", async () => {
    await fc.assert(
      fc.asyncProperty(claims, hosts, async (owner, shape) => {
        const domain = owner.kind === "domain" ? "stranger" : shape.domain;
        const host = hostFor(owner, { ...shape, domain });
        if (isHeld(host, owner)) return;
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
          if (steps.length === 0 || steps.at(-1)?.kind === "wait" || isHeld(host, owner)) return;
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

  it("asks nothing of libvirt for a vGPU whose domain somebody else manages, and nothing of anybody for a reservation", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(vgpuClaims, reservations), hosts, async (owner, shape) => {
        const host = hostFor(owner, { ...shape, libvirt: false });
        const allowed = owner.kind === "vgpu" ? ["create-vgpu", "remove-vgpu", "settle"] : ["settle"];
        for (const kind of kinds(plan(owner, await inventoryOf(host), WALL)))
          assert.ok(allowed.includes(kind), kind);
      }),
    );
  });

  it("removes a slice only after its domain is off, and undefines last", async () => {
    await fc.assert(
      fc.asyncProperty(domainClaims, hosts, async (owner, shape) => {
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

  const shape: HostShape = {
    ...{ slice: true, domain: "own", state: "running", libvirt: true },
    redefined: false,
  };
  const planned = async (owner: Claim, given: Partial<HostShape> = {}): Promise<string[]> =>
    kinds(plan(owner, await inventoryOf(hostFor(owner, { ...shape, ...given })), WALL));

  it("waits for libvirt's facts, unless there is nothing to do", async () => {
    assert.deepEqual(await planned(claim(1, { state: "creating" }), { libvirt: false }), ["wait"]);
    assert.deepEqual(await planned(claim(1), { libvirt: false }), []);
  });

  it("makes the vGPU of a domain of others, again when it has gone, and knows no other way to it", async () => {
    const creating = vgpuClaim(1, { state: "creating" });
    assert.deepEqual(await planned(creating, { slice: false }), ["create-vgpu", "settle"]);
    assert.deepEqual(await planned(creating), ["settle"]);
    assert.deepEqual(await planned(vgpuClaim(1), { slice: false }), ["create-vgpu"]);
    assert.deepEqual(await planned(vgpuClaim(1)), []);
    const deleting = vgpuClaim(1, { state: "deleting", goal: "absent" });
    assert.deepEqual(await planned(deleting, { slice: false }), ["remove-vgpu", "settle"]);
  });

  it("ends a reservation at its time and not before, whether libvirt answers or not", async () => {
    assert.deepEqual(await planned(reservation(1, { expiresAt: WALL + 1 })), []);
    assert.deepEqual(await planned(reservation(1, { expiresAt: WALL }), { libvirt: false }), ["settle"]);
  });

  it("goes back to the reservation that a create was bound from, with the rest of its time", async () => {
    const undone = {
      state: "failed",
      goal: "absent",
      operation: { ...claim(1).operation, ended: undefined },
    } as const;
    const held = reservation(1, { expiresAt: WALL + 1 });
    const owner = claim(1, { ...undone, reservation: held });
    const host = hostFor(owner, shape);
    const left = await carryOut(host, owner, plan(owner, await inventoryOf(host), WALL));
    assert.deepEqual(left, { ...held, updatedAt: WALL });
    assert.deepEqual(host.vgpuIds, [foreignVgpuId(1)]);
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
    const stopping = (forceAt: number | undefined, askedAt: number | undefined): DomainClaim =>
      claim(1, { goal: "stopped", powerOff: { forceAt, askedAt } });
    assert.deepEqual(await planned(stopping(WALL + 1, undefined)), ["ask-shutdown", "wait"]);
    assert.deepEqual(await planned(stopping(WALL + 1, WALL - 5)), ["wait"]);
    assert.deepEqual(await planned(stopping(WALL, WALL - 5)), ["force-off", "settle"]);
    assert.deepEqual(await planned(stopping(undefined, WALL - 5)), ["wait"]);
  });

  it("lets a stopped domain hold its slice, or gives it back, as its owner said", async () => {
    const stopping = (onStop: "hold" | "release"): DomainClaim => {
      const base = claim(1, { goal: "stopped" });
      return { ...base, domain: { ...base.domain, onStop } };
    };
    assert.deepEqual(await planned(stopping("hold"), { state: "shut-off" }), ["settle"]);
    assert.deepEqual(await planned(stopping("release"), { state: "shut-off" }), ["remove-vgpu", "settle"]);
    // A slice that cannot be made keeps no domain from being off.
    assert.deepEqual(await planned(stopping("hold"), { state: "shut-off", slice: false }), [
      "settle",
      "create-vgpu",
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
