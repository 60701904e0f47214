// Record and kernel are held against each other: what harms nobody is made so, and what would is told.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Mode } from "../../../agent/core/modes.ts";
import type { SettingStanding } from "../../../agent/diagnosis/setting.ts";
import type { FunctionProfile } from "../../../agent/lifecycle/function-profile.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient } from "../../fakes/requests.ts";

const GPU = pciAddress(0);

function gpuOf(node: FakeNode): FakeNode["host"]["gpus"][number] {
  const [gpu] = node.host.gpus;
  assert.ok(gpu);
  return gpu;
}

/** A node whose GPU is set to a mode. */
async function nodeIn(mode: Mode): Promise<FakeNode> {
  const node = new FakeNode(1024);
  if (mode === "sriov") gpuOf(node).totalFunctions = 4;
  await node.clock.until(node.gpuModes.set({ gpu: GPU, mode, validateOnly: false }, patient));
  return node;
}

async function cutInto(count: number, profile?: FunctionProfile): Promise<FakeNode> {
  const node = await nodeIn("sriov");
  const request = { gpu: GPU, count, profile, validateOnly: false };
  await node.clock.until(node.virtualFunctions.set(request, patient));
  return node;
}

/** The agent ends, the kernel has less than was asked for, and another agent looks. */
async function afterCrash(node: FakeNode, leave: (gpu: ReturnType<typeof gpuOf>) => void): Promise<void> {
  leave(gpuOf(node));
  node.restart();
  await node.converge();
  await node.clock.advance(0);
}

async function standing(node: FakeNode): Promise<SettingStanding | undefined> {
  return node.settings.standings(await node.lookout.fresh()).get(GPU);
}

