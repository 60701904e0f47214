// A claim that is named by its domain, while some host does not say what it has.
import assert from "node:assert/strict";
import { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { connect } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import * as facts from "../facts.ts";
import { fakeVgpud, type FakeVgpud } from "../fake-vgpud.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const OTHER = "1c6e1b4f-7d64-4b10-8e1c-0b5b304d2e3f";

/** Each host has a claim, and nobody serves the other one. */
function around(vgpud: FakeVgpud): Around {
  vgpud.domains.set(CLAIM, Domain.fromPartial({ ...facts.domain, claimId: CLAIM, name: "web-9" }));
  const all = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: "/nonexistent.sock" });
  all.book(CLAIM, HERE);
  all.book(OTHER, ELSEWHERE);
  return all;
}

describe("a claim that is named by its domain", () => {
  it("is told with its id where a host has it and another does not answer, which may have one, too", async () => {
    await using vgpud = await fakeVgpud();
    for (const [verb, ...stop] of [["status"], ["destroy", "--now"], ["destroy", "--grace", "5s"]]) {
      const { stderr, exitCode } = await around(vgpud).schedule([verb ?? "", "web-9", ...stop]);
      assert.equal(exitCode, exitCodes.unreachable);
      const line = ["vgpuctl schedule", verb, CLAIM, ...stop].join(" ");
      assert.match(stderr, new RegExp(`\\nhint: ${HERE} has web-9, claim ${CLAIM}: ${line}\\n`));
    }
  });

  it("is asked for on the host alone that the user names", async () => {
    await using vgpud = await fakeVgpud();
    const found = await around(vgpud).schedule(["status", "web-9", "--host", HERE]);
    assert.equal(found.exitCode, 0, found.stderr);
    const none = await around(vgpud).schedule(["destroy", "web-8", "--host", HERE]);
    assert.match(none.stderr, new RegExp(`^error: no claim of vgpuctl's has a domain web-8 on ${HERE}\n`));
    assert.ok(none.stderr.includes(`: vgpuctl --socket ${vgpud.socketPath} domains web-8\n`), none.stderr);
    const gone = await around(vgpud).schedule(["destroy", "web-9", "--host", HERE, "--now"]);
    assert.equal(gone.exitCode, 0, gone.stderr);
  });

  it("may be named by its id as other commands take it, too", async () => {
    await using vgpud = await fakeVgpud();
    const [plain, prefixed] = await Promise.all(
      [CLAIM, `claim:${CLAIM}`].map((word) => around(vgpud).schedule(["status", word, "--host", HERE])),
    );
    assert.deepEqual([plain?.exitCode, plain], [0, prefixed]);
  });

  it("ends as by its id where hosts refuse the certificate, with what leads on", async () => {
    await using vgpud = await fakeVgpud();
    const hints = ["that host's log says why"];
    const connecting: Environment["connect"] = (options) => ({
      ...connect(options),
      getHost: () => Promise.reject(new CliError("permission", "not let in", { hints })),
    });
    const { stderr, exitCode } = await around(vgpud).schedule(["destroy", "web-9"], { connect: connecting });
    assert.equal(exitCode, exitCodes.permission);
    assert.match(
      stderr,
      /\nhint: name the claim by its id, as shown by: vgpuctl schedule list\nhint: that host's log says why\n/,
    );
  });
});
