// The example that lists and then watches knows what changes, and begins anew after a restart of vgpud.
import assert from "node:assert/strict";
import { World } from "../e2e/harness/world.ts";
import { ClientProcess } from "./scheduler-clients/client-process.ts";
import { Python, whyNoPython } from "./scheduler-clients/python.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const room = (smallest: number, small: number, half: number, whole: number): string =>
  `gpu 0000:00:02.0: ${smallest} of i915-GVTg_V5_8, ${small} of i915-GVTg_V5_4, ${half} of i915-GVTg_V5_2, ${whole} of i915-GVTg_V5_1`;
const EMPTY = room(7, 5, 2, 1);

describe("the scheduler's client that follows a host", () => {
  it("tells what each GPU has room for whenever it changes, over a restart of vgpud", async function () {
    unlessImpossible(this, whyNoPython());
    await using python = await Python.prepare();
    await using world = await World.start();
    const program = python.command("docs/clients/python/follow.py");
    await using client = new ClientProcess([...program, "--socket", world.readSocket], python.env);
    await client.says(EMPTY);
    await world.create("desk-1");
    await client.says(room(5, 4, 2, 1));
    await world.agent.end();
    await client.says("STOPPING: once more in 2 s");
    await world.startAgain();
    await client.says("RESUME_OTHER_EPOCH: listing again");
    await world.create("desk-2");
    await client.says(room(4, 3, 1, 0));
    assert.equal(client.errors, "");
  });
});
