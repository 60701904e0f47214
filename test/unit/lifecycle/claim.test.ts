// The states of a claim: which may follow which.
import assert from "node:assert/strict";
import { changed, isSettled, mayBecome, type ClaimState, type Goal } from "../../../agent/lifecycle/claim.ts";
import { claim, reservation, vgpuClaim } from "../../fakes/claims.ts";

const states = ["reserved", "creating", "active", "stopped", "deleting", "failed", "gone"] as const;

describe("a claim", () => {
  it("becomes only what the table allows", () => {
    const allowed = states.map((from) => [from, states.filter((to) => to !== from && mayBecome(from, to))]);
    assert.deepEqual(Object.fromEntries(allowed), {
      reserved: ["creating", "deleting", "gone"],
      creating: ["active", "deleting", "failed"],
      active: ["stopped", "deleting", "failed", "gone"],
      stopped: ["active", "deleting", "failed", "gone"],
      deleting: ["gone"],
      failed: ["reserved", "active", "stopped", "deleting", "gone"],
      gone: [],
    });
  });

  it("may stay what it is", () => {
    for (const state of states) assert.ok(mayBecome(state, state), state);
  });

  it("can be asked to go away from every state but the last", () => {
    for (const state of states) assert.equal(mayBecome(state, "deleting"), state !== "gone", state);
  });

  it("that is gone never comes back", () => {
    const over = { state: "gone", goal: "absent" } as const;
    assert.throws(() => changed(claim(1, over), { state: "active" }, 0), { reason: "INTERNAL" });
    assert.throws(() => changed(vgpuClaim(1, over), { state: "active" }, 0), { reason: "INTERNAL" });
    assert.throws(() => changed(reservation(1, over), { state: "reserved" }, 0), { reason: "INTERNAL" });
  });

  it("says when it changed, and keeps what was not named", () => {
    const before = claim(1);
    assert.deepEqual(changed(before, { state: "stopped" }, 7), { ...before, state: "stopped", updatedAt: 7 });
  });

  it("is settled when its state is what its goal asks for, or when it has failed", () => {
    const settled = (goal: Goal): ClaimState[] => states.filter((state) => isSettled({ state, goal }));
    assert.deepEqual(settled("reserved"), ["reserved"]);
    assert.deepEqual(settled("present"), ["active", "failed"]);
    assert.deepEqual(settled("running"), ["active", "failed"]);
    assert.deepEqual(settled("stopped"), ["stopped", "failed"]);
    assert.deepEqual(settled("absent"), ["gone"]);
  });
});
