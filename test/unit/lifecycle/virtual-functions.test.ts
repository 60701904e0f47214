// A GPU is cut into virtual functions when somebody says so, and has as many again after a boot.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import type { FunctionProfile } from "../../../agent/lifecycle/function-profile.ts";
import { plan } from "../../../agent/lifecycle/plan.ts";
import { gpuViews } from "../../../agent/lifecycle/views.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { plainTerms } from "../../fakes/stock.ts";

const FIRST = pciAddress(0);
const TOTAL = 4;
const MIB = 1024 * 1024;
const vf: Wish = { size: { by: "mode", mode: "sriov" }, gpu: undefined, policy: "pack" };

const refusedFor =
  (reason: string, message = /./) =>
  (error: unknown) =>
    error instanceof AgentError && error.reason === reason && message.test(error.message);

function gpuOf(node: FakeNode): FakeNode["host"]["gpus"][number] {
  const [gpu] = node.host.gpus;
  assert.ok(gpu);
  return gpu;
}

function cut(
  node: FakeNode,
  count: number,
  given: { readonly validateOnly?: boolean; readonly profile?: FunctionProfile } = {},
): Promise<readonly string[]> {
  const request = { gpu: FIRST, count, validateOnly: false, profile: undefined, ...given };
  return node.clock.until(node.virtualFunctions.set(request, patient));
}

function create(node: FakeNode, n: number, domain = {}): ReturnType<FakeNode["service"]["create"]> {
  return node.clock.until(node.service.create(createRequest(n, { wish: vf, domain }), patient));
}

function destroy(node: FakeNode, n: number): ReturnType<FakeNode["service"]["destroy"]> {
  const request = { ...stopRequest(n), method: "DestroyDomain", digest: `destroy-${n}` };
  return node.clock.until(node.service.destroy(request, patient));
}

async function inSriov(): Promise<FakeNode> {
  const node = new FakeNode(1024);
  gpuOf(node).totalFunctions = TOTAL;
  await node.clock.until(node.gpuModes.set({ gpu: FIRST, mode: "sriov", validateOnly: false }, patient));
  return node;
}

async function cutInto(count: number): Promise<FakeNode> {
  const node = await inSriov();
  await cut(node, count);
  return node;
}

async function settingOf(node: FakeNode): Promise<unknown> {
  node.restart();
  await node.lookout.fresh();
  return node.modes.current.get(FIRST);
}

