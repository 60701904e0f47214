// A GPU is given away whole: taken from the host when it is free, and given back where its driver takes it.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Mode } from "../../../agent/core/modes.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import { notBegun } from "../../../agent/lifecycle/bound.ts";
import { plan } from "../../../agent/lifecycle/plan.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";

const INTEGRATED = pciAddress(0);
const DISCRETE = pciAddress(1);
const whole: Wish = { size: { by: "mode", mode: "gvt-d" }, gpu: undefined, policy: "pack" };

const refusedFor =
  (reason: string, message = /./) =>
  (error: unknown) =>
    error instanceof AgentError && error.reason === reason && message.test(error.message);

function setMode(node: FakeNode, mode: Mode | undefined, gpu = DISCRETE): Promise<readonly string[]> {
  return node.clock.until(node.gpuModes.set({ gpu, mode, validateOnly: false }, patient));
}

function create(node: FakeNode, n: number, domain = {}): ReturnType<FakeNode["service"]["create"]> {
  return node.clock.until(node.service.create(createRequest(n, { wish: whole, domain }), patient));
}

function drivers(node: FakeNode): (string | undefined)[] {
  return node.host.gpus.map(({ driver }) => driver);
}

/** Two GPUs, the second of which is given away. */
async function given(): Promise<FakeNode> {
  const node = new FakeNode(1024, 512);
  await setMode(node, "gvt-d");
  return node;
}

