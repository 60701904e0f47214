// What brings out the faults of PCI functions: somebody else binds them and makes virtual ones beside vgpud, which looks on.
import assert from "node:assert/strict";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { FaultKind } from "../../../agent/simulator/faults/kinds.ts";
import { struck, type Provocation } from "./provocation.ts";
import { GPU, SECOND_GPU } from "./requests.ts";
import type { SimulatedAgent } from "./simulated-agent.ts";
import { asSomebodyElse, foreignXml } from "./somebody-else.ts";
import { until } from "./until.ts";

/** Beside the usual GPU one that can be cut into virtual functions. */
const WIDER = `
kernel: 7.1.0
gpus:
  - { address: "${GPU}" }
  - { address: "${SECOND_GPU}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 7 }
`;
/** With nothing described. */
const USUAL = "{}";
const WHOLE = foreignXml({ name: "whole", uuid: "6c9c1f1e-bbbb-4000-8000-000000000002", pciFunction: 0 });
const TWO = { command: "set-vfs", gpu: SECOND_GPU, count: 2 } as const;

/** The same on a host with the second GPU; the usual one boots again afterwards. */
function onWiderHost(answers: Provocation["answers"]): Provocation["answers"] {
  return async (agent, set, heal) => {
    await agent.loadHost(WIDER);
    await agent.sawLibvirt();
    const reasons = await answers(agent, set, heal);
    await agent.loadHost(USUAL);
    return reasons;
  };
}

async function secondGpu(agent: SimulatedAgent): Promise<Gpu> {
  const found = (await agent.gpus()).find(({ pciAddress }) => pciAddress === SECOND_GPU);
  assert.ok(found);
  return found;
}

async function sawDriver(agent: SimulatedAgent, driver: string): Promise<void> {
  await until(`it is seen with ${driver}`, async () => (await secondGpu(agent)).driver === driver);
}

async function sawOff(agent: SimulatedAgent): Promise<void> {
  await until(
    "the domain is seen off",
    async () => (await agent.domains())[0]?.state === DomainState.SHUT_OFF,
  );
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
      await asSomebodyElse(agent.libvirtSocket, async (libvirt) => {
        const whole = await libvirt.defineDomain(WHOLE);
        await assert.rejects(
          libvirt.startDomain(whole),
          /'vfio-pci' to driver_override .*: Invalid argument/,
        );
        await sawOff(agent);
        assert.equal((await secondGpu(agent)).driver, "xe");
        await heal();
        await libvirt.startDomain(whole);
        await sawDriver(agent, "vfio-pci");
        await libvirt.destroyDomain(whole);
        await libvirt.undefineDomain(whole);
      });
      return [];
    }),
  },
  BIND_HANGS: {
    fault: { gpu: SECOND_GPU, times: 2 },
    answers: onWiderHost(async (agent, set, heal) => {
      await set();
      await asSomebodyElse(agent.libvirtSocket, async (libvirt) => {
        const whole = await libvirt.defineDomain(WHOLE);
        const starting = libvirt.startDomain(whole);
        await struck(agent);
        await sawOff(agent);
        assert.equal((await secondGpu(agent)).driver, "xe");
        await heal();
        await starting;
        await sawDriver(agent, "vfio-pci");
        await libvirt.destroyDomain(whole);
        await libvirt.undefineDomain(whole);
      });
      return [];
    }),
  },
  SET_VIRTUAL_FUNCTIONS_FAILS: {
    fault: { gpu: SECOND_GPU },
    answers: onWiderHost(async (agent, set, heal) => {
      await set();
      await assert.rejects(agent.behindItsBack(TWO), /cannot set the virtual functions: ENOMEM/);
      assert.equal((await secondGpu(agent)).virtualFunctions?.enabled, 0);
      await heal();
      await agent.behindItsBack(TWO);
      await sawFunctions(agent, 2);
      return [];
    }),
  },
  SET_VIRTUAL_FUNCTIONS_BLOCKS: {
    answers: onWiderHost(async (agent, set, heal) => {
      await set();
      await agent.behindItsBack(TWO);
      assert.equal((await secondGpu(agent)).virtualFunctions?.enabled, 0);
      await heal();
      await sawFunctions(agent, 2);
      return [];
    }),
  },
} as const satisfies Partial<Record<FaultKind, Provocation>>;
