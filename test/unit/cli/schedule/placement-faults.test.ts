// Placement fails on the way from candidate to candidate.
import assert from "node:assert/strict";
import { isOfPlacement } from "../../../../agent/cli/schedule/placement-failure.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import type { Mishap } from "../../../fakes/memory-placement.ts";
import { full, Hosts, makes, type Refuses } from "./hosts.ts";

const unreachable = new PlacementError("unreachable", "GET: no answer within 10s");
const SAID = "cannot ask Placement: GET: no answer within 10s";

/** The last of as many hosts as have no room fails with that on Placement; one with room is behind them. */
function failing({ after, ...mishap }: Pick<Mishap, "of" | "error"> & { readonly after: number }): Hosts {
  const names = Array.from({ length: after }, (_, number) => `full-${number}`);
  const last = (): Refuses => {
    hosts.api.mishaps.push({ ...mishap, when: "before" });
    return full();
  };
  const all = names.map((name, at) => [name, at === after - 1 ? last : full] as const);
  const hosts: Hosts = new Hosts({ ...Object.fromEntries(all), there: makes });
  return hosts;
}

describe("a fault of Placement once candidates were lost", () => {
  it("leaves them the answer, be it at the next page, at the second search, or at where the next one is", async () => {
    for (const [of, after] of [
      ["candidates", 20],
      ["tree", 3],
    ] as const) {
      const { ended, lost, standing } = await failing({ of, after, error: unreachable }).schedule();
      assert.ok(ended.kind === "no-host");
      assert.deepEqual([ended.untried, ended.fault?.message, lost.length], [true, SAID, after]);
      assert.equal(standing, "released");
    }
    const hosts: Hosts = new Hosts({
      a: (): Refuses => {
        hosts.api.mishaps.push({ of: "candidates", when: "before", error: unreachable });
        return full();
      },
    });
    const { ended } = await hosts.schedule();
    assert.ok(ended.kind === "no-host");
    assert.deepEqual([ended.fault?.message, hosts.api.queries.length], [SAID, 2]);
  });

  it("is the answer where it is one of a claim, or the user has ended it", async () => {
    const refused = new PlacementError("refused", "PUT: no");
    const claiming = await failing({ of: "claim", after: 1, error: refused }).schedule();
    assert.ok(claiming.ended.kind === "failed");
    assert.deepEqual([claiming.ended.error.message, claiming.standing], ["PUT: no", "released"]);
    const hosts = failing({ of: "tree", after: 1, error: unreachable });
    const before = hosts.api.beforeTree;
    hosts.api.beforeTree = async () => {
      if (hosts.asked.length > 0) hosts.interrupt.abort();
      await before();
    };
    const { ended } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    assert.equal(ended.error.ending, "interrupted");
  });
});

describe("a fault of Placement at what is to be given back", () => {
  it("is told as one of Placement's, with what leads on", async () => {
    const hosts = new Hosts({ a: full, b: makes });
    hosts.api.mishaps.push({ of: "release", when: "before", error: unreachable });
    const { ended, standing } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    const { message, ending, hints } = ended.error;
    assert.match(message, /could not be given back: cannot ask Placement: GET: no answer within 10s$/);
    assert.deepEqual([ending, standing], ["unreachable", "held"]);
    assert.deepEqual(hints, ["where it is: placement of s.yaml"]);
    assert.equal(isOfPlacement(ended.error), true);
  });
});

describe("a fault of Placement at the providers of one candidate", () => {
  const fault = new PlacementError("failed", "GET /resource_providers?in_tree=…: 500");

  it("passes that candidate over, by what Placement says, and others are tried", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    hosts.api.mishaps.push({ of: "tree", when: "before", error: fault });
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "b");
    assert.deepEqual(
      lost.map(({ place, why, ending }) => [place, why, ending]),
      [[undefined, fault.message, "unreachable"]],
    );
  });

  it("ends a call that names its claim, which may be booked there", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    hosts.book("a");
    hosts.api.mishaps.push({ of: "tree", when: "before", error: fault });
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.deepEqual([ended.error.message, standing, hosts.asked], [fault.message, "held", []]);
  });
});

describe("a fault of Placement before any candidate was lost", () => {
  it("is the answer", async () => {
    for (const of of ["candidates", "tree"] as const) {
      const hosts = new Hosts({ a: makes });
      hosts.api.mishaps.push({ of, when: "before", error: unreachable });
      const { ended, standing } = await hosts.schedule();
      assert.ok(ended.kind === "failed");
      assert.deepEqual([ended.error.message, ended.error.ending, standing], [SAID, "unreachable", "none"]);
    }
  });
});
