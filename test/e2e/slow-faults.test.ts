// What only a deadline of some seconds ends. The scenarios run side by side, each on a host of its own.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

const scenarios = {
  "a removal that something holds up is answered in time, names who, and ends by itself": async () => {
    await using world = await World.start("{ kernel: 6.12.107 }");
    const held = await world.create("held");
    await world.create("blocked");
    await world.stop("held", AT_ONCE);
    const [uuid = ""] = present(held.domain).vgpuIds;
    await world.host.control({ command: "hold", uuid, pid: 4242, name: "guest-viewer" });
    await world.setFaults({ kind: "REMOVE_BLOCKS" });
    const [one, other] = await Promise.all([world.destroy("held"), world.destroy("blocked", AT_ONCE)]);
    assert.deepEqual(
      [
        one.domain?.claimState,
        one.domain?.failure?.reason,
        other.domain?.claimState,
        other.domain?.failure?.reason,
      ],
      [ClaimState.DELETING, "VGPU_IN_USE", ClaimState.DELETING, "VGPU_REMOVE_BLOCKED"],
    );
    assert.deepEqual(
      one.domain?.holders.map(({ pid, command }) => [pid, command]),
      [[4242, "guest-viewer"]],
    );
    assert.deepEqual(
      one.domain.stillHolds.map((what) => what.split(" ")[0]),
      ["vgpu", "definition"],
    );
    const operation = await world.operation(one.operation);
    assert.deepEqual([operation.state, operation.failure?.reason], [OperationState.RUNNING, "VGPU_IN_USE"]);
    // What hangs costs nobody else anything: the room it takes still counts, the rest can be had.
    await world.clearFaults();
    const third = await world.create("third");
    assert.equal(third.domain?.claimState, ClaimState.ACTIVE);
    await world.host.control({ command: "release", pid: 4242 });
    await until("both are gone", async () => (await world.domains()).every(({ name }) => name === "third"));
    assert.equal((await world.operation(one.operation)).state, OperationState.SUCCEEDED);
    assert.deepEqual(
      (await world.truth()).mdevs.map((mdev) => mdev.uuid),
      third.domain.vgpuIds,
    );
    assert.equal((await world.destroy("held", AT_ONCE)).domain?.claimState, ClaimState.GONE);
  },
  "a libvirt that goes in the middle of a create is waited for a little, then the create is undone":
    async () => {
      await using world = await World.start();
      await world.setFaults({ kind: "CREATE_LATE", delay_ms: 60_000, times: 2 });
      const creating = refusal(world.create("desk-1"));
      await until("the kernel is asked for the slice", () => world.hasStruck("CREATE_LATE"));
      await world.setFaults({ kind: "LIBVIRT_GONE" });
      await world.host.control({ command: "advance", ms: 60_000 });
      await until("the kernel has made it", async () => (await world.truth()).mdevs.length === 1);
      const error = await creating;
      assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "LIBVIRT_UNAVAILABLE"]);
      await world.clearFaults();
      await until("nothing is left", async () => {
        const { mdevs, domains } = await world.truth();
        return mdevs.length + domains.length + (await world.claimFiles()).length === 0;
      });
    },
  "a libvirt that hangs costs its own calls a deadline, and no read anything": async () => {
    await using world = await World.start();
    await world.create("desk-1");
    await world.setFaults({ kind: "LIBVIRT_HANGS" });
    const changes = Promise.all([refusal(world.create("desk-2")), refusal(world.stop("desk-1"))]);
    assert.equal((await world.gpus()).length, 1);
    assert.equal((await world.domains()).length, 1);
    for (const { code, reason } of await changes) {
      assert.equal(code, "UNAVAILABLE");
      assert.ok(reason === "LIBVIRT_TIMEOUT" || reason === "LIBVIRT_UNAVAILABLE", reason);
    }
    // Its connection stands for a while yet.
    assert.equal((await world.shownHost()).libvirt?.connected, false);
    await world.clearFaults();
    // Nobody asks for anything: the agent finds out by itself.
    await world.sawLibvirt();
    assert.equal((await world.shownHost()).libvirt?.connected, true);
    await world.destroy("desk-1", AT_ONCE);
    assert.deepEqual((await world.truth()).mdevs, []);
  },
  "a hostd that hangs costs the create alone, and what it made late is not left behind": async () => {
    await using world = await World.start();
    await world.setFaults({ kind: "HOSTD_HANGS" });
    const creating = refusal(world.create("desk-1"));
    await until(
      "the claim is seen",
      async () => (await world.domains())[0]?.claimState === ClaimState.CREATING,
    );
    const error = await creating;
    assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "HOSTD_UNAVAILABLE"]);
    assert.equal((await world.claimed("desk-1")).claimState, ClaimState.FAILED);
    await world.clearFaults();
    // Its file goes first: a create in between would still be told how the one before failed.
    await until("the claim is over", async () => (await world.domains()).length === 0);
    assert.deepEqual(await world.claimFiles(), []);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs, domains], [[], []]);
    assert.equal((await world.create("desk-1")).domain?.claimState, ClaimState.ACTIVE);
  },
} as const satisfies Record<string, () => Promise<void>>;

describe("side by side,", () => {
  let running: Record<string, Promise<unknown>> = {};
  before(() => {
    // Each is awaited by its own test; the first to fail must not end the others.
    running = Object.fromEntries(
      Object.entries(scenarios).map(([name, scenario]) => [
        name,
        scenario().then(
          () => undefined,
          (error: unknown) => error,
        ),
      ]),
    );
  });

  for (const name of Object.keys(scenarios)) {
    it(name, async () => {
      assert.ifError(await running[name]);
    });
  }
});