describe("a GPU that is given away whole", () => {
  it("is taken from the host at once, and its driver written down", async () => {
    const node = await given();
    assert.deepEqual(drivers(node), ["i915", "vfio-pci"]);
    node.restart();
    await node.lookout.fresh();
    assert.deepEqual(node.modes.current.get(DISCRETE), { mode: "gvt-d", hostDriver: "i915" });
  });

  it("is one domain's at a time, whether that is on or off", async () => {
    const node = await given();
    await create(node, 1);
    assert.deepEqual(node.host.domain(domainId(1))?.pciDevices, [DISCRETE]);
    await assert.rejects(create(node, 2), refusedFor("GPU_EXHAUSTED", /is given to another claim/));
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.converge();
    const [claim] = node.ledger.living();
    assert.deepEqual(claim && plan(claim, await node.lookout.fresh(), node.clock.wall()), []);
    await assert.rejects(create(node, 2), refusedFor("GPU_EXHAUSTED"));
  });

  it("takes options of a processor's graphics for those alone", async () => {
    const igd = { opregion: true, lpc: undefined, legacyMode: undefined, gms: undefined, romPath: undefined };
    const node = await given();
    await assert.rejects(
      create(node, 1, { igd }),
      refusedFor("FIELD_NOT_SUPPORTED_HERE", /GPU 0000:01:02.0, which is no processor's/),
    );
    const slice: Wish = { ...whole, size: { by: "mode", mode: "gvt-g" } };
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(1, { wish: slice, domain: { igd } }), patient)),
      refusedFor("FIELD_NOT_SUPPORTED_HERE", /does not go with a vGPU of mode gvt-g/),
    );
    await setMode(node, "gvt-d", INTEGRATED);
    await node.clock.until(
      node.service.create(
        createRequest(1, { wish: { ...whole, gpu: INTEGRATED }, domain: { igd } }),
        patient,
      ),
    );
    assert.deepEqual(node.host.domain(domainId(1))?.pciDevices, [INTEGRATED]);
  });

  it("is nobody's while a domain of others names it", async () => {
    const node = await given();
    node.host.put(foreignDomain(9, { pciDevices: [DISCRETE] }));
    await assert.rejects(create(node, 1), refusedFor("GPU_EXHAUSTED", /is named by domain/));
  });

  it("is not taken while it shows something, and not taken in any case where the kernel refuses", async () => {
    const node = new FakeNode(1024, 512);
    const [, gpu] = node.host.gpus;
    assert.ok(gpu);
    gpu.screens = ["HDMI-A-1"];
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("VGPU_IN_USE", /unplug HDMI-A-1/));
    gpu.screens = [];
    node.host.refuse("give-away", new AgentError("VFIO_NOT_LOADED", "modprobe vfio-pci"));
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("VFIO_NOT_LOADED"));
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("is taken with a warning of what the host loses, once: a guest's already it is nobody's loss", async () => {
    const node = new FakeNode(1024, 512);
    node.displayLost = "HOST_DISPLAY_ON_GPU: the console";
    assert.deepEqual(await setMode(node, "gvt-d"), [node.displayLost]);
    await create(node, 1);
    assert.deepEqual(await setMode(node, "gvt-d"), []);
  });

  it("goes back to the driver that it had, when it is discrete and nobody has it", async () => {
    const node = await given();
    await create(node, 1);
    await assert.rejects(setMode(node, undefined), refusedFor("VGPU_IN_USE", /claim claim-1/));
    await node.clock.until(
      node.service.destroy({ ...stopRequest(1), method: "DestroyDomain", digest: "destroy-1" }, patient),
    );
    assert.deepEqual(drivers(node), ["i915", "vfio-pci"]);
    await assert.rejects(setMode(node, "gvt-g"), refusedFor("MODE_UNSUPPORTED", /mode auto/));
    assert.deepEqual(await setMode(node, undefined), []);
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("is somebody else's once it was given back, and its domain's again while it is free", async () => {
    const node = await given();
    await create(node, 1, { onStop: "release" });
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.converge();
    const start = { domainId: domainId(1), requestId: undefined, method: "s", digest: "s" };
    await node.clock.until(node.service.start(start, patient));
    await node.clock.until(node.service.stop({ ...stopRequest(1), digest: "stop-2" }, patient));
    await node.converge();
    await create(node, 2);
    await assert.rejects(
      node.clock.until(node.service.start({ ...start, digest: "s-2" }, patient)),
      refusedFor("GPU_EXHAUSTED", /is given to another claim/),
    );
  });

  it("has its driver again when it could be taken only half way", async () => {
    const node = new FakeNode(1024, 512);
    const [, gpu] = node.host.gpus;
    assert.ok(gpu);
    node.host.before = (call) => {
      if (call !== "give-away") return Promise.resolve();
      gpu.driver = undefined;
      return Promise.reject(new AgentError("KERNEL_REFUSED", "vfio-pci did not take it"));
    };
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("KERNEL_REFUSED"));
    assert.deepEqual([gpu.driver, [...node.modes.current]], ["i915", []]);
  });

  it("is in the mode when who was to take it went away, since it may be taken all the same", async () => {
    const node = new FakeNode(1024, 512);
    node.host.after = () => {
      node.host.after = () => Promise.resolve();
      return Promise.reject(new AgentError("HOSTD_UNAVAILABLE", "the connection was closed"));
    };
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("HOSTD_UNAVAILABLE"));
    assert.deepEqual(node.modes.current.get(DISCRETE), { mode: "gvt-d", hostDriver: "i915" });
    await setMode(node, "gvt-d");
    assert.deepEqual(node.modes.current.get(DISCRETE), { mode: "gvt-d", hostDriver: "i915" });
    assert.deepEqual(await setMode(node, undefined), []);
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("is as before when who was to take it never heard of that", async () => {
    const node = new FakeNode(1024, 512);
    node.host.refuse("give-away", notBegun(new Error("connect ECONNREFUSED")));
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("HOSTD_UNAVAILABLE"));
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("is given back also without a driver, as who was to take it may leave it", async () => {
    const node = new FakeNode(1024, 512);
    const [, gpu] = node.host.gpus;
    assert.ok(gpu);
    node.host.before = (call) => {
      if (call === "give-away") {
        gpu.driver = undefined;
        return Promise.reject(new AgentError("HOSTD_UNAVAILABLE", "the connection was closed"));
      }
      return Promise.resolve();
    };
    await assert.rejects(setMode(node, "gvt-d"), refusedFor("HOSTD_UNAVAILABLE"));
    assert.deepEqual(await setMode(node, undefined), []);
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("is given back by whoever asks again, after an end in the middle", async () => {
    const node = await given();
    node.host.before = () => new Promise(() => undefined);
    void node.gpuModes.set({ gpu: DISCRETE, mode: undefined, validateOnly: false }, patient);
    await node.clock.advance(1_000);
    node.restart();
    await node.lookout.fresh();
    assert.deepEqual(await setMode(node, undefined), []);
    assert.deepEqual([[...node.modes.current], drivers(node)], [[], ["i915", "i915"]]);
  });

  it("stays in the mode when its driver does not take it back", async () => {
    const node = await given();
    node.host.refuse("take-back", new AgentError("KERNEL_REFUSED", "EIO"));
    await assert.rejects(setMode(node, undefined), refusedFor("KERNEL_REFUSED"));
    assert.equal(node.modes.current.get(DISCRETE)?.mode, "gvt-d");
  });

  it("waits for the next boot to go back when it is a processor's, and is nobody's meanwhile", async () => {
    const node = new FakeNode(1024);
    await setMode(node, "gvt-d", INTEGRATED);
    const [warning] = await setMode(node, undefined, INTEGRATED);
    assert.match(warning ?? "", /stays with vfio-pci until the next boot/);
    await assert.rejects(create(node, 1), refusedFor("GPU_EXHAUSTED", /waits for the next boot/));
    const seat: Wish = { ...whole, size: { by: "mode", mode: "gvt-s" } };
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(1, { wish: seat }), patient)),
      refusedFor("MODE_UNSUPPORTED", /waits for the next boot/),
    );
    await assert.rejects(setMode(node, "gvt-s", INTEGRATED), refusedFor("MODE_UNSUPPORTED", /boot the host/));
    assert.deepEqual(await setMode(node, undefined, INTEGRATED), [warning]);
    node.restart();
    await node.converge();
    assert.equal(
      node.settings.standings(await node.lookout.fresh()).get(INTEGRATED)?.standing.kind,
      "parked",
    );
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.deepEqual([drivers(node), [...node.modes.current]], [["i915"], []]);
  });

  it("waits for the next boot to go back, and is guests' again before when it is set so", async () => {
    const node = new FakeNode(1024);
    await setMode(node, "gvt-d", INTEGRATED);
    await setMode(node, undefined, INTEGRATED);
    await setMode(node, "gvt-d", INTEGRATED);
    assert.deepEqual(node.modes.current.get(INTEGRATED), { mode: "gvt-d", hostDriver: "i915" });
    await create(node, 1);
  });

  it("waits no more when somebody binds it by hand", async () => {
    const node = new FakeNode(1024);
    await setMode(node, "gvt-d", INTEGRATED);
    await setMode(node, undefined, INTEGRATED);
    const [gpu] = node.host.gpus;
    assert.ok(gpu);
    gpu.driver = "i915";
    await node.converge();
    assert.deepEqual([...node.modes.current], []);
  });

  it("is taken again after a boot for the domain that has it", async () => {
    const node = await given();
    await create(node, 1, { autostart: true });
    node.host.reboot();
    node.restart();
    await node.converge();
    const [claim] = node.ledger.living();
    assert.deepEqual([claim?.state, drivers(node)], ["active", ["i915", "vfio-pci"]]);
  });

  it("is in the mode also when the record of that is lost while a claim has it", async () => {
    const node = await given();
    await create(node, 1);
    node.loseModes();
    node.restart();
    await node.lookout.fresh();
    await assert.rejects(create(node, 2), refusedFor("GPU_EXHAUSTED"));
    await setMode(node, "gvt-d");
    // Which driver it had is not known any more.
    assert.deepEqual(node.modes.current.get(DISCRETE), { mode: "gvt-d", hostDriver: undefined });
  });
});
