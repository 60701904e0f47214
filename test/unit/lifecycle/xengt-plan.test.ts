// The plan for a claim whose slice XenGT makes: for the number of a domain that is there, and with no use when that is off.
import assert from "node:assert/strict";
import type { Domain, DomainState, Inventory, KernelVgpu } from "../../../agent/inventory/model.ts";
import type { DomainClaim } from "../../../agent/lifecycle/claim.ts";
import { holdingsOf } from "../../../agent/lifecycle/holdings.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { plan } from "../../../agent/lifecycle/plan.ts";
import { stepText } from "../../../agent/lifecycle/step-words.ts";
import { claim, domainOf, vgpuClaim } from "../../fakes/claims.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";

const gpu = new FakeGpu(pciAddress(), 512);
const WALL = 1_000_000;

interface Shown {
  readonly state?: DomainState;
  readonly slice?: boolean;
  /** Its guest has ended and asked to be started again. */
  readonly rebooted?: true;
}

function inventory(
  owner: { readonly vgpuId: KernelVgpu["id"] },
  domain: Domain | undefined,
  slice: boolean | Pick<KernelVgpu, "sizes">,
): Inventory {
  const { vgpuId: id } = owner;
  const given = typeof slice === "boolean" ? {} : slice;
  const instance = {
    id,
    gpu: gpu.address,
    type: "",
    isLeaving: false,
    iommuGroup: undefined,
    domid: 7,
    ...given,
  };
  return {
    ...{ revision: 1, observedAt: WALL, unread: [] },
    host: { hostname: "dom0", bootId: "boot-1", kernelRelease: "4.11.0", hypervisor: "xen" },
    gpus: new Map([[gpu.address, { ...gpu.facts(), vgt: "2017" }]]),
    vgpus: new Map(slice === false ? [] : [[id, instance]]),
    domains: { known: true, value: new Map(domain ? [[domain.id, domain]] : []) },
  };
}

function steps(owner: DomainClaim, { state, slice = false, rebooted }: Shown): readonly string[] {
  const domain =
    state &&
    domainOf(owner, { state, vgpuIds: [owner.vgpuId], ...(rebooted && { awaitsRestart: rebooted }) });
  const seen = inventory(owner, domain, slice);
  return plan(owner, seen, WALL).map((step) => {
    assert.ok(stepText(step, owner, seen).length > 0);
    return step.kind === "start-domain" && step.paused ? "start-domain paused" : step.kind;
  });
}

