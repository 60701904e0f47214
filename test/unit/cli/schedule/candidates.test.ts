// From candidate to candidate: what becomes of the claim in every case. Placement is one in memory, hosts refuse as vgpud does.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { CLAIM, full, Hosts, makes, refusal, type Refuses } from "./hosts.ts";

describe("a claim on its way from candidate to candidate", () => {
  it("is made once, and the host is asked for what was booked on the GPU that was booked", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    const { ended, standing } = await hosts.schedule();
    assert.deepEqual([ended.kind, standing], ["made", "held"]);
    assert.deepEqual(hosts.api.changes, [`claim ${hosts.gpus["a"] ?? ""}`]);
    const [{ request } = assert.fail()] = hosts.asked;
    assert.equal(request.claimId, CLAIM);
    assert.equal(request.vgpu?.gpu, "0000:00:02.0");
    const value = { vgtLowGmSz: 128, vgtHighGmSz: 512, vgtFenceSz: 4 };
    assert.deepEqual(request.vgpu.want, { $case: "sizes", value });
    const claim = hosts.api.claims.get(CLAIM);
    assert.deepEqual([claim?.consumerType, claim?.projectId], ["VGPUD", "p"]);
  });

  it("is given back before the next is claimed, as often as a host refuses", async () => {
    const unverified = (): Refuses => refusal(status.UNAVAILABLE, "SCHEDULER_UNAVAILABLE");
    const unbooked = (): Refuses => refusal(status.FAILED_PRECONDITION, "CLAIM_NOT_BOOKED");
    const hosts = new Hosts({ a: full, b: unbooked, c: unverified, d: makes });
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "d");
    assert.deepEqual(
      lost.map(({ place, reason }) => [place?.host, reason]),
      [
        ["a", "APERTURE_EXHAUSTED"],
        ["b", "CLAIM_NOT_BOOKED"],
        ["c", "SCHEDULER_UNAVAILABLE"],
      ],
    );
    const steps = hosts.api.changes.map((change) => change.split(" ")[0]);
    assert.deepEqual(steps, ["claim", "release", "claim", "release", "claim", "release", "claim"]);
  });

  it("stays when somebody else has booked with it while its host was asked", async () => {
    for (const consumerType of ["VGPUD", "INSTANCE"]) {
      const hosts: Hosts = new Hosts({
        a: () => {
          hosts.book("b", consumerType);
          return full();
        },
        b: makes,
      });
      const { ended, standing } = await hosts.schedule();
      assert.ok(ended.kind === "failed");
      assert.match(ended.error.message, /could not be given back: somebody else has changed what is booked/);
      assert.deepEqual([standing, hosts.asked.length, hosts.api.claims.size], ["held", 1, 1]);
    }
  });

  it("is nobody's when no host took it", async () => {
    const hosts = new Hosts({ a: full, b: full });
    const { ended, standing, lost } = await hosts.schedule();
    assert.deepEqual([ended.kind, standing, lost.length], ["no-host", "released", 2]);
    assert.equal(hosts.api.claims.size, 0);
  });

  it("goes to the next host where nobody answers: nothing was sent", async () => {
    const away = (): Refuses => new CliError("unreachable", "vgpud does not answer");
    const { ended, lost } = await new Hosts({ a: away, b: makes }).schedule();
    assert.equal(ended.kind, "made");
    assert.deepEqual(
      lost.map(({ why }) => why),
      ["vgpud does not answer"],
    );
  });

  it("stays when nobody knows whether there is a domain", async () => {
    for (const unknown of [
      refusal(status.DEADLINE_EXCEEDED, undefined, true),
      refusal(status.UNAVAILABLE, undefined, true),
      refusal(status.DEADLINE_EXCEEDED, "CALL_TIMEOUT"),
      refusal(status.ALREADY_EXISTS, "CLAIM_REUSED"),
    ]) {
      const hosts = new Hosts({ a: () => unknown, b: makes });
      const { ended, standing } = await hosts.schedule();
      assert.ok(ended.kind === "failed");
      assert.deepEqual([ended.error.message, ended.place?.host, standing], [unknown.message, "a", "held"]);
      assert.equal(hosts.asked.length, 1);
      assert.equal(hosts.api.claims.size, 1);
    }
  });

  /** Made while a create is under way, which may go on, or be undone later. */
  const inTheMiddle = [
    refusal(status.UNAVAILABLE, "STOPPING"),
    refusal(status.UNAVAILABLE, "LEDGER_UNAVAILABLE"),
    refusal(status.UNAVAILABLE, "LIBVIRT_TIMEOUT"),
    refusal(status.UNAVAILABLE, "KERNEL_TIMEOUT"),
    refusal(status.FAILED_PRECONDITION, "LIBVIRT_REFUSED"),
    refusal(status.RESOURCE_EXHAUSTED, "KERNEL_REPORTS_NO_ROOM"),
    refusal(status.INTERNAL, "INTERNAL"),
    refusal(status.RESOURCE_EXHAUSTED),
  ];

  it("stays where a host fails in the middle of a create and has the domain, or does not say that it has none", async () => {
    const answers = [
      (hosts: Hosts) => hosts.having.add("a"),
      (hosts: Hosts) => hosts.failing.set("a", refusal(status.UNAVAILABLE, "STARTING")),
      (hosts: Hosts) => hosts.failing.set("a", new CliError("unreachable", "vgpud does not answer")),
    ];
    for (const failure of inTheMiddle)
      for (const answer of answers) {
        const hosts = new Hosts({ a: () => failure, b: makes });
        answer(hosts);
        const { ended, standing } = await hosts.schedule();
        assert.ok(ended.kind === "failed", failure.message);
        assert.deepEqual([ended.error.message, ended.place?.host, standing], [failure.message, "a", "held"]);
        assert.deepEqual([hosts.asked.length, hosts.api.claims.size], [1, 1]);
      }
  });

  it("stays where the look after a failure fails, too, which is told beside it with the limit that ended it", async () => {
    const hosts = new Hosts({ a: () => refusal(status.UNAVAILABLE, "LIBVIRT_TIMEOUT"), b: makes });
    const late = { ms: 20_000, isUsers: true, work: "a look at a host" };
    hosts.failing.set("a", new CliError("unreachable", "no answer from a", { late }));
    const { ended } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    assert.match(ended.error.message, /LIBVIRT_TIMEOUT/);
    assert.deepEqual(ended.error.lines, ["  whether it has one all the same is not known: no answer from a"]);
    assert.deepEqual(ended.error.late, late);
  });

  it("goes to the next host where one failed in the middle and says that it has no such domain", async () => {
    for (const failure of inTheMiddle.slice(0, -1)) {
      const { ended } = await new Hosts({ a: () => failure, b: makes }).schedule();
      assert.ok(ended.kind === "made", failure.message);
      assert.equal(ended.place.host, "b");
    }
  });

  it("is given back when vgpuctl itself fails before it has asked, and stays when it fails later", async () => {
    for (const [unsent, left] of [
      [["a"], "released"],
      [[], "held"],
    ] as const) {
      const hosts = new Hosts({ a: () => new TypeError("ee key too small"), b: makes });
      for (const host of unsent) hosts.unsent.add(host);
      const { ended, standing } = await hosts.schedule();
      assert.ok(ended.kind === "failed");
      assert.match(ended.error.message, /cannot ask a: ee key too small/);
      assert.deepEqual([standing, hosts.api.claims.size], [left, left === "held" ? 1 : 0]);
    }
  });

  it("is given back, and no other host is asked, for a request that is wrong everywhere", async () => {
    const wrong = refusal(status.INVALID_ARGUMENT, "FIELD_INVALID");
    const hosts = new Hosts({ a: () => wrong, b: makes });
    const { ended, standing } = await hosts.schedule();
    assert.deepEqual([ended.kind, standing, hosts.asked.length], ["failed", "released", 1]);
  });

  it("is given back, and no other host is asked, where the disk has another domain that may write to it", async () => {
    const inUse = refusal(status.FAILED_PRECONDITION, "DISK_IN_USE");
    const hosts = new Hosts({ a: () => inUse, b: makes });
    const { ended, standing } = await hosts.schedule();
    assert.deepEqual([ended.kind, standing, hosts.asked.length], ["failed", "released", 1]);
  });

  it("is given back, and no other host is asked, where the host has another domain of its name or UUID", async () => {
    for (const reason of ["DOMAIN_NAME_EXISTS", "DOMAIN_UUID_EXISTS"]) {
      const hosts = new Hosts({ a: () => refusal(status.ALREADY_EXISTS, reason), b: makes });
      const { ended, standing } = await hosts.schedule();
      assert.deepEqual([ended.kind, standing, hosts.asked.length], ["failed", "released", 1], reason);
    }
  });

  it("goes to the next host where a path is not allowed on one", async () => {
    const path = (): Refuses => refusal(status.INVALID_ARGUMENT, "PATH_NOT_ALLOWED");
    assert.equal((await new Hosts({ a: path, b: makes }).schedule()).ended.kind, "made");
  });
});

