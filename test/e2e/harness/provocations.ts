// For each kind of fault of the simulator what brings it out, and the reasons that a client is told then.
import assert from "node:assert/strict";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { FaultKind } from "../../../agent/simulator/faults/kinds.ts";
import { functionProvocations } from "./function-provocations.ts";
import type { Provocation } from "./provocation.ts";
import { GPU, type } from "./requests.ts";
import { roomConditions } from "./room-conditions.ts";
import { refusal } from "./rpc.ts";
import type { FaultFields, SimulatedAgent } from "./simulated-agent.ts";
import { asListener, foreignXml } from "./somebody-else.ts";
import { until } from "./until.ts";

const MS = 1_000_000;
const OTHER = "6c9c1f1e-bbbb-4000-8000-000000000001";
const HOUR_MS = 3_600_000;
const delay = (ms: number): FaultFields => ({
  delay: { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * MS },
});

async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  return (await refusal(call)).reason;
}

/** A create of the usual type, refused. */
const refusedCreate: Provocation["answers"] = async (agent, set) => {
  await set();
  return [await reasonOf(agent.create("hurt"))];
};

/** What the first GPU's conditions give for a reason. */
async function conditionOf(agent: SimulatedAgent): Promise<string> {
  return await until("the GPU has a condition", async () => {
    const [gpu] = await agent.gpus();
    return roomConditions(gpu)[0]?.reason;
  });
}

async function seen(agent: SimulatedAgent, claimState: ClaimState): Promise<void> {
  await until(
    `it is seen as ${claimState}`,
    async () => (await agent.domains())[0]?.claimState === claimState,
  );
}

/** Resolves when a fault that may strike twice has struck. */
async function struck(agent: SimulatedAgent): Promise<void> {
  await until("the fault strikes", async () => (await agent.simulation()).faults[0]?.times === 1);
}

const oneOfAType =
  (size: 1 | 2 | 4 | 8) => (draft: Parameters<Parameters<SimulatedAgent["create"]>[1] & object>[0]) => {
    draft.vgpu.want = { $case: "type", value: type(size) };
  };

