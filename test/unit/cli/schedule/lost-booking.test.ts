// A create with the id of a claim that nothing is booked for, of which a host may have a domain all the same.
import assert from "node:assert/strict";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { Hosts, makes } from "./hosts.ts";

describe("a call that names a claim of which nothing is booked", () => {
  it("goes on with a domain that nothing is booked for any more, and books it there", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    hosts.having.add("b");
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "made");
    assert.deepEqual([ended.place.host, standing], ["b", "held"]);
    assert.deepEqual(hosts.api.changes, [`claim ${hosts.gpus["b"] ?? ""}`]);
    assert.deepEqual(
      hosts.asked.map(({ host }) => host),
      ["b"],
    );
  });

  it("asks no host for a domain while one that may have it cannot be asked, or is another than is meant", async () => {
    for (const [change, says] of [
      [
        (hosts: Hosts) => hosts.failing.set("b", new CliError("unreachable", "vgpud does not answer")),
        "  b could not be asked: vgpud does not answer",
      ],
      [
        (hosts: Hosts) => hosts.answering.set("b", "a"),
        "  b could not be asked: what answers as b is the vgpud of host a",
      ],
      [
        (hosts: Hosts) => {
          hosts.ended.add("a");
          hosts.failing.set("b", new CliError("unreachable", "vgpud does not answer"));
        },
        "  b could not be asked: vgpud does not answer",
      ],
    ] as const) {
      const hosts = new Hosts({ a: makes, b: makes });
      change(hosts);
      const { ended, standing } = await hosts.schedule({ again: true });
      assert.ok(ended.kind === "failed");
      assert.deepEqual([ended.error.ending, ended.error.lines], ["unreachable", [says]]);
      assert.match(
        ended.error.hints.at(-1) ?? "",
        /^for another domain: without --claim-id, and with .* other disks$/,
      );
      assert.deepEqual([hosts.asked, hosts.api.changes, standing], [[], [], "none"]);
    }
  });

  it("makes no second domain while a host that the schedule file names is not in Placement, and may have one", async () => {
    for (const [change, ending, says] of [
      [
        (hosts: Hosts) => hosts.having.add("b"),
        "conflict",
        /^b has a domain .* on no GPU that is in Placement/,
      ],
      [
        (hosts: Hosts) => hosts.failing.set("b", new CliError("unreachable", "vgpud does not answer")),
        "unreachable",
        /whether b has a domain of it is not known$/,
      ],
    ] as const) {
      const hosts = new Hosts({ a: makes });
      hosts.named.push("a", "b");
      change(hosts);
      const { ended, standing } = await hosts.schedule({ again: true });
      assert.ok(ended.kind === "failed");
      assert.equal(ended.error.ending, ending);
      assert.match(ended.error.message, says);
      assert.deepEqual([hosts.asked, hosts.api.changes, standing], [[], [], "none"]);
    }
  });

  it("asks no host for a domain while there is none that could be asked whether it has one", async () => {
    const hosts = new Hosts({});
    const { ended } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.equal(ended.error.ending, "unreachable");
    assert.match(ended.error.message, /whether any host has a domain of it is not known$/);
  });

  it("asks nobody whether it has a new claim", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    hosts.failing.set("b", new CliError("unreachable", "vgpud does not answer"));
    assert.equal((await hosts.schedule()).ended.kind, "made");
  });

  it("ends where the claim has ended, and where its domain cannot be booked again", async () => {
    const ended = new Hosts({ a: makes, b: makes });
    ended.ended.add("b");
    const fullHost = new Hosts({ a: makes, b: makes });
    fullHost.having.add("b");
    const error = new PlacementError("no-capacity", "over capacity");
    fullHost.api.mishaps.push({ of: "claim", when: "before", error });
    for (const [hosts, says] of [
      [ended, /^b: claim \S+ has been or is being destroyed/],
      [
        fullHost,
        /^b has the domain of claim .* cannot be booked there again now: its room has to be free there once more/,
      ],
    ] as const) {
      const done = await hosts.schedule({ again: true });
      assert.ok(done.ended.kind === "failed");
      assert.equal(done.ended.error.ending, "conflict");
      assert.match(done.ended.error.message, says);
      assert.deepEqual([hosts.asked, done.standing], [[], "none"]);
    }
  });
});