describe("a claim whose answer does not come", () => {
  const unreachable = new PlacementError("unreachable", "PUT: the answer was cut off");

  it("is compared and gone on with, when it was made", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.api.mishaps.push({ of: "claim", when: "after", error: unreachable });
    const { ended } = await hosts.schedule();
    assert.equal(ended.kind, "made");
    assert.equal(hosts.api.changes.length, 1);
  });

  it("is made again, when it was not made", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.api.mishaps.push({ of: "claim", when: "before", error: unreachable });
    assert.equal((await hosts.schedule()).ended.kind, "made");
    assert.equal(hosts.api.changes.length, 2);
  });

  it("is given back when that cannot be found out, since no host was asked yet", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.api.mishaps.push({ of: "claim", when: "after", error: unreachable });
    hosts.api.mishaps.push({ of: "allocation", when: "before", error: unreachable });
    const { ended, standing } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    assert.deepEqual([ended.error.ending, standing], ["unreachable", "released"]);
    assert.deepEqual([hosts.api.claims.size, hosts.asked.length], [0, 0]);
  });

  it("is told to be unknown when it cannot be given back either", async () => {
    const hosts = new Hosts({ a: makes });
    const mishaps = ["claim", "allocation", "allocation"] as const;
    hosts.api.mishaps.push(...mishaps.map((of) => ({ of, when: "before" as const, error: unreachable })));
    assert.equal((await hosts.schedule()).standing, "unknown");
  });

  it("is left to who was faster, and the next candidate claimed", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    const error = new PlacementError("no-capacity", "over capacity");
    hosts.api.mishaps.push({ of: "claim", when: "before", error });
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "b");
    assert.match(lost[0]?.why ?? "", /somebody else/);
    assert.ok(!hosts.api.changes.includes("release"));
  });

  it("is tried again when others change the provider, three times", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    const error = new PlacementError("conflict", "generation");
    for (let tried = 0; tried < 3; tried += 1) hosts.api.mishaps.push({ of: "claim", when: "before", error });
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "b");
    assert.match(lost[0]?.why ?? "", /faster 3 times/);
  });
});

