// A GPU is in one mode at a time, and is given another one only while nothing of it is in use.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Mode } from "../../../agent/core/modes.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import { GpuModes } from "../../../agent/lifecycle/gpu-modes.ts";
import { plan } from "../../../agent/lifecycle/plan.ts";
import { gpuViews } from "../../../agent/lifecycle/views.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { claimId, domainId, foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode, RENDER_SEATS } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest, stopRequest } from "../../fakes/requests.ts";
import { plainTerms } from "../../fakes/stock.ts";

const FIRST = pciAddress(0);
const NODE = `/dev/dri/by-path/pci-${FIRST}-render`;
const seat: Wish = { size: { by: "mode", mode: "gvt-s" }, gpu: undefined, policy: "pack" };

const refusedFor =
  (reason: string, message = /./) =>
  (error: unknown) =>
    error instanceof AgentError && error.reason === reason && message.test(error.message);

function setMode(node: FakeNode, mode: Mode | undefined, validateOnly = false): Promise<readonly string[]> {
  return node.clock.until(node.gpuModes.set({ gpu: FIRST, mode, validateOnly }, patient));
}

function create(node: FakeNode, n: number, wish: Wish = seat): ReturnType<FakeNode["service"]["create"]> {
  return node.clock.until(node.service.create(createRequest(n, { wish }), patient));
}

async function shared(...apertures: number[]): Promise<FakeNode> {
  const node = new FakeNode(...apertures);
  await setMode(node, "gvt-s");
  return node;
}

describe("the mode of a GPU", () => {
  it("is what its kernel offers until somebody sets another, which outlives the agent", async () => {
    const node = await shared(1024);
    node.restart();
    const inventory = await node.lookout.fresh();
    const [view] = gpuViews(inventory, node.ledger, { ...plainTerms, modes: node.modes.current });
    assert.equal(view?.mode, "gvt-s");
    assert.deepEqual(
      [view.budget, view.types.map(({ type, allocatable }) => [type.name, allocatable])],
      [undefined, [["seat", plainTerms.renderSeats(pciAddress())]]],
    );
  });

  it("is not changed while a claim, a vGPU of others or a domain of others has anything of the GPU", async () => {
    const node = new FakeNode(1024);
    node.host.gpus[0]?.make(foreignVgpuId(1), typeName("4"));
    await assert.rejects(
      setMode(node, "gvt-s"),
      refusedFor("VGPU_IN_USE", new RegExp(`vGPU ${foreignVgpuId(1)} of others`)),
    );
    node.host.gpus[0]?.unmake(foreignVgpuId(1));
    node.host.put(foreignDomain(9, { name: "desk", renderNodes: [NODE] }));
    await assert.rejects(setMode(node, "gvt-s"), refusedFor("VGPU_IN_USE", /domain desk/));
    node.host.become(domainId(9), "shut-off");
    await create(node, 1, { ...seat, size: { by: "mode", mode: "gvt-g" } });
    await assert.rejects(
      setMode(node, "gvt-s"),
      refusedFor("VGPU_IN_USE", /domain guest-1 \(claim claim-1\)/),
    );
    assert.deepEqual([...node.modes.current], []);
  });

  it("is not changed, and who is in the way is named in one order, whoever came first", async () => {
    const node = await shared(1024);
    for (const n of [2, 1]) await create(node, n);
    const names = /domain guest-1 \(claim claim-1\), domain guest-2 \(claim claim-2\)/;
    await assert.rejects(setMode(node, undefined), refusedFor("VGPU_IN_USE", names));
  });

  it("is not changed to one that a condition stands in the way of, and the condition is named", async () => {
    const node = new FakeNode(1024);
    node.hindrance = { condition: "RENDER_NODE_MISSING", why: "the GPU has no render node" };
    await assert.rejects(
      setMode(node, "gvt-s"),
      refusedFor("MODE_UNSUPPORTED", /RENDER_NODE_MISSING: the GPU has no render node$/),
    );
  });

  it("is not changed while it is not known whose domains have anything of the GPU", async () => {
    const node = new FakeNode(1024);
    node.host.libvirtAway = "it was stopped";
    await assert.rejects(setMode(node, "gvt-s"), refusedFor("LIBVIRT_UNAVAILABLE"));
    assert.deepEqual([...node.modes.current], []);
  });

  it("is checked and left as it is for a request that only validates", async () => {
    const node = new FakeNode(1024);
    await setMode(node, "gvt-s", true);
    assert.deepEqual([...node.modes.current], []);
  });

  it("is as before when it cannot be written, and nothing is promised on the GPU meanwhile", async () => {
    let write: (error?: Error) => void = () => undefined;
    const modes = new GpuModes({
      record: new Map(),
      store: {
        write: () =>
          new Promise((resolve, reject) => {
            write = (error) => {
              if (error) reject(error);
              else resolve();
            };
          }),
      },
    });
    const changing = modes.set(FIRST, { mode: "gvt-s" });
    await Promise.resolve();
    assert.equal(modes.closed(FIRST)?.reason, "GPU_MODE_CHANGING");
    assert.equal(modes.closed(pciAddress(1)), undefined);
    write(new Error("input/output error"));
    // What was refused is written back at once.
    await new Promise(setImmediate);
    write();
    await assert.rejects(changing, refusedFor("LEDGER_UNAVAILABLE"));
    assert.deepEqual([modes.closed(FIRST), [...modes.current]], [undefined, []]);
  });

  it("is again what its kernel offers when it is set no more, under the same conditions", async () => {
    const node = await shared(1024);
    await create(node, 1);
    await assert.rejects(setMode(node, undefined), refusedFor("VGPU_IN_USE"));
    await node.clock.until(
      node.service.destroy({ ...stopRequest(1), method: "DestroyDomain", digest: "destroy-1" }, patient),
    );
    await setMode(node, undefined);
    assert.deepEqual([...node.modes.current], []);
    await create(node, 2, { ...seat, size: { by: "mode", mode: "gvt-g" } });
    // What is at work already may be set, and unset, whoever uses it.
    await setMode(node, "gvt-g");
    await setMode(node, undefined);
  });

  it("is changed by one call after the other, each of which looks at what the one before it left", async () => {
    const node = await shared(1024);
    const back = setMode(node, "gvt-g");
    const again = setMode(node, "gvt-s");
    await Promise.all([back, again]);
    assert.deepEqual([...node.modes.current.values()], [{ mode: "gvt-s" }]);
  });

  it("is not changed, to be asked again, while what would stand in the way is away", async () => {
    const node = new FakeNode(1024);
    node.hindrance = { condition: "LIBVIRT_UNAVAILABLE", why: "it was not asked yet" };
    await assert.rejects(setMode(node, "gvt-s"), refusedFor("LIBVIRT_UNAVAILABLE"));
    node.hindrance = { condition: "RENDER_NODE_MISSING", why: "there is none" };
    await assert.rejects(setMode(node, "gvt-s"), refusedFor("MODE_UNSUPPORTED", /RENDER_NODE_MISSING/));
  });

  it("keeps vGPUs of another one from being taken over", async () => {
    const node = await shared(1024);
    node.host.gpus[0]?.make(foreignVgpuId(1), typeName("4"));
    const request = { ...createRequest(1), vgpuId: foreignVgpuId(1), withDomain: false };
    await assert.rejects(
      node.clock.until(node.adoption.adopt(request, patient)),
      refusedFor("MODE_UNSUPPORTED", /is in mode gvt-s/),
    );
  });

  it("gives out nothing of another one", async () => {
    const node = await shared(1024);
    const slice: Wish = { ...seat, size: { by: "type", type: typeName("8") } };
    await assert.rejects(create(node, 1, slice), refusedFor("MODE_UNSUPPORTED", /is in mode gvt-s/));
    await setMode(node, "gvt-g");
    await assert.rejects(create(node, 1), refusedFor("MODE_UNSUPPORTED", /is in mode gvt-g/));
    await create(node, 1, slice);
  });
});

