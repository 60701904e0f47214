// A create whose time goes by with other things than refusals: with Placement, and with hosts that are slow to say what they have.
import assert from "node:assert/strict";
import { Hosts, makes, PATIENCE_MS } from "./hosts.ts";

/** As much goes by whenever Placement is asked where a provider is. */
function slow(tookMs: number): Hosts {
  const hosts = new Hosts({ a: makes, b: makes, c: makes });
  hosts.api.beforeTree = () => {
    hosts.now += tookMs;
    return Promise.resolve();
  };
  return hosts;
}

describe("a create whose time goes by before a candidate was lost", () => {
  it("books nothing, asks no host for a domain, and says that there are candidates", async () => {
    const hosts = slow(PATIENCE_MS - 9000);
    const { ended, lost, standing } = await hosts.schedule();
    assert.deepEqual([ended, lost, standing], [{ kind: "no-host", untried: true }, [], "none"]);
    assert.deepEqual([hosts.api.changes, hosts.asked], [[], []]);
  });

  it("is sent with 10 s left", async () => {
    const hosts = slow(PATIENCE_MS - 10_000);
    assert.equal((await hosts.schedule()).ended.kind, "made");
    assert.equal(hosts.givenMs.get("a"), 10_000);
  });

  it("gives back what took too long to book, without asking the host", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    const claim = hosts.api.claim.bind(hosts.api);
    hosts.api.claim = async (...asked) => {
      hosts.now += PATIENCE_MS - 9000;
      await claim(...asked);
    };
    const { ended, lost, standing } = await hosts.schedule();
    assert.deepEqual([ended, lost, standing], [{ kind: "no-host", untried: true }, [], "released"]);
    assert.deepEqual([hosts.asked, hosts.api.claims.size], [[], 0]);
  });

  it("is sent with half of a time that is less than such a create may take, and not with less", async () => {
    for (const [tookMs, kind] of [
      [2000, "made"],
      [2100, "no-host"],
    ] as const) {
      const { ended } = await slow(tookMs).schedule({ patienceMs: 4000 });
      assert.equal(ended.kind, kind);
    }
  });
});

describe("a call that names a booked claim, whose time goes by", () => {
  it("gives each host that may have the domain 3 s for its answer all the same, which are not of that time", async () => {
    const hosts = slow(PATIENCE_MS - 10_000);
    hosts.book("a");
    hosts.beforeDomain = () => {
      hosts.now += 3000;
    };
    const { ended } = await hosts.schedule({ again: true });
    assert.equal(ended.kind, "made");
    assert.deepEqual(
      ["a", "b", "c"].map((host) => hosts.askedMs.get(host)),
      [3000, 3000, 3000],
    );
    assert.equal(hosts.givenMs.get("a"), 10_000);
  });

  it("sends no create with too little left, and the claim stays booked: its domain may be there", async () => {
    const hosts = slow(PATIENCE_MS - 1000);
    hosts.book("a");
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.match(ended.error.message, /^too little of --timeout was left to ask a for the domain$/);
    assert.deepEqual([ended.error.ending, ended.place?.host, standing], ["unreachable", "a", "held"]);
    assert.deepEqual([hosts.askedMs.get("b"), hosts.asked, hosts.api.changes], [3000, [], []]);
  });
});
