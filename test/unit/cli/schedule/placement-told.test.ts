// How a Placement that cannot be asked is told, with what leads on from there.
import assert from "node:assert/strict";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { toldOf } from "../../../../agent/cli/schedule/placement-failure.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { fakeVgpud } from "../fake-vgpud.ts";
import { Around, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const CREATE = ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"];
const unreachable = new PlacementError("unreachable", "GET /: ECONNREFUSED");

describe("a Placement that cannot be asked", () => {
  it("leads to the file that says where it is, also where what answers there is none", () => {
    for (const error of [unreachable, new PlacementError("bad-answer", "what is no JSON")]) {
      const { ending, hints } = toldOf(error, "s.yaml");
      assert.deepEqual([ending, hints], ["unreachable", ["where it is: placement of s.yaml"]]);
    }
  });

  it("leads to placement.ca_file where no authority of its certificate is known", () => {
    const cause = Object.assign(new Error("self-signed certificate in certificate chain"), {
      code: "SELF_SIGNED_CERT_IN_CHAIN",
    });
    const { ending, hints } = toldOf(new PlacementError("unreachable", "GET /", { cause }), "s.yaml");
    assert.equal(ending, "unreachable");
    assert.match(hints.join("\n"), /^placement\.ca_file of s\.yaml takes the CAs /);
  });

  it("does not make a create say that nothing is booked for a claim of a call before, unless it has said so", async () => {
    await using vgpud = await fakeVgpud();
    for (const [flags, failing, says] of [
      [["--claim-id", CLAIM], ["allocation"], "  nothing further was booked"],
      [["--claim-id", CLAIM], ["candidates"], "  nothing was booked"],
      [[], ["candidates"], "  nothing was booked"],
    ] as const) {
      const around = new Around(vgpud, [HERE]);
      for (const of of failing) around.api.mishaps.push({ of, when: "before", error: unreachable });
      const { stderr, exitCode } = await around.schedule([...CREATE, ...flags]);
      assert.equal(exitCode, exitCodes.unreachable);
      assert.ok(stderr.split("\n").includes(says), stderr);
    }
  });

  it("leads a destroy to the line for the host alone, where the user names the host", async () => {
    await using vgpud = await fakeVgpud();
    for (const [word, direct] of [
      [CLAIM, `claim:${CLAIM}`],
      ["web-1", "web-1"],
    ] as const) {
      const around = new Around(vgpud, [HERE]);
      around.api.all = () => Promise.reject(unreachable);
      around.api.allocation = () => Promise.reject(unreachable);
      const named = await around.schedule(["destroy", word, "--host", HERE, "--now"]);
      assert.match(
        named.stderr,
        new RegExp(`hint: to end it without Placement, .*: vgpuctl --socket \\S+ destroy ${direct} --now\\n`),
      );
      const unnamed = await around.schedule(["destroy", word]);
      assert.doesNotMatch(unnamed.stderr, /without Placement/);
    }
  });
});
