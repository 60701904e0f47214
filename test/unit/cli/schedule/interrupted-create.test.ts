// A create that the user ends with Ctrl-C while Placement is asked.
import assert from "node:assert/strict";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { fakeVgpud } from "../fake-vgpud.ts";
import { Around, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const CREATE = ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"];
const cutOff = (): Promise<never> => Promise.reject(new Error("aborted"));

describe("a create that is interrupted", () => {
  for (const [answer, answered] of [
    ["is cut off", cutOff],
    ["comes all the same", () => Promise.resolve([])],
  ] as const)
    for (const question of ["bearing", "providerNamed"] as const)
      it(`ends so while it asks why there is no candidate and the answer ${answer}: ${question}`, async () => {
        await using vgpud = await fakeVgpud();
        const around = new Around(vgpud, []);
        const interrupt = new AbortController();
        around.api[question] = () => {
          interrupt.abort();
          return answered() as Promise<never>;
        };
        const { stderr, exitCode } = await around.schedule(CREATE, { signal: interrupt.signal });
        assert.equal(stderr, "error: interrupted\n  nothing was booked\n");
        assert.equal(exitCode, exitCodes.interrupted);
      });

  it("says that nothing was booked once Placement has said so of its claim", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, []);
    const interrupt = new AbortController();
    around.api.bearing = () => {
      interrupt.abort();
      return cutOff();
    };
    const again = [...CREATE, "--claim-id", CLAIM];
    const { stderr, exitCode } = await around.schedule(again, { signal: interrupt.signal });
    assert.equal(stderr, "error: interrupted\n  nothing was booked\n");
    assert.equal(exitCode, exitCodes.interrupted);
  });

  it("says nothing of what a call before has booked while it is not known, and leads to it", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [HERE]);
    around.book(CLAIM, HERE);
    const interrupt = new AbortController();
    around.api.allocation = () => {
      interrupt.abort();
      return cutOff();
    };
    const again = [...CREATE, "--claim-id", CLAIM];
    const { stderr, exitCode } = await around.schedule(again, { signal: interrupt.signal });
    const look = `to look at what is booked for it: vgpuctl schedule status ${CLAIM}`;
    assert.equal(stderr, `error: interrupted\n  nothing further was booked\nhint: ${look}\n`);
    assert.equal(exitCode, exitCodes.interrupted);
    const { stdout } = await around.schedule([...again, "-o", "json"], { signal: interrupt.signal });
    assert.equal((JSON.parse(stdout) as Record<string, unknown>)["booking"], "unknown");
  });
});