describe("a GPU that is not as it was set", () => {
  it("is cut into as many functions as were asked for, whatever number a crash left", async () => {
    for (const left of [0, 1, 3]) {
      const node = await cutInto(2, { execQuantumMs: 20 });
      await afterCrash(node, (gpu) => {
        gpu.functions = Array.from({ length: left }, () => undefined);
        gpu.profiles = [];
      });
      assert.deepEqual(gpuOf(node).functions, [undefined, undefined], `from ${left}`);
      assert.deepEqual(gpuOf(node).profiles, [{ execQuantumMs: 20 }, { execQuantumMs: 20 }]);
      assert.equal((await standing(node))?.standing.kind, "as-set");
    }
  });

  it("is made whole when that was asked for", async () => {
    const node = await cutInto(0);
    await afterCrash(node, (gpu) => {
      gpu.functions = [undefined];
    });
    assert.deepEqual(gpuOf(node).functions, []);
  });

  it("has its functions told again what a crash kept from them, once, and beside guests", async () => {
    const node = await cutInto(2, { execQuantumMs: 200_000 });
    const wish = { size: { by: "mode", mode: "sriov" }, gpu: undefined, policy: "pack" } as const;
    await node.clock.until(node.service.create(createRequest(1, { wish }), patient));
    await afterCrash(node, (gpu) => {
      gpu.profiles = [{ execQuantumMs: 100_000 }, {}];
    });
    assert.deepEqual(gpuOf(node).profiles, [{ execQuantumMs: 100_000 }, { execQuantumMs: 100_000 }]);
    // What the driver clamps is no difference.
    await node.converge();
    assert.deepEqual([node.mended.length, (await standing(node))?.standing.kind], [1, "as-made"]);
  });

  it("is not told again by the next agent what its driver clamped, be it memory that a guest has, and that is still told", async () => {
    const node = await cutInto(1, { execQuantumMs: 200_000, priority: "high", vramBytes: 4096 });
    const made = {
      kind: "as-made",
      what: "exec quantum: asked for 200000 ms, the driver has 100000 ms; priority: the driver does not let it be set",
    };
    assert.deepEqual((await standing(node))?.standing, made);
    node.host.put(foreignDomain(9, { pciDevices: [gpuOf(node).functionAddress(1)] }));
    await afterCrash(node, () => undefined);
    assert.deepEqual([node.mended, (await standing(node))?.standing], [[], made]);
    // Whoever asks for what it has is told nothing any more.
    const request = { gpu: GPU, count: 1, profile: { execQuantumMs: 100_000 }, validateOnly: false };
    await node.clock.until(node.virtualFunctions.set(request, patient));
    await afterCrash(node, () => undefined);
    assert.equal((await standing(node))?.standing.kind, "as-set");
  });

  it("is told again what somebody else set otherwise than its driver had made it", async () => {
    const node = await cutInto(1, { execQuantumMs: 200_000 });
    await afterCrash(node, (gpu) => {
      gpu.profiles = [{ execQuantumMs: 50 }];
    });
    assert.deepEqual(gpuOf(node).profiles, [{ execQuantumMs: 100_000 }]);
    assert.deepEqual([node.mended.length, (await standing(node))?.standing.kind], [1, "as-made"]);
  });

  it("is as it was set by a record of before, once its driver was told again", async () => {
    const node = await cutInto(1, { execQuantumMs: 200_000 });
    await node.modes.noteMade(GPU, undefined);
    await afterCrash(node, () => undefined);
    assert.deepEqual([node.mended.length, (await standing(node))?.standing.kind], [1, "as-made"]);
  });

  it("is left alone and told of while a domain of others would lose its function, and mended after that", async () => {
    const node = await cutInto(2);
    node.host.put(foreignDomain(9, { pciDevices: [gpuOf(node).functionAddress(1)] }));
    await afterCrash(node, (gpu) => {
      gpu.functions = [undefined];
    });
    assert.equal(gpuOf(node).functions.length, 1);
    const told = await standing(node);
    assert.deepEqual([told?.recorded, told?.has], ["sriov, VF 2", "i915, VF 1"]);
    assert.ok(told?.standing.kind === "kept");
    assert.equal(told.standing.by, "users");
    node.host.become(domainId(9), "shut-off");
    await node.converge();
    assert.equal(gpuOf(node).functions.length, 2);
  });

  it("is left alone while libvirt cannot say who uses it", async () => {
    const node = await cutInto(2);
    node.host.libvirtAway = "it was stopped";
    await afterCrash(node, (gpu) => {
      gpu.functions = [undefined];
    });
    const told = await standing(node);
    assert.deepEqual(told?.standing, { kind: "kept", by: "libvirt", what: "it was stopped" });
  });

  it("keeps memory that a guest has, and tells what differs", async () => {
    const node = await cutInto(1, { vramBytes: 4096 });
    node.host.put(foreignDomain(9, { pciDevices: [gpuOf(node).functionAddress(1)] }));
    await afterCrash(node, (gpu) => {
      gpu.profiles = [];
    });
    assert.deepEqual(gpuOf(node).profiles, []);
    const told = await standing(node);
    assert.equal(told?.has, "i915, VF 1, vf1 vramBytes 0 ≠ 4096");
    assert.ok(told.standing.kind === "kept" && told.standing.by === "users");
  });

  it("says why it could not be mended, and is tried again after a minute", async () => {
    const node = await cutInto(2);
    node.restart();
    gpuOf(node).functions = [undefined];
    node.host.refuse("cut", new AgentError("KERNEL_REFUSED", "the kernel said EIO"));
    await node.converge();
    await node.clock.advance(0);
    const told = await standing(node);
    assert.deepEqual(told?.standing, { kind: "kept", by: "failed", what: "the kernel said EIO" });
    await node.converge();
    assert.equal(node.mended.length, 1);
    await node.clock.advance(60_000);
    await node.converge();
    await node.clock.advance(0);
    assert.deepEqual([gpuOf(node).functions.length, (await standing(node))?.standing.kind], [2, "as-set"]);
  });

  it("is not taken for another when its driver makes no functions, or keeps it for guests", async () => {
    const node = await cutInto(2);
    await afterCrash(node, (gpu) => {
      gpu.functions = [];
      gpu.driver = "vfio-pci";
    });
    assert.deepEqual((await standing(node))?.standing, {
      kind: "kept",
      by: "guest-driver",
      what: "vfio-pci",
    });
    gpuOf(node).driver = undefined;
    assert.deepEqual((await standing(node))?.standing, { kind: "kept", by: "driver", what: "-" });
  });

  it("is given away when a crash left it without a driver on its way there", async () => {
    const node = await nodeIn("gvt-d");
    await afterCrash(node, (gpu) => {
      gpu.driver = undefined;
    });
    assert.equal(gpuOf(node).driver, "vfio-pci");
  });

  it("stays with the host's driver in mode gvt-d until a create takes it", async () => {
    const node = await nodeIn("gvt-d");
    await afterCrash(node, (gpu) => {
      gpu.driver = "i915";
    });
    assert.deepEqual([gpuOf(node).driver, (await standing(node))?.standing.kind], ["i915", "as-set"]);
  });
});
