// What brings out the faults of PCI functions: changes of a GPU's mode, and of the number of its virtual functions.
import assert from "node:assert/strict";
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, type Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { FaultKind } from "../../../agent/simulator/faults/kinds.ts";
import type { Provocation } from "./provocation.ts";
import { GPU, SECOND_GPU } from "./requests.ts";
import { refusal } from "./rpc.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";
import { until } from "./until.ts";

/** Beside the usual GPU one that can be given away whole, or cut into virtual functions. */
const WIDER = `
kernel: 7.1.0
gpus:
  - { address: "${GPU}" }
  - { address: "${SECOND_GPU}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 7 }
`;
/** With nothing described. */
const USUAL = "{}";

/** The same on a host with the second GPU, which is in no mode afterwards; then the usual one boots again. */
function onWiderHost(answers: Provocation["answers"]): Provocation["answers"] {
  return async (agent, set, heal) => {
    await agent.loadHost(WIDER);
    await sawAnew(agent);
    try {
      const reasons = await answers(agent, set, heal);
      await setMode(agent, Mode.UNSPECIFIED);
      return reasons;
    } finally {
      // Also for the faults after one that was not as expected.
      await agent.loadHost(USUAL);
    }
  };
}

/** A host that is loaded ends the connection to libvirt, and the view of before may still stand when that is answered. */
async function sawAnew(agent: SimulatedAgent): Promise<void> {
  const request = SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode: Mode.SRIOV, validateOnly: true });
  await until("the second GPU could be given a mode", () =>
    agent.rpc.call(Gpus.setGpuMode, request).then(
      () => true,
      () => false,
    ),
  );
}

async function setMode(agent: SimulatedAgent, mode: Mode): Promise<void> {
  await agent.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode }));
}

async function cut(agent: SimulatedAgent, count: number): Promise<void> {
  const request = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU, count });
  // The agent gives the kernel a minute.
  await agent.rpc.call(Gpus.setVirtualFunctions, request, { deadline: Date.now() + 90_000 });
}

async function secondGpu(agent: SimulatedAgent): Promise<Gpu> {
  const found = (await agent.gpus()).find(({ pciAddress }) => pciAddress === SECOND_GPU);
  assert.ok(found);
  return found;
}

async function sawDriver(agent: SimulatedAgent, driver: string): Promise<void> {
  await until(`it is seen with ${driver}`, async () => (await secondGpu(agent)).driver === driver);
}

async function sawFunctions(agent: SimulatedAgent, count: number): Promise<void> {
  await until(
    `${count} functions are seen`,
    async () => (await secondGpu(agent)).virtualFunctions?.enabled === count,
  );
}

export const functionProvocations = {
  BIND_FAILS: {
    fault: { object: SECOND_GPU, errno: "EINVAL" },
    answers: onWiderHost(async (agent, set, heal) => {
      await set();
      const { reason } = await refusal(setMode(agent, Mode.GVT_D));
      const { driver, mode } = await secondGpu(agent);
      assert.deepEqual([driver, mode], ["xe", Mode.UNSPECIFIED]);
      await heal();
      await setMode(agent, Mode.GVT_D);
      await sawDriver(agent, "vfio-pci");
      return [reason];
    }),
  },
  BIND_HANGS: {
    fault: { gpu: SECOND_GPU },
    isSlow: true,
    answers: onWiderHost(async (agent, set, heal) => {
      await set();
      const { reason } = await refusal(setMode(agent, Mode.GVT_D));
      const { driver, mode } = await secondGpu(agent);
      assert.deepEqual([driver, mode], ["xe", Mode.GVT_D]);
      await heal();
      await sawDriver(agent, "vfio-pci");
      return [reason];
    }),
  },
  SET_VIRTUAL_FUNCTIONS_FAILS: {
    fault: { gpu: SECOND_GPU },
    answers: onWiderHost(async (agent, set, heal) => {
      await setMode(agent, Mode.SRIOV);
      await set();
      const { reason } = await refusal(cut(agent, 2));
      assert.equal((await secondGpu(agent)).virtualFunctions?.enabled, 0);
      await heal();
      assert.equal((await secondGpu(agent)).virtualFunctions?.enabled, 0);
      await cut(agent, 2);
      await cut(agent, 0);
      return [reason];
    }),
  },
  SET_VIRTUAL_FUNCTIONS_BLOCKS: {
    isSlow: true,
    answers: onWiderHost(async (agent, set, heal) => {
      await setMode(agent, Mode.SRIOV);
      await set();
      const { reason } = await refusal(cut(agent, 2));
      assert.equal((await secondGpu(agent)).virtualFunctions?.enabled, 0);
      await heal();
      await sawFunctions(agent, 2);
      await cut(agent, 0);
      return [reason];
    }),
  },
} as const satisfies Partial<Record<FaultKind, Provocation>>;
