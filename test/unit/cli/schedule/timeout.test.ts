// What is told where the user's --timeout ended the wait for a host.
import assert from "node:assert/strict";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { fakeVgpud } from "../fake-vgpud.ts";
import { scheduling } from "../scheduling.ts";
import { vgpuctl } from "../vgpuctl.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const CREATE = ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"];

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

  it("that ended the wait for a host is named before the host is, and no other is", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hang();
    const around = new Around(vgpud, [HERE]);
    around.book(CLAIM, HERE);
    for (const argv of [["status", CLAIM], ["destroy", CLAIM, "--grace", "1s"], ["list"]]) {
      const { stderr } = await around.schedule([...argv, "--timeout", "100ms"]);
      assert.match(
        stderr,
        /^hint: is --timeout too short for (a host's answer|a destroy, which takes up to --grace)/m,
      );
    }
    const { stderr } = await new Around(vgpud, [HERE]).schedule([...CREATE, "--timeout", "2s"]);
    const [first, second] = stderr.split("\n").filter((line) => line.startsWith("hint: "));
    assert.match(
      first ?? "",
      /^hint: is --timeout too short for a create and the looks at hosts before it\?/,
    );
    assert.match(second ?? "", /^hint: that host is overloaded/);
    const longer = await new Around(vgpud, [HERE]).schedule([...CREATE, "--timeout", "60s"]);
    assert.match(longer.stderr, /hint: that host is overloaded/);
    assert.doesNotMatch(longer.stderr, /too short/);
  });

  it("is not named where nobody is there to be waited for", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [ELSEWHERE], { [ELSEWHERE]: "/nonexistent.sock" });
    around.book(CLAIM, ELSEWHERE);
    const { stderr } = await around.schedule(["status", CLAIM, "--timeout", "5s"]);
    assert.match(stderr, /there is no socket/);
    assert.doesNotMatch(stderr, /too short/);
  });
});
