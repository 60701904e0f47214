// What a kernel and vgpud-hostd do to a caller: creates and removals that fail, hang, lie or leak, and GPUs that go.
import assert from "node:assert/strict";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { ERRNOS } from "../../../../agent/simulator/faults/kinds.ts";
import type { FaultFields } from "../../../../agent/simulator/faults/fault.ts";
import { GPU, type, type Draft } from "../requests.ts";
import { refusal } from "../rpc.ts";
import { until } from "../until.ts";
import { STANDING, type Mode, type Modes, type Scene } from "./mode.ts";

const DEVICE = `sys/devices/pci0000:00/${GPU}`;
const HOUR_MS = 3_600_000;
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

const set =
  (...faults: readonly FaultFields[]) =>
  ({ world }: Scene): Promise<void> =>
    world.setFaults(...faults);

/** On the first GPU; another is well. */
const hurts = (fault: Omit<FaultFields, "gpu">, over: string): Mode => ({
  come: set({ ...fault, gpu: GPU }),
  over,
});

function smallOnFirst({ vgpu }: Draft): void {
  vgpu.want = { $case: "type", value: type(8) };
  vgpu.gpu = GPU;
}

/** What a vGPU was made in is remembered as being in pieces until a vGPU of the GPU goes. */
async function makeAndRemoveASmallOne({ world }: Scene): Promise<void> {
  await world.clearFaults();
  await world.create("small", smallOnFirst);
  await world.destroy("small", AT_ONCE);
}

async function restartStanding({ world }: Scene): Promise<void> {
  await world.clearFaults();
  await world.stop(STANDING, AT_ONCE);
  await world.start(STANDING);
}

const without = async ({ world }: Scene): Promise<void> => {
  await until("the vGPU is seen to be gone", async () => {
    const { claimState } = await world.named(STANDING);
    return claimState === ClaimState.FAILED;
  });
};

const takes = (fault: FaultFields, over: string): Mode => ({
  come: async (scene) => {
    await scene.world.setFaults(fault);
    await without(scene);
  },
  go: restartStanding,
  over: `${over}; the other domain was stopped and started`,
});

const errnos = ERRNOS.filter((errno) => errno !== "ENOSPC");

/** They must all be answered alike; the last one stays. */
async function failsWithEach({ world }: Scene): Promise<void> {
  const answers = new Set<string>();
  for (const errno of errnos) {
    await world.setFaults({ kind: "CREATE_FAILS", errno, gpu: GPU });
    const { code, reason, message } = await refusal(world.create("hurt", smallOnFirst));
    assert.match(message, new RegExp(errno));
    answers.add(`${code} ${reason ?? ""}`);
  }
  assert.equal(answers.size, 1, [...answers].join(", "));
}

export const ofTheKernel: Modes = {
  [`fails to make a vGPU with ${errnos.join(", ")}`]: { come: failsWithEach, over: "it makes them again" },
  "fails to make a vGPU with ENOSPC, and counts room": {
    ...hurts({ kind: "CREATE_FAILS", errno: "ENOSPC" }, "a vGPU of the GPU went"),
    go: makeAndRemoveASmallOne,
  },
  "takes an hour to make a vGPU": hurts({ kind: "CREATE_LATE", delay_ms: HOUR_MS }, "it has made it"),
  "says that it made a vGPU, and there is none": hurts(
    { kind: "CREATE_SHOWS_NOTHING" },
    "it makes them again",
  ),
  "makes a vGPU without driver and IOMMU group": hurts({ kind: "CREATE_PARTIAL" }, "it makes them whole"),
  "hangs in the removal of a vGPU": hurts({ kind: "REMOVE_BLOCKS" }, "it goes on"),
  "fails to remove a vGPU": hurts({ kind: "REMOVE_FAILS", errno: "EAGAIN" }, "it removes them again"),
  "removes a vGPU and keeps its room (5.10, 6.1)": {
    ...hurts({ kind: "REMOVE_LEAKS" }, "the next boot"),
    hasCondition: true,
    own: { leaks: true },
  },
  "has a vGPU that another process holds": hurts({ kind: "VGPU_HELD" }, "the process has ended"),
  "loses the vGPUs of running domains": takes({ kind: "VGPU_VANISHES", gpu: GPU, times: 2 }, "by itself"),
  "counts less room than there is": {
    ...hurts({ kind: "AVAILABLE_INSTANCES_WRONG", instances: -7 }, "it counts right"),
    hasCondition: true,
  },
  "cannot tell the size of a GPU (EIO)": {
    come: set({ kind: "FILE_FAILS", target: `${DEVICE}/resource` }),
    over: "it can be read",
  },
  "has lost a GPU": takes({ kind: "GPU_VANISHES", gpu: GPU }, "it is back"),
  "has a GPU without its driver": takes({ kind: "GPU_UNBOUND", gpu: GPU }, "it is bound"),
  "has kvmgt unloaded": takes({ kind: "KVMGT_UNLOADED" }, "it is loaded"),
};

export const ofHostd: Modes = {
  "stands still (SIGSTOP)": { come: set({ kind: "HOSTD_HANGS" }), over: "SIGCONT" },
  "is killed": { come: set({ kind: "HOSTD_GONE" }), over: "it is started" },
};