describe("the virtual functions of a GPU", () => {
  it("are made when the GPU is in the mode, written down, and no more than it can have", async () => {
    const plain = new FakeNode(1024);
    gpuOf(plain).totalFunctions = TOTAL;
    await assert.rejects(cut(plain, 2), refusedFor("MODE_UNSUPPORTED", /set-mode .* sriov/));
    await assert.rejects(cut(new FakeNode(1024), 2), refusedFor("MODE_UNSUPPORTED", /has no SR-IOV/));

    const node = await inSriov();
    await assert.rejects(cut(node, TOTAL + 1), refusedFor("FIELD_INVALID", /count is 5.*at most 4/));
    await cut(node, 2, { validateOnly: true });
    assert.equal(gpuOf(node).functions.length, 0);
    await cut(node, 2);
    assert.deepEqual(gpuOf(node).functions, [undefined, undefined]);
    assert.deepEqual(await settingOf(node), { mode: "sriov", functions: 2 });
  });

  it("are given one to a domain, the lowest first, and taken back at its end", async () => {
    const node = await cutInto(2);
    await create(node, 1);
    await create(node, 2);
    await assert.rejects(create(node, 3), refusedFor("FUNCTIONS_EXHAUSTED", /all of its 2 .* are taken/));
    const devices = node.host.domains.map(({ pciDevices }) => pciDevices);
    assert.deepEqual(devices, [[gpuOf(node).functionAddress(1)], [gpuOf(node).functionAddress(2)]]);
    await destroy(node, 1);
    assert.deepEqual(gpuOf(node).functions, [undefined, "vfio-pci"]);
    await create(node, 3);
    assert.deepEqual(node.host.domain(domainId(3))?.pciDevices, [gpuOf(node).functionAddress(1)]);
  });

  it("are kept by a stopped domain that holds, given back by one that does not, and nothing is left to plan", async () => {
    for (const [onStop, driver] of [
      ["hold", "vfio-pci"],
      ["release", undefined],
    ] as const) {
      const node = await cutInto(1);
      await create(node, 1, { onStop });
      await node.clock.until(node.service.stop(stopRequest(1), patient));
      await node.converge();
      const [claim] = node.ledger.living();
      const inventory = await node.lookout.fresh();
      assert.deepEqual(claim && plan(claim, inventory, node.clock.wall()), [], onStop);
      assert.deepEqual(gpuOf(node).functions, [driver]);
    }
  });

  it("are given to somebody else once they were given back, and to their domain again while they are free", async () => {
    const node = await cutInto(2);
    await create(node, 1, { onStop: "release" });
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.converge();
    const start = { domainId: domainId(1), requestId: undefined, method: "s", digest: "s" };
    await node.clock.until(node.service.start(start, patient));
    await node.clock.until(node.service.stop({ ...stopRequest(1), digest: "stop-2" }, patient));
    await node.converge();
    await create(node, 2);
    assert.deepEqual(node.host.domain(domainId(2))?.pciDevices, [gpuOf(node).functionAddress(1)]);
    // Another one is free, and its definition names this one.
    await assert.rejects(
      node.clock.until(node.service.start({ ...start, digest: "s-2" }, patient)),
      refusedFor("FUNCTIONS_EXHAUSTED", /its virtual function 1 is taken/),
    );
    // What becomes of the first takes nothing from the second, whether that is on or off.
    await node.converge();
    assert.deepEqual(
      [node.ledger.byDomainId(domainId(1))?.state, gpuOf(node).functions],
      ["stopped", ["vfio-pci", undefined]],
    );
    await node.clock.until(node.service.stop(stopRequest(2), patient));
    await destroy(node, 1);
    await node.converge();
    assert.deepEqual(gpuOf(node).functions, ["vfio-pci", undefined]);
    await destroy(node, 2);
    assert.deepEqual(gpuOf(node).functions, [undefined, undefined]);
  });

  it("are not given out that a domain of others names, and counted as theirs", async () => {
    const node = await cutInto(2);
    node.host.put(foreignDomain(9, { pciDevices: [gpuOf(node).functionAddress(1)] }));
    await create(node, 1);
    assert.deepEqual(node.host.domain(domainId(1))?.pciDevices, [gpuOf(node).functionAddress(2)]);
    const [view] = gpuViews(await node.lookout.fresh(), node.ledger, {
      ...plainTerms,
      modes: node.modes.current,
    });
    assert.deepEqual(view?.functions?.used, { own: 1, foreign: 1 });
  });

  it("are not changed while one is used, nor while nobody can say who uses them", async () => {
    const node = await cutInto(2);
    await create(node, 1);
    await assert.rejects(cut(node, 4), refusedFor("VGPU_IN_USE", /claim claim-1/));
    await cut(node, 2);
    await destroy(node, 1);
    node.host.put(foreignDomain(9, { pciDevices: [gpuOf(node).functionAddress(1)] }));
    await assert.rejects(cut(node, 0), refusedFor("VGPU_IN_USE"));
    node.host.become(domainId(9), "shut-off");
    node.host.libvirtAway = "it was stopped";
    await assert.rejects(cut(node, 0), refusedFor("LIBVIRT_UNAVAILABLE"));
    node.host.libvirtAway = undefined;
    await cut(node, 0);
  });

  it("stay as they were written down when the kernel refuses, and as asked when it has not answered", async () => {
    const node = await cutInto(2);
    node.host.refuse("cut", new AgentError("KERNEL_REFUSED", "EIO"));
    await assert.rejects(cut(node, 3), refusedFor("KERNEL_REFUSED"));
    assert.deepEqual(node.modes.current.get(FIRST), { mode: "sriov", functions: 2 });
    node.host.refuse("cut", new AgentError("KERNEL_TIMEOUT", "no answer"));
    await assert.rejects(cut(node, 3), refusedFor("KERNEL_TIMEOUT"));
    assert.deepEqual(node.modes.current.get(FIRST), { mode: "sriov", functions: 3 });
    assert.equal(node.modes.closed(FIRST), undefined);
  });

  it("are made again after a boot, and domains that start with the host wait for theirs", async () => {
    const node = await cutInto(2);
    await create(node, 1, { autostart: true });
    node.host.reboot();
    node.host.refuse("cut", new AgentError("HOSTD_UNAVAILABLE", "not started yet"));
    node.restart();
    node.host.refuse("cut", new AgentError("HOSTD_UNAVAILABLE", "not started yet"));
    await node.clock.until(node.reconciler.round());
    await node.clock.advance(10_000);
    assert.deepEqual(
      node.mended.map(({ failure }) => failure?.reason),
      ["HOSTD_UNAVAILABLE"],
    );
    // Not in each look: what could not be done is not tried for a minute.
    await node.clock.until(node.reconciler.round());
    assert.equal(node.mended.length, 1);
    await node.clock.advance(60_000);
    await node.converge();
    await node.clock.until(node.driver.idle());
    const cut = { gpu: FIRST, count: 2, profile: undefined };
    assert.deepEqual(node.mended.at(-1), { mending: { kind: "cut", cut }, warnings: [], failure: undefined });
    const [claim] = node.ledger.living();
    assert.deepEqual(
      [claim?.state, claim?.goal, gpuOf(node).functions],
      [...["active", "running"], ["vfio-pci", undefined]],
    );
  });

  it("are each set to what they are to have, again after a boot, and what the driver makes otherwise is told", async () => {
    const node = await inSriov();
    const profile = { execQuantumMs: 200_000, priority: "high", vramBytes: 4096 } as const;
    assert.deepEqual(await cut(node, 2, { profile }), [
      "exec quantum: asked for 200000 ms, the driver has 100000 ms",
      "priority: the driver does not let it be set",
    ]);
    const kept = { execQuantumMs: 100_000, vramBytes: 4096 };
    assert.deepEqual(gpuOf(node).profiles, [kept, kept]);
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.deepEqual([gpuOf(node).profiles, gpuOf(node).functions.length], [[kept, kept], 2]);
    // Beside a guest that has one, too.
    await create(node, 1);
    assert.deepEqual(await cut(node, 2, { profile: { execQuantumMs: 20 } }), []);
    assert.deepEqual(
      gpuOf(node).profiles.map(({ execQuantumMs }) => execQuantumMs),
      [20, 20],
    );
  });

  it("keep what they were set to when nobody says otherwise, and their memory while one is used", async () => {
    const node = await inSriov();
    await cut(node, 2, { profile: { vramBytes: 4096 } });
    await cut(node, 3);
    assert.deepEqual(gpuOf(node).profiles, [{ vramBytes: 4096 }, { vramBytes: 4096 }, { vramBytes: 4096 }]);
    await create(node, 1);
    await assert.rejects(cut(node, 3, { profile: { vramBytes: 8192 } }), refusedFor("VGPU_IN_USE"));
    await cut(node, 3, { profile: { execQuantumMs: 10 } });
  });

  it("keep of one profile what the next does not say, at once and after a boot", async () => {
    const node = await inSriov();
    gpuOf(node).addressSpace = { all: 4000 * MIB, inOnePiece: 2048 * MIB };
    const turns = { execQuantumMs: 20, preemptTimeoutUs: 1000 };
    await cut(node, 2, { profile: { ...turns, ggttBytes: 256 * MIB } });
    await cut(node, 2, { profile: { ggttBytes: 512 * MIB } });
    const both = { ...turns, ggttBytes: 512 * MIB };
    assert.deepEqual(gpuOf(node).profiles, [both, both]);
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.deepEqual(gpuOf(node).profiles, [both, both]);
    assert.deepEqual(node.modes.current.get(FIRST), { mode: "sriov", functions: 2, profile: both });
  });

  it("have memory of their driver's choice again when it is set to 0, once nobody uses one", async () => {
    const node = await inSriov();
    gpuOf(node).addressSpace = { all: 4000 * MIB, inOnePiece: 2048 * MIB };
    gpuOf(node).sharesOut = true;
    await cut(node, 2, { profile: { execQuantumMs: 20, ggttBytes: 256 * MIB } });
    await create(node, 1);
    // Whoever asks for what they have takes nothing from them.
    await cut(node, 2, { profile: { ggttBytes: 256 * MIB } });
    await assert.rejects(cut(node, 2, { profile: { ggttBytes: 0 } }), refusedFor("VGPU_IN_USE"));
    await destroy(node, 1);
    await cut(node, 2, { profile: { ggttBytes: 0 } });
    const turns = { execQuantumMs: 20 };
    assert.deepEqual([gpuOf(node).sharesOut, gpuOf(node).profiles], [true, [turns, turns]]);
    assert.deepEqual(node.modes.current.get(FIRST)?.profile, turns);
  });

  it("have what they need beside address space, alike, also after a boot", async () => {
    const node = await inSriov();
    gpuOf(node).companions = { contexts: 64_512, doorbells: 241 };
    const ask = { ggttBytes: 256 * MIB };
    const each = { ...ask, contexts: 21_504, doorbells: 80 };
    await cut(node, 3, { profile: ask });
    assert.deepEqual(gpuOf(node).profiles, [each, each, each]);
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.deepEqual(gpuOf(node).profiles, [each, each, each]);
    // Nobody asked for them: how many there are depends on how many functions there are.
    assert.deepEqual(node.modes.current.get(FIRST)?.profile, ask);
  });

  it("are refused more than there can be before the driver is asked, also by a request that only checks", async () => {
    const node = await inSriov();
    gpuOf(node).addressSpace = { all: 4000 * MIB, inOnePiece: 2048 * MIB };
    for (const validateOnly of [true, false]) {
      const ask = (count: number, ggttMib: number): Promise<readonly string[]> =>
        cut(node, count, { validateOnly, profile: { ggttBytes: ggttMib * MIB } });
      const [one, all] = [/is 4096, .* has at most 2048 MiB for one/, /is 1024, .* has 4000 MiB for all/];
      await assert.rejects(ask(1, 4096), refusedFor("FIELD_INVALID", one));
      await assert.rejects(ask(4, 1024), refusedFor("FIELD_INVALID", all));
      assert.deepEqual([gpuOf(node).functions, node.modes.current.get(FIRST)?.functions], [[], undefined]);
    }
    // What functions have comes back when they are unmade.
    await cut(node, 2, { profile: { ggttBytes: 1500 * MIB } });
    await cut(node, 3, { profile: { ggttBytes: 1300 * MIB } });
  });

  it("are told what may become otherwise by a request that only checks", async () => {
    const node = await inSriov();
    const profile = { execQuantumMs: 20, priority: "high", vramBytes: 4096, ggttBytes: 3000 * MIB } as const;
    gpuOf(node).addressSpace = { all: 4000 * MIB, inOnePiece: 2048 * MIB };
    await cut(node, 1, { profile: { ggttBytes: 16 * MIB } });
    assert.deepEqual(await cut(node, 1, { validateOnly: true, profile }), [
      "priority: the driver does not let it be set",
      "local memory: how much there is the driver does not tell; it may refuse",
      "graphics address space: 2048 MiB are in one piece now; the driver may refuse more",
    ]);
    assert.deepEqual(node.modes.current.get(FIRST)?.profile, { ggttBytes: 16 * MIB });
  });

  it("are given address space by their driver again once they were all unmade, or that is told", async () => {
    const node = await inSriov();
    gpuOf(node).sharesOut = true;
    await cut(node, 2, { profile: { ggttBytes: 4096 } });
    assert.equal(gpuOf(node).sharesOut, false);
    assert.deepEqual(await cut(node, 0), []);
    assert.equal(gpuOf(node).sharesOut, true);
    await cut(node, 2, { profile: { ggttBytes: 4096 } });
    assert.deepEqual(await cut(node, 3, { profile: { ggttBytes: 0, execQuantumMs: 10 } }), []);
    assert.equal(gpuOf(node).sharesOut, true);
    await cut(node, 2, { profile: { ggttBytes: 4096 } });
    gpuOf(node).sharesOutNeverAgain = true;
    const [warning = ""] = await cut(node, 0);
    assert.match(warning, /auto_provisioning is 0/);
  });

  it("are not forgotten while a claim has one, nor left behind in the record", async () => {
    const node = await cutInto(2);
    const auto = { gpu: FIRST, mode: undefined, validateOnly: false };
    await assert.rejects(
      node.clock.until(node.gpuModes.set(auto, patient)),
      refusedFor("VGPU_IN_USE", /2 virtual functions; make it whole first \(vgpuctl set-functions \S+ 0\)$/),
    );
    await cut(node, 0);
    await node.clock.until(node.gpuModes.set(auto, patient));
    assert.deepEqual([...node.modes.current], []);
  });

  it("are as they were when the driver refuses what they are to have", async () => {
    const node = await cutInto(2);
    node.host.refuse("set-profile", new AgentError("KERNEL_REFUSED", "ENOSPC"));
    await assert.rejects(cut(node, 3, { profile: { vramBytes: 1 } }), refusedFor("KERNEL_REFUSED"));
    assert.deepEqual(
      [gpuOf(node).functions.length, node.modes.current.get(FIRST)],
      [2, { mode: "sriov", functions: 2 }],
    );
  });

  it("can be asked for again when a boot took them, but not fewer than claims have", async () => {
    const node = await cutInto(2);
    await create(node, 1);
    await create(node, 2);
    node.host.reboot();
    await assert.rejects(cut(node, 1), refusedFor("VGPU_IN_USE", /claim claim-2/));
    await cut(node, 2);
    await node.converge();
    assert.deepEqual(gpuOf(node).functions, ["vfio-pci", "vfio-pci"]);
  });

  it("come back into the ledger by the marks of their domains when it was lost", async () => {
    const node = await cutInto(2);
    await create(node, 1);
    const [before] = node.ledger.living();
    node.store.lose();
    node.restart();
    await node.converge();
    const [after] = node.ledger.living();
    assert.deepEqual([after?.share, after?.vgpuId], [before?.share, before?.vgpuId]);
    await destroy(node, 1);
    assert.deepEqual(gpuOf(node).functions, [undefined, undefined]);
  });
});
