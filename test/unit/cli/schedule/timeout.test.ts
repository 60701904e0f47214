// What is told where the user's --timeout ended the wait for a host, and where a limit of vgpuctl's own did.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { ownLimit } from "../../../../agent/cli/client/limit.ts";
import { connect } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { limitsOf } from "../../../../agent/cli/schedule/agent-use.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import * as facts from "../facts.ts";
import { fakeVgpud } from "../fake-vgpud.ts";
import { scheduling } from "../scheduling.ts";
import { vgpuctl } from "../vgpuctl.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const AWAY = "/nonexistent.sock";
const CREATE = ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"];

const LATE_PATH = "/late.sock";
const AN_ANSWER = "is --timeout too short for a host's answer?";
/** As the client ends a call after its deadline. */
const LATE = { code: status.DEADLINE_EXCEEDED, message: "too late" };

function hintsIn(stderr: string): readonly string[] {
  return stderr.split("\n").flatMap((line) => (line.startsWith("hint: ") ? [line.slice(6)] : []));
}

/** What answers by LATE_PATH is not in time to say what it has. `waitedMs` is told how long that is. */
function late(waitedMs: number[] = []): Environment["connect"] {
  return (options) => {
    const { target, timeout } = options;
    const real = connect(options);
    if (target.kind !== "socket" || target.path !== LATE_PATH) return real;
    waitedMs.push(timeout.ms);
    return { ...real, getDomain: () => Promise.reject(new CliError("failure", "late", { late: timeout })) };
  };
}

describe("a --timeout", () => {
  it("that is none is refused by each command before anything is told or asked", async () => {
    for (const argv of [CREATE, ["list"], ["status", CLAIM], ["destroy", CLAIM]])
      for (const given of ["abc", "0"]) {
        const ran = await vgpuctl(undefined, ["schedule", ...argv, "--timeout", given], {
          ...scheduling(CLAIM),
          placement: () => assert.fail("Placement is asked"),
        });
        assert.equal(ran.exitCode, exitCodes.usage, ran.stderr);
        assert.match(ran.stderr, /^error: --timeout takes /);
        assert.deepEqual(ran.notes, []);
      }
  });

  it("that ended a look at a host is the first hint of each command, by the look alone", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.refuse(LATE);
    const [booked, unbooked] = [new Around(vgpud, [HERE]), new Around(vgpud, [HERE])];
    booked.book(CLAIM, HERE);
    for (const [around, argv] of [
      [booked, ["status", CLAIM]],
      [booked, ["destroy", CLAIM, "--grace", "1s"]],
      [booked, ["status", "web-1"]],
      [booked, ["destroy", "web-1"]],
      [booked, ["list"]],
      [unbooked, ["status", CLAIM]],
      [unbooked, ["destroy", CLAIM]],
    ] as const) {
      const { stderr } = await around.schedule([...argv, "--timeout", "60s"]);
      assert.equal(hintsIn(stderr)[0], AN_ANSWER, stderr);
      assert.doesNotMatch((await around.schedule(argv)).stderr, /too short/);
    }
  });

  it("that ended a look at another host is the first hint, too", async () => {
    await using vgpud = await fakeVgpud();
    for (const [host, verb] of [
      [HERE, "status"],
      [HERE, "destroy"],
      [ELSEWHERE, "status"],
    ] as const) {
      const around = new Around(vgpud, [host], { [ELSEWHERE]: AWAY, "kvm-2": LATE_PATH });
      around.book(CLAIM, host);
      const { stderr } = await around.schedule([verb, CLAIM, "--timeout", "60s"], { connect: late() });
      assert.equal(hintsIn(stderr)[0], AN_ANSWER, stderr);
    }
  });

  it("that ended the wait for a destroy is the first hint, by the destroy", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.domains.set(CLAIM, Domain.fromPartial({ ...facts.domain, claimId: CLAIM }));
    const around = new Around(vgpud, [HERE]);
    around.book(CLAIM, HERE);
    const note = (): void => {
      vgpud.refuse(LATE);
    };
    const { stderr } = await around.schedule(["destroy", CLAIM, "--timeout", "60s"], { note });
    assert.match(
      hintsIn(stderr)[0] ?? "",
      /^is --timeout too short for a destroy, which takes up to --grace/,
    );
  });

  it("that ended the wait for a candidate is named before the host is, and no other is", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hang();
    const { stderr } = await new Around(vgpud, [HERE]).schedule([...CREATE, "--timeout", "2s"]);
    const [first, second] = hintsIn(stderr);
    assert.equal(first, "is --timeout too short for a create and the looks at hosts before it?");
    assert.match(second ?? "", /^that host is overloaded/);
    const longer = await new Around(vgpud, [HERE]).schedule([...CREATE, "--timeout", "60s"]);
    assert.match(longer.stderr, /hint: that host is overloaded/);
    assert.doesNotMatch(longer.stderr, /too short/);
  });

  it("is not named where the limit was vgpuctl's own, though --timeout is shorter", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.domains.set(
      CLAIM,
      Domain.fromPartial({ ...facts.domain, claimId: CLAIM, claimState: ClaimState.GONE }),
    );
    const around = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: LATE_PATH });
    around.book(CLAIM, HERE);
    const waitedMs: number[] = [];
    const again = [...CREATE, "--claim-id", CLAIM, "--timeout", "1s"];
    const { stderr } = await around.schedule(again, { connect: late(waitedMs) });
    assert.match(stderr, new RegExp(`${ELSEWHERE} could not be asked: late`));
    assert.deepEqual(waitedMs, [3000]);
    assert.doesNotMatch(stderr, /too short/);
  });

  it("is not named where nobody is there to be waited for", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [ELSEWHERE], { [ELSEWHERE]: AWAY });
    around.book(CLAIM, ELSEWHERE);
    const { stderr } = await around.schedule(["status", CLAIM, "--timeout", "5s"]);
    assert.match(stderr, /there is no socket/);
    assert.doesNotMatch(stderr, /too short/);
  });
});

describe("the limit of a call to a host", () => {
  const given = { ms: 60_000, isUsers: true };

  it("is the user's as far as --timeout, or what is left of it, is less than vgpuctl's own", () => {
    const { timeout, connectTimeout } = limitsOf({}, given);
    assert.deepEqual([timeout, connectTimeout], [given, ownLimit(10_000)]);
    assert.deepEqual(limitsOf({ leftMs: 10_001 }, given).timeout, { ms: 10_001, isUsers: true });
    assert.deepEqual(limitsOf({ answerMs: 3000, leftMs: 2000 }, given).connectTimeout, {
      ms: 2000,
      isUsers: true,
    });
    // As long as limits of vgpuctl's own are, and none of them all the same.
    assert.deepEqual(limitsOf({ leftMs: 10_000 }, given).timeout, { ms: 10_000, isUsers: true });
    assert.deepEqual(limitsOf({}, ownLimit(180_000)).timeout, ownLimit(180_000));
  });

  it("is vgpuctl's own where both end at once, since a longer --timeout comes to the same, and where it is unhurried", () => {
    assert.deepEqual(limitsOf({ answerMs: 3000, leftMs: 3000 }, given).timeout, ownLimit(3000));
    assert.deepEqual(limitsOf({}, { ms: 10_000, isUsers: true }).connectTimeout, ownLimit(10_000));
    const unhurried = limitsOf(
      { answerMs: 3000, leftMs: 1000, isUnhurried: true },
      { ms: 1000, isUsers: true },
    );
    assert.deepEqual(unhurried, { timeout: ownLimit(3000), connectTimeout: ownLimit(3000) });
  });
});
