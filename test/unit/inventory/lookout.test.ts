// Looks at the host: fresh for whoever asks, and no more of them than needed.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Observation } from "../../../agent/discovery/observe.ts";
import { Lookout } from "../../../agent/inventory/lookout.ts";
import { isAlive, type DomainState } from "../../../agent/inventory/model.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { foreignDomain } from "../../fakes/claims.ts";

function observation(given: Partial<Observation> = {}): Observation {
  return {
    observedAt: 0,
    host: { hostname: "h", bootId: "b", kernelRelease: "k", hypervisor: "kvm" },
    gpus: new Map(),
    vgpus: new Map(),
    domains: { known: false, why: "connection refused", away: "libvirt" },
    unread: [],
    ...given,
  };
}

/** Looks that end when the test says so, and count how many are under way. */
class SlowLooks {
  begun = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly #waiting: { resolve: (seen: Observation) => void; reject: (error: Error) => void; at: number }[] =
    [];

  look = (): Promise<Observation> => {
    this.begun += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, at: this.begun });
    });
  };

  finish(error?: Error): void {
    const next = this.#waiting.shift();
    assert.ok(next, "no look is under way");
    this.underWay -= 1;
    if (error) next.reject(error);
    else next.resolve(observation({ observedAt: next.at }));
  }
}

function lookoutOver(looks: SlowLooks): Lookout {
  return new Lookout({ look: looks.look, snapshot: new Snapshot(), stop: new AbortController().signal });
}

describe("the lookout", () => {
  it("tells of the look that is under way, and of none once it is over, however it ended", async () => {
    const looks = new SlowLooks();
    const lookout = lookoutOver(looks);
    assert.equal(lookout.underWay, undefined);
    for (const error of [undefined, new Error("no such device")]) {
      const view = lookout.fresh();
      assert.equal(lookout.underWay, view);
      looks.finish(error);
      await view.catch(() => undefined);
      assert.equal(lookout.underWay, undefined);
    }
  });

  it("gives a view whose look began after it was asked for", async () => {
    const looks = new SlowLooks();
    const lookout = lookoutOver(looks);
    const first = lookout.fresh();
    const second = lookout.fresh();
    looks.finish();
    assert.equal((await first).observedAt, 1);
    await turn();
    looks.finish();
    assert.equal((await second).observedAt, 2);
  });

  it("looks once for all who ask while a look is under way", async () => {
    const looks = new SlowLooks();
    const lookout = lookoutOver(looks);
    const first = lookout.fresh();
    const others = [lookout.fresh(), lookout.fresh(), lookout.fresh()];
    looks.finish();
    await first;
    await turn();
    looks.finish();
    await Promise.all(others);
    assert.equal(looks.begun, 2);
  });

  it("never looks twice at the same time, whoever asks in between", async () => {
    const looks = new SlowLooks();
    const lookout = lookoutOver(looks);
    // The first caller asks again as soon as it is answered, before the second one's look has begun.
    const again = lookout.fresh().then(() => lookout.fresh());
    const second = lookout.fresh();
    looks.finish();
    await turn();
    looks.finish();
    await turn();
    if (looks.underWay > 0) looks.finish();
    await Promise.all([again, second]);
    assert.equal(looks.mostUnderWay, 1);
  });

  it("looks again after a look that failed, and tells only those who waited for that one", async () => {
    const looks = new SlowLooks();
    const lookout = lookoutOver(looks);
    const first = assert.rejects(lookout.fresh(), /input\/output error/);
    const second = lookout.fresh();
    looks.finish(new Error("input/output error"));
    await first;
    assert.equal(lookout.current, undefined);
    await turn();
    looks.finish();
    assert.equal(await second, lookout.current);
  });
});

describe("the snapshot", () => {
  it("counts a revision for a view that differs, and none for one that shows the same", () => {
    const snapshot = new Snapshot();
    assert.equal(snapshot.current, undefined);
    assert.equal(snapshot.update(observation()).revision, 1);
    const later = snapshot.update(observation({ observedAt: 5 }));
    assert.deepEqual([later.revision, later.observedAt], [1, 5]);
    const domains = { known: true, value: new Map([[foreignDomain(1).id, foreignDomain(1)]]) } as const;
    assert.equal(snapshot.update(observation({ domains })).revision, 2);
    assert.equal(snapshot.update(observation()).revision, 3);
  });

  it("leaves the views that were given out as they are", () => {
    const snapshot = new Snapshot();
    const first = snapshot.update(observation());
    snapshot.update(observation({ domains: { known: false, why: "other", away: "libvirt" } }));
    assert.deepEqual(first, { ...observation(), revision: 1 });
  });
});

describe("a domain", () => {
  it("may hold its slice in every state that has a process behind it", () => {
    const states = {
      ...{ "no-state": false, running: true, blocked: true, paused: true },
      ...{ "shutting-down": true, "shut-off": false, crashed: false, suspended: true },
      exists: true,
    } as const satisfies Record<DomainState, boolean>;
    for (const [state, expected] of entriesOf(states)) assert.equal(isAlive(state), expected, state);
  });
});

function entriesOf(states: Readonly<Record<DomainState, boolean>>): [DomainState, boolean][] {
  const isState = (name: string): name is DomainState => name in states;
  return Object.keys(states)
    .filter(isState)
    .map((state) => [state, states[state]]);
}
