// The status of a booked claim whose host does not say whether it has a domain, and what is known of it all the same.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { connect } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import * as facts from "../facts.ts";
import { fakeVgpud, type FakeVgpud } from "../fake-vgpud.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const AWAY = "/nonexistent/vgpud.sock";
const THIRD = "kvm-2";
const BOOKED = `claim ${CLAIM} is booked on ${ELSEWHERE} 0000:00:02.0: CUSTOM_INTEL_VGPU:1`;

/** Booked on a host that nobody serves. */
function bookedAway(vgpud: FakeVgpud, addresses: Readonly<Record<string, string>> = {}): Around {
  const around = new Around(vgpud, [ELSEWHERE], { [ELSEWHERE]: AWAY, ...addresses });
  around.book(CLAIM, ELSEWHERE);
  return around;
}

describe("the status of a claim whose host does not say what it has", () => {
  it("says what is booked, and names the others that do not say it either, in a document, too", async () => {
    await using vgpud = await fakeVgpud();
    const around = bookedAway(vgpud, { [THIRD]: AWAY });
    const ran = await around.schedule(["status", CLAIM]);
    assert.equal(ran.exitCode, exitCodes.unreachable);
    const why = `vgpud does not answer: there is no socket at ${AWAY}`;
    const unknown = `whether ${THIRD} has a domain of it is not known: ${why}`;
    assert.ok(
      ran.stderr.startsWith(`error: ${ELSEWHERE}: ${why}\n  ${BOOKED}\n  ${unknown}\nhint: `),
      ran.stderr,
    );
    const { stderr } = await around.schedule(["status", CLAIM, "-o", "json"]);
    const { error } = JSON.parse(stderr) as { readonly error: { readonly details: readonly string[] } };
    assert.deepEqual(error.details, [BOOKED, unknown]);
  });

  it("is told with that where Placement does not say which others there are", async () => {
    await using vgpud = await fakeVgpud();
    const around = bookedAway(vgpud);
    around.api.all = () => Promise.reject(new PlacementError("failed", "GET: 500"));
    const { stderr, exitCode } = await around.schedule(["status", CLAIM]);
    assert.equal(exitCode, exitCodes.unreachable);
    assert.match(
      stderr,
      new RegExp(
        `^error: ${ELSEWHERE}: vgpud does not answer: .*\\n {2}${BOOKED}\\n {2}whether another host has a domain of claim ${CLAIM} is not known: GET: 500\\nhint: `,
      ),
    );
  });

  it("is told where its host has no domain of it, with the exit code of the fault where Placement does not say which others there are", async () => {
    await using vgpud = await fakeVgpud();
    for (const [kind, exitCode] of [
      ["failed", exitCodes.unreachable],
      ["unreachable", exitCodes.unreachable],
      ["bad-answer", exitCodes.unreachable],
      ["unauthorized", exitCodes.permission],
      ["version", exitCodes.failure],
      ["refused", exitCodes.failure],
    ] as const) {
      const around = new Around(vgpud, [HERE]);
      around.book(CLAIM, HERE);
      around.api.all = () => Promise.reject(new PlacementError(kind, "GET: no"));
      const ran = await around.schedule(["status", CLAIM]);
      assert.equal(ran.exitCode, exitCode, kind);
      assert.match(
        ran.stdout,
        new RegExp(`^domain: +none on ${HERE}, and whether another has one is not known$`, "m"),
      );
      assert.match(ran.stderr, new RegExp(`^error: whether another host has .* is not known: .*GET: no\n`));
    }
  });

  it("keeps what is known of why, beside what another has", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.domains.set(CLAIM, Domain.fromPartial({ ...facts.domain, claimId: CLAIM }));
    const refused: Environment["connect"] = (options) => {
      const { target } = options;
      const real = connect(options);
      if (target.kind !== "socket" || target.path !== AWAY) return real;
      const lines = ["  it has expired: Nov 1 2026"];
      return {
        ...real,
        getDomain: () => Promise.reject(new CliError("permission", "not let in", { lines })),
      };
    };
    const { stderr, exitCode } = await bookedAway(vgpud).schedule(["status", CLAIM], { connect: refused });
    assert.equal(exitCode, exitCodes.permission);
    assert.ok(
      stderr.startsWith(
        `error: ${ELSEWHERE}: not let in\n  it has expired: Nov 1 2026\n  ${BOOKED}\n  ${HERE} has a domain of claim ${CLAIM}, which is booked on ${ELSEWHERE}\n  to keep `,
      ),
      stderr,
    );
  });

  it("ends as where nobody is there also where the host takes the call and does not answer", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [HERE]);
    vgpud.refuse({ code: status.DEADLINE_EXCEEDED, message: "too late" });
    const unbooked = await around.schedule(["status", CLAIM, "--host", HERE]);
    around.book(CLAIM, HERE);
    const booked = await around.schedule(["status", CLAIM]);
    for (const { stderr, exitCode } of [unbooked, booked]) {
      assert.equal(exitCode, exitCodes.unreachable);
      assert.match(
        stderr,
        new RegExp(
          `^error: ${HERE}: no answer from vgpud within 10s\n(?:  claim .*\n)?hint: .* its vgpud is stuck; .*\n`,
        ),
      );
    }
  });

  it("ends as the user ends it while the others are asked", async () => {
    await using vgpud = await fakeVgpud();
    const around = bookedAway(vgpud);
    const interrupt = new AbortController();
    around.api.all = () => {
      interrupt.abort();
      return Promise.reject(new Error("aborted"));
    };
    const { exitCode } = await around.schedule(["status", CLAIM], { signal: interrupt.signal });
    assert.equal(exitCode, exitCodes.interrupted);
  });
});