export const provocations: Readonly<Record<FaultKind, Provocation>> = {
  CREATE_FAILS: {
    fault: { errno: "EIO", times: 1 },
    answers: async (agent, set) => {
      await set();
      const first = await reasonOf(agent.create("hurt"));
      await agent.setFault({ name: "full", kind: "FAULT_KIND_CREATE_FAILS" });
      const second = await reasonOf(agent.create("hurt"));
      // A refusal for want of a piece is remembered until a vGPU of the GPU goes.
      await agent.clearFaults();
      await agent.create("small", oneOfAType(8));
      await agent.destroy("small");
      return [first, second];
    },
  },
  CREATE_LATE: { fault: { ...delay(30_000), times: 1 }, isSlow: true, answers: refusedCreate },
  CREATE_SHOWS_NOTHING: { answers: refusedCreate },
  CREATE_PARTIAL: { answers: refusedCreate },
  REMOVE_BLOCKS: {
    isSlow: true,
    answers: async (agent, set, heal) => {
      await agent.create("hurt");
      await set();
      const destroyed = await agent.destroy("hurt");
      assert.equal(destroyed?.claimState, ClaimState.DELETING);
      await heal();
      return [destroyed.failure?.reason];
    },
  },
  REMOVE_LEAKS: {
    answers: async (agent, set) => {
      await set();
      await agent.create("hurt", oneOfAType(1));
      assert.equal((await agent.destroy("hurt"))?.claimState, ClaimState.GONE);
      return [await conditionOf(agent), await reasonOf(agent.create("hurt-too", oneOfAType(1)))];
    },
  },
  REMOVE_FAILS: {
    answers: async (agent, set) => {
      await agent.create("hurt");
      await set();
      return [await reasonOf(agent.destroy("hurt"))];
    },
  },
  VGPU_VANISHES: {
    fault: { times: 1 },
    answers: async (agent, set, heal) => {
      const { domain } = await agent.create("hurt");
      await set();
      await until("it is seen", async () => (await agent.vgpus())[0]?.present === false);
      await seen(agent, ClaimState.FAILED);
      const [shown] = await agent.domains();
      assert.deepEqual([shown?.uuid, shown?.state], [domain?.uuid, DomainState.RUNNING]);
      await heal();
      assert.equal((await agent.destroy("hurt"))?.claimState, ClaimState.GONE);
      return [shown?.failure?.reason];
    },
  },
  VGPU_HELD: {
    isSlow: true,
    answers: async (agent, set, heal) => {
      await agent.create("hurt");
      await agent.stop("hurt");
      await set();
      const start = await reasonOf(agent.startDomain("hurt"));
      const destroyed = await agent.destroy("hurt");
      assert.equal(destroyed?.claimState, ClaimState.DELETING);
      assert.deepEqual(
        destroyed.holders.map(({ command }) => command),
        ["vgpu-holder"],
      );
      await heal();
      return [destroyed.failure?.reason, start];
    },
  },
  ...functionProvocations,
  GM_FRAGMENTED: {
    answers: async (agent, set, heal) => {
      const reasons = await refusedCreate(agent, set, heal);
      await agent.create("small", oneOfAType(8));
      await agent.destroy("small");
      return reasons;
    },
  },
  AVAILABLE_INSTANCES_WRONG: {
    fault: { instances: -7 },
    answers: async (agent, set) => {
      await set();
      return [await conditionOf(agent), await reasonOf(agent.create("hurt"))];
    },
  },
  FILE_FAILS: {
    fault: { target: `sys/devices/pci0000:00/${GPU}/device` },
    answers: async (agent, set) => {
      assert.equal((await agent.gpus())[0]?.deviceId, "3e92");
      await set();
      assert.equal((await agent.gpus())[0]?.deviceId, "");
      await agent.create("hurt");
      await agent.destroy("hurt");
      return [];
    },
  },
  GPU_VANISHES: {
    fault: { gpu: GPU },
    answers: async (agent, set) => {
      await set();
      assert.deepEqual(await agent.gpus(), []);
      return [
        await reasonOf(
          agent.create("hurt", ({ vgpu }) => {
            vgpu.gpu = GPU;
          }),
        ),
      ];
    },
  },
  GPU_UNBOUND: {
    answers: async (agent, set) => {
      await set();
      const [gpu] = await agent.gpus();
      assert.deepEqual([gpu?.driver, gpu?.types], ["", []]);
      return [await reasonOf(agent.create("hurt"))];
    },
  },
  GPU_PASSED_THROUGH: {
    fault: { gpu: GPU },
    answers: async (agent, set) => {
      await set();
      const [gpu] = await agent.gpus();
      const types = gpu?.types.map(({ name, allocatable }) => [name, allocatable]);
      assert.deepEqual([gpu?.driver, types], ["vfio-pci", [["gpu", 0]]]);
      return [await reasonOf(agent.create("hurt"))];
    },
  },
  KVMGT_UNLOADED: {
    answers: async (agent, set) => {
      await set();
      const [gpu] = await agent.gpus();
      assert.deepEqual([gpu?.driver, gpu?.types], ["i915", []]);
      return [await reasonOf(agent.create("hurt"))];
    },
  },
  HOSTD_HANGS: { isSlow: true, answers: refusedCreate },
  HOSTD_GONE: { isSlow: true, answers: refusedCreate },
  LIBVIRT_HANGS: {
    isSlow: true,
    answers: async (agent, set) => {
      await set();
      assert.equal((await agent.gpus()).length, 1);
      await refusal(agent.create("hurt"));
      // Once the connection is given up it is known to be away.
      return [await reasonOf(agent.create("hurt"))];
    },
  },
  LIBVIRT_GONE: { answers: refusedCreate },
  LIBVIRT_ERROR: {
    fault: { target: "domainCreate", message: "no luck" },
    answers: async (agent, set) => {
      await set();
      const error = await refusal(agent.create("hurt"));
      assert.match(error.message, /no luck/);
      return [error.reason];
    },
  },
  LIBVIRT_EVENTS_LOST: {
    answers: async (agent, set, heal) => {
      const { domain } = await agent.create("hurt");
      await set();
      await asListener(agent.libvirtSocket, async (libvirt, heard) => {
        const ref = await libvirt.lookupDomainByUuid(domain?.uuid ?? "");
        assert.ok(ref);
        await libvirt.destroyDomain(ref);
        // What vgpud shows until it looks for another reason, nobody can say beforehand: what is told of it, listeners hear.
        assert.equal((await agent.trueStates())["hurt"], "shut-off");
        await heal();
        const other = await libvirt.defineDomain(foreignXml({ name: "other", uuid: OTHER }));
        await libvirt.undefineDomain(other);
        assert.deepEqual(heard, ["other defined", "other undefined"]);
      });
      await seen(agent, ClaimState.STOPPED);
      await agent.destroy("hurt");
      return [];
    },
  },
  DOMAIN_STARTS_LATE: {
    fault: { ...delay(HOUR_MS), times: 2 },
    answers: async (agent, set) => {
      await set();
      const creating = agent.create("hurt");
      await struck(agent);
      assert.equal((await agent.trueStates())["hurt"], "shut-off");
      await agent.advance(HOUR_MS);
      assert.equal((await creating).domain?.state, DomainState.RUNNING);
      await agent.clearFaults();
      await agent.destroy("hurt");
      return [];
    },
  },
  DOMAIN_CRASHES: {
    fault: { object: "hurt", times: 1 },
    answers: async (agent, set) => {
      await agent.create("hurt");
      await set();
      await seen(agent, ClaimState.STOPPED);
      await agent.destroy("hurt");
      return [];
    },
  },
  GUEST_IGNORES_SHUTDOWN: {
    fault: { object: "hurt", times: 2 },
    answers: async (agent, set) => {
      await agent.create("hurt");
      await set();
      const stopping = agent.stop("hurt", { seconds: 3n, nanos: 0 });
      await struck(agent);
      await agent.advance(HOUR_MS);
      assert.equal((await agent.trueStates())["hurt"], "running");
      assert.equal((await stopping).domain?.state, DomainState.SHUT_OFF);
      await agent.destroy("hurt");
      return [];
    },
  },
  GUEST_SHUTDOWN_LATE: {
    fault: { ...delay(HOUR_MS), times: 2 },
    answers: async (agent, set) => {
      await agent.create("hurt");
      await set();
      const stopping = agent.stop("hurt", { seconds: 3600n, nanos: 0 });
      await struck(agent);
      // A guest that is well would be off long since.
      await agent.advance(HOUR_MS / 2);
      assert.equal((await agent.trueStates())["hurt"], "running");
      await agent.advance(HOUR_MS / 2);
      assert.equal((await stopping).domain?.state, DomainState.SHUT_OFF);
      await agent.destroy("hurt");
      return [];
    },
  },
};