describe("an interrupted call", () => {
  it("gives back what has no domain", async () => {
    const hosts: Hosts = new Hosts({
      a: () => {
        hosts.interrupt.abort();
        return new CliError("interrupted", "interrupted before vgpud was asked");
      },
      b: makes,
    });
    const { ended, standing } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    assert.deepEqual([ended.error.ending, standing], ["interrupted", "released"]);
    assert.equal(hosts.asked.length, 1);
  });

  it("keeps what may have one", async () => {
    const hosts: Hosts = new Hosts({
      a: () => {
        hosts.interrupt.abort();
        return refusal(status.CANCELLED, undefined, true);
      },
    });
    const { standing } = await hosts.schedule();
    assert.equal(standing, "held");
    assert.equal(hosts.api.claims.size, 1);
  });

  it("keeps what may have one where it comes while the host that failed in the middle is asked for it", async () => {
    const hosts = new Hosts({ a: () => refusal(status.UNAVAILABLE, "LIBVIRT_TIMEOUT"), b: makes });
    hosts.failing.set("a", new CliError("interrupted", "interrupted"));
    const { ended, standing } = await hosts.schedule();
    assert.ok(ended.kind === "failed");
    assert.deepEqual([ended.error.ending, ended.place?.host, standing], ["interrupted", "a", "held"]);
    assert.deepEqual(ended.error.lines, ["  refused with LIBVIRT_TIMEOUT"]);
    assert.deepEqual([hosts.asked.length, hosts.api.claims.size], [1, 1]);
  });
});

describe("a call that repeats another with its claim", () => {
  it("asks the host that was booked, and claims nothing", async () => {
    const hosts = new Hosts({ a: makes, b: makes });
    hosts.book("b");
    const { ended } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "b");
    assert.deepEqual(hosts.api.changes, []);
  });

  it("goes nowhere else while that host does not answer: it may have the domain", async () => {
    const away = (): Refuses => new CliError("unreachable", "vgpud does not answer");
    const hosts = new Hosts({ a: makes, b: away });
    hosts.book("b");
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.deepEqual([ended.kind, standing], ["failed", "held"]);
  });

  it("goes nowhere else when that host refuses the repetition and has the domain of the first call", async () => {
    const hosts = new Hosts({ a: makes, b: () => refusal(status.FAILED_PRECONDITION, "CLAIM_NOT_COVERED") });
    hosts.book("b");
    hosts.having.add("b");
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.deepEqual([ended.kind, standing], ["failed", "held"]);
  });

  it("takes another host when that one says that it has no room for it", async () => {
    const hosts = new Hosts({ a: makes, b: full });
    hosts.book("b");
    const { ended } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "a");
    assert.equal(hosts.api.changes[0], "release");
  });

  it("touches nothing that is somebody else's", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.book("a", "INSTANCE");
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.equal(ended.error.ending, "conflict");
    assert.deepEqual([hosts.api.changes, hosts.asked, standing], [[], [], "untouched"]);
  });

  it("touches nothing where Placement does not tell whose it is", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.book("a", "INSTANCE");
    hosts.api.isOld = true;
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.match(ended.error.message, /too old/);
    assert.deepEqual([hosts.api.changes, hosts.asked, standing], [[], [], "untouched"]);
  });

  it("is given back once its domain is gone, and stays while that goes", async () => {
    for (const [state, left] of [
      [ClaimState.GONE, "released"],
      [ClaimState.DELETING, "held"],
    ] as const) {
      const hosts = new Hosts({ a: makes, b: () => refusal(status.ALREADY_EXISTS, "CLAIM_ENDED") });
      hosts.book("b");
      hosts.having.add("b");
      hosts.standing = state;
      const { ended, standing } = await hosts.schedule({ again: true });
      assert.ok(ended.kind === "failed");
      assert.deepEqual([ended.error.reason, standing], ["CLAIM_ENDED", left]);
      assert.deepEqual([hosts.asked.length, hosts.api.claims.size], [1, left === "held" ? 1 : 0]);
    }
  });

  it("is a first call where nothing is booked", async () => {
    assert.equal((await new Hosts({ a: makes }).schedule({ again: true })).ended.kind, "made");
  });
});