describe("the plan for a slice of XenGT", () => {
  const creating = claim(1, { state: "creating", goal: "running" });
  const starting = claim(1, { state: "stopped", goal: "running" });
  const lasting = ["create-vgpu", "resume-domain", "settle"];

  it("makes it when its domain is there, whose guest waits for it", () => {
    assert.deepEqual(steps(creating, {}), ["define-domain", "start-domain paused", ...lasting]);
    assert.deepEqual(steps(creating, { state: "shut-off" }), ["start-domain paused", ...lasting]);
  });

  it("goes on where it was cut off", () => {
    assert.deepEqual(steps(creating, { state: "paused" }), lasting);
    assert.deepEqual(steps(creating, { state: "paused", slice: true }), ["resume-domain", "settle"]);
    assert.deepEqual(steps(creating, { state: "running", slice: true }), ["settle"]);
  });

  it("gives back what is left of the last run before the next, which needs its room", () => {
    assert.deepEqual(steps(starting, { state: "shut-off" }), [
      "remove-vgpu",
      "start-domain paused",
      ...lasting,
    ]);
  });

  it("keeps the room of a domain that is off, and no slice", () => {
    for (const onStop of ["hold", "release"] as const) {
      const owner = claim(1, { goal: "stopped" });
      const off = { ...owner, domain: { ...owner.domain, onStop } };
      assert.deepEqual(steps(off, { state: "shut-off" }), ["remove-vgpu", "settle"], onStop);
      assert.deepEqual(steps({ ...off, state: "stopped" }, { state: "shut-off" }), [], onStop);
    }
  });

  it("takes a domain for failed that has made one of other sizes, which are counted", () => {
    const owner = claim(1);
    const sizes = { lowGmMib: 256, highGmMib: 1024, fences: 4 };
    const seen = (state: DomainState) =>
      inventory(owner, domainOf(owner, { state, vgpuIds: [owner.vgpuId] }), { sizes });
    const [step] = plan(owner, seen("running"), WALL);
    assert.ok(step?.kind === "settle");
    assert.deepEqual([step.state, step.failure?.reason], ["failed", "DOMAIN_WITHOUT_VGPU"]);
    assert.match(step.failure?.message ?? "", /taken 256 MiB low GM, .* has 128 MiB low GM/);
    const ledger = new Ledger(new FakeNode().store, [owner]);
    assert.deepEqual(
      holdingsOf(ledger, seen("running")).map((holding) => holding.sizes),
      [sizes],
    );
  });

  it("leaves a domain alone that runs with it, and takes one for failed that has lost it", () => {
    assert.deepEqual(steps(claim(1), { state: "running", slice: true }), []);
    const lost = claim(1);
    const seen = inventory(lost, domainOf(lost, { state: "running", vgpuIds: [lost.vgpuId] }), false);
    const [step, ...others] = plan(lost, seen, WALL);
    assert.ok(step?.kind === "settle" && others.length === 0);
    assert.deepEqual([step.state, step.failure?.reason], ["failed", "DOMAIN_WITHOUT_VGPU"]);
  });

  describe("of a guest that has rebooted", () => {
    const kept = { state: "exists", slice: true, rebooted: true } as const;
    const again = ["remove-vgpu", "start-domain paused", ...lasting];

    it("notes it first, unless its owner has given it up or vgpud does not make its slice", () => {
      assert.deepEqual(steps(claim(1), kept), ["restart"]);
      assert.deepEqual(steps(claim(1, { state: "failed" }), kept), ["restart"]);
      assert.deepEqual(steps(claim(1, { givenUp: true }), kept), []);
      const whole = claim(1, { share: { mode: "gvt-d" } });
      assert.ok(!steps(whole, kept).includes("restart"));
    });

    it("takes away what is left of it before it begins anew, and goes on where that was cut off", () => {
      assert.deepEqual(steps(starting, kept), ["force-off", ...again]);
      assert.deepEqual(steps(starting, { state: "shut-off", slice: true }), again);
      assert.deepEqual(steps(starting, { state: "paused" }), lasting);
      assert.deepEqual(steps(creating, kept), ["force-off", ...again], "before its create had ended");
    });

    it("waits once all of it is taken away when it does so in a row", () => {
      const looping = { ...starting, restarts: { inRow: 4, at: WALL - 1 } };
      assert.deepEqual(steps(looping, kept), ["force-off", "remove-vgpu", "wait"]);
      assert.deepEqual(steps(looping, { state: "shut-off" }), ["wait"]);
      const over = { ...starting, restarts: { inRow: 4, at: WALL - 10_000 } };
      assert.deepEqual(steps(over, { state: "shut-off" }), again);
    });

    it("ends it at once where it was asked to shut down, or is to go", () => {
      const powerOff = { forceAt: undefined, askedAt: WALL };
      const stopping = claim(1, { goal: "stopped", powerOff });
      assert.deepEqual(steps(stopping, kept), ["force-off", "remove-vgpu", "settle"]);
      const ending = claim(1, { state: "deleting", goal: "absent", powerOff });
      assert.deepEqual(steps(ending, kept), ["force-off", "remove-vgpu", "undefine-domain", "settle"]);
    });
  });

  it("ends the domain before the slice", () => {
    const ending = claim(1, { state: "deleting", goal: "absent" });
    assert.deepEqual(steps(ending, { state: "running", slice: true }), [
      ...["force-off", "remove-vgpu", "undefine-domain", "settle"],
    ]);
  });

  it("makes that of somebody else's domain again when it was started anew, and waits while it is off", () => {
    const kinds = (state: DomainState | undefined) => {
      const owner = vgpuClaim(1, { forDomain: domainId(1) });
      const domain = state && { ...domainOf(claim(1), { state }), mark: undefined };
      return plan(owner, inventory(owner, domain, false), WALL).map(({ kind }) => kind);
    };
    assert.deepEqual(kinds("running"), ["create-vgpu"]);
    assert.deepEqual(kinds("shut-off"), []);
    assert.deepEqual(kinds(undefined), []);
  });
});
