// What is refused, on every backend: with the reason that helps, and nothing is changed.
import assert from "node:assert/strict";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Draft } from "../harness/requests.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";
import { truthOf } from "./host-truth.ts";
import { setMode } from "./modes.ts";
import { conform } from "./suite.ts";
import type { Trial } from "./trial.ts";

type CodeAndReason = readonly [string, string];

/** By code and reason; the host is as it was. */
async function assertRefused(
  trial: Trial,
  expected: CodeAndReason,
  change?: (draft: Draft) => void,
): Promise<void> {
  const before = await truthOf(trial.world);
  const error = await refusal(trial.create("refused", change));
  assert.deepEqual([error.code, error.reason], expected, error.message);
  assert.deepEqual(await truthOf(trial.world), before);
}

/** And no claim has been made for it, not even one that is being undone. */
async function assertNeverBegun(
  trial: Trial,
  expected: CodeAndReason,
  change?: (draft: Draft) => void,
): Promise<void> {
  const before = await trial.world.claimFiles();
  await assertRefused(trial, expected, change);
  assert.deepEqual(await trial.world.claimFiles(), before);
}

conform("refusals", {
  "a mode that the GPU is not in": async (trial) => {
    const other = trial.subject.shown.mode === Mode.GVT_S ? Mode.GVT_D : Mode.GVT_S;
    await assertNeverBegun(trial, ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"], ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: other };
    });
  },

  "a GPU that is in another mode, named or not": async (trial) => {
    const { world, subject } = trial;
    await subject.makeWhole?.(world);
    await setMode(world, subject.gpu, subject.otherMode);
    await assertNeverBegun(trial, ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"]);
    await assertNeverBegun(trial, ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"], ({ vgpu }) => {
      vgpu.gpu = subject.gpu;
    });
    await subject.bringIntoMode(world);
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "another mode for a GPU that a domain has something of": async (trial) => {
    const { world, subject } = trial;
    await trial.create("desk");
    const error = await refusal(setMode(world, subject.gpu, subject.otherMode));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "VGPU_IN_USE"]);
    assert.match(error.message, /domain desk \(claim /);
    await trial.assertTaken({ own: 1, foreign: 0 });
    await trial.destroy("desk");
  },

  "a GPU that is not there": async (trial) => {
    await assertNeverBegun(trial, ["NOT_FOUND", "GPU_NOT_FOUND"], ({ vgpu }) => {
      vgpu.gpu = "0000:7f:00.0";
    });
  },

  "a GPU that is drained, and a host that is": async (trial) => {
    const { world, subject } = trial;
    await world.rpc.call(Gpus.drainGpu, { gpu: subject.gpu, note: "fan is loud" });
    await assertNeverBegun(trial, ["FAILED_PRECONDITION", "GPU_DRAINED"]);
    assert.equal((await trial.gpu()).types[0]?.allocatable, 0);
    await world.rpc.call(Gpus.undrainGpu, { gpu: subject.gpu });
    await world.rpc.call(Hosts.drainHost, { note: "moves" });
    await assertNeverBegun(trial, ["FAILED_PRECONDITION", "HOST_DRAINED"]);
    await world.rpc.call(Hosts.undrainHost, {});
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "one more than there is room for": async (trial) => {
    const names = await trial.fill();
    const error = await refusal(trial.create("late"));
    assert.equal(error.code, "RESOURCE_EXHAUSTED");
    assert.ok(trial.subject.exhausted.includes(error.reason ?? ""), error.message);
    await trial.assertTaken({ own: trial.subject.room, foreign: 0 });
    for (const name of names) await trial.destroy(name);
  },

  "a create while vgpud-hostd is away": {
    needs: "needs hostd",
    run: async (trial) => {
      const { world } = trial;
      // Whatever the kernel was asked for when the mode was set it has forgotten then.
      await trial.boot();
      await world.setFaults({ kind: "HOSTD_GONE" });
      await assertRefused(trial, ["UNAVAILABLE", "HOSTD_UNAVAILABLE"]);
      await world.clearFaults();
      // What was begun can be undone only when hostd is back.
      await until("nothing is left of it", async () => (await world.vgpus()).length === 0);
      await trial.create("desk");
      await trial.destroy("desk");
    },
  },

  "a create while libvirt is away": async (trial) => {
    const { world } = trial;
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    await assertNeverBegun(trial, ["UNAVAILABLE", "LIBVIRT_UNAVAILABLE"]);
    await world.clearFaults();
    await world.sawLibvirt();
    await trial.create("desk");
    await trial.destroy("desk");
  },

  "a create that libvirt refuses, which leaves nothing and may be tried again": async (trial) => {
    const { world } = trial;
    await world.setFaults({ kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck", times: 1 });
    await assertRefused(trial, ["FAILED_PRECONDITION", "LIBVIRT_REFUSED"]);
    await world.clearFaults();
    await trial.assertTaken({ own: 0, foreign: 0 });
    await trial.create("refused");
    await trial.destroy("refused");
  },
});