describe("a seat on a GPU", () => {
  it("is a virtio-gpu that renders on the GPU's node, and nothing in the kernel", async () => {
    const node = await shared(1024);
    await create(node, 1);
    const inventory = await node.lookout.fresh();
    assert.deepEqual([...inventory.vgpus.keys()], []);
    const domain = inventory.domains.known ? inventory.domains.value.get(domainId(1)) : undefined;
    assert.deepEqual(
      [domain?.state, domain?.renderNodes, domain?.mark?.share],
      ["running", [NODE], { mode: "gvt-s" }],
    );
  });

  it("is refused when all are taken: by claims on or off, and by running domains of others", async () => {
    const node = await shared(1024);
    node.host.put(foreignDomain(9, { renderNodes: [NODE] }));
    for (let n = 1; n < RENDER_SEATS; n += 1) await create(node, n);
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await assert.rejects(create(node, 7), refusedFor("SEATS_EXHAUSTED", /all of its 3 seats are taken/));
    node.host.become(domainId(9), "shut-off");
    await create(node, 7);
  });

  it("is one of as many as its GPU has, which need not be as many as another has", async () => {
    const node = await shared(1024, 1024);
    await node.clock.until(
      node.gpuModes.set({ gpu: pciAddress(1), mode: "gvt-s", validateOnly: false }, patient),
    );
    const inventory = await node.lookout.fresh();
    const renderSeats = (gpu: string): number => (gpu === pciAddress(1) ? 5 : 2);
    const terms = { ...plainTerms, modes: node.modes.current, renderSeats };
    assert.deepEqual(
      gpuViews(inventory, node.ledger, terms).map(({ seats, types }) => [
        seats?.total,
        types[0]?.allocatable,
      ]),
      [
        [2, 2],
        [5, 5],
      ],
    );
  });

  it("leaves nothing to plan when its domain is off, whether it keeps it or gave it back", async () => {
    for (const onStop of ["hold", "release"] as const) {
      const node = await shared(1024);
      await node.clock.until(
        node.service.create(createRequest(1, { wish: seat, domain: { onStop } }), patient),
      );
      await node.clock.until(node.service.stop(stopRequest(1), patient));
      await node.converge();
      const [claim] = node.ledger.living();
      const inventory = await node.lookout.fresh();
      assert.deepEqual(
        [claim?.state, claim && plan(claim, inventory, node.clock.wall())],
        ["stopped", []],
        onStop,
      );
    }
  });

  it("counts while its domain runs, although it was given back", async () => {
    const node = await shared(1024);
    await node.clock.until(
      node.service.create(createRequest(1, { wish: seat, domain: { onStop: "release" } }), patient),
    );
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    const free = async (): Promise<number | undefined> => {
      const inventory = await node.lookout.fresh();
      const terms = { ...plainTerms, modes: node.modes.current, renderSeats: () => RENDER_SEATS };
      return gpuViews(inventory, node.ledger, terms)[0]?.types[0]?.allocatable;
    };
    assert.equal(await free(), RENDER_SEATS);
    node.host.become(domainId(1), "running");
    assert.equal(await free(), RENDER_SEATS - 1);
  });

  it("counts while libvirt is away", async () => {
    const node = await shared(1024);
    await create(node, 1);
    node.host.libvirtAway = "it was stopped";
    const inventory = await node.lookout.fresh();
    const [view] = gpuViews(inventory, node.ledger, { ...plainTerms, modes: node.modes.current });
    assert.deepEqual([view?.seats?.own, view?.seats?.foreign], [1, undefined]);
    assert.equal(view?.types[0]?.allocatable, plainTerms.renderSeats(pciAddress()) - 1);
    assert.deepEqual(view.whole.heldBy, ["seats"]);
  });

  it("keeps its GPU in the mode when the record of that is lost, and lets it be set again", async () => {
    const node = await shared(1024);
    await create(node, 1);
    node.loseModes();
    node.restart();
    await create(node, 2);
    await setMode(node, "gvt-s");
    await assert.rejects(setMode(node, "gvt-g"), refusedFor("VGPU_IN_USE"));
  });

  it("is bound from a reservation of a seat, and from none of a slice", async () => {
    const node = await shared(1024);
    await node.clock.until(node.reservations.create({ ...reserveRequest(1), wish: seat }, patient));
    const bound = createRequest(1, { reservation: claimId("claim-1"), wish: seat });
    await node.clock.until(node.service.create(bound, patient));
    const slices = new FakeNode(1024);
    const slice: Wish = { ...seat, size: { by: "type", type: typeName("8") } };
    await slices.clock.until(slices.reservations.create({ ...reserveRequest(1), wish: slice }, patient));
    await assert.rejects(
      slices.clock.until(slices.service.create(bound, patient)),
      refusedFor("RESERVATION_MISMATCH"),
    );
  });

  it("is given up as it is: its domain goes on, and counts as one of others", async () => {
    const node = await shared(1024);
    await create(node, 1);
    const [claim] = node.ledger.living();
    assert.ok(claim);
    const request = { requestId: undefined, method: "ReleaseVgpu", digest: "release-1" };
    await node.clock.until(
      node.adoption.release({ ...request, vgpu: { by: "id", id: claim.vgpuId } }, patient),
    );
    const inventory = await node.lookout.fresh();
    const [view] = gpuViews(inventory, node.ledger, { ...plainTerms, modes: node.modes.current });
    assert.deepEqual([view?.seats?.own, view?.seats?.foreign], [0, 1]);
  });

  it("waits for its GPU's driver after a boot, and its autostart with it", async () => {
    const node = await shared(1024);
    await node.clock.until(
      node.service.create(createRequest(1, { wish: seat, domain: { autostart: true } }), patient),
    );
    const [gpu] = node.host.gpus;
    assert.ok(gpu);
    node.host.reboot();
    gpu.hasNode = false;
    node.restart();
    const round = node.clock.until(node.reconciler.round());
    await round;
    assert.equal(node.ledger.living()[0]?.goal, "running");
    gpu.hasNode = true;
    await node.converge();
    const [claim] = node.ledger.living();
    assert.deepEqual([claim?.state, claim?.goal], ["active", "running"]);
  });

  it("is found again from its domain's mark when the ledger is lost", async () => {
    const node = await shared(1024);
    await create(node, 1);
    node.store.lose();
    node.restart();
    await node.converge();
    const [claim] = node.ledger.living();
    assert.deepEqual([claim?.claimId, claim?.state, claim?.share], ["claim-1", "active", { mode: "gvt-s" }]);
  });

  it("is not to be had without its domain", async () => {
    const node = await shared(1024);
    const request = { ...createRequest(1, { wish: seat }), forDomain: undefined, labels: {} };
    await assert.rejects(
      node.clock.until(node.vgpus.create(request, patient)),
      refusedFor("MODE_UNSUPPORTED", /CreateDomain makes both/),
    );
  });
});
