// Ledger and host joined: who owns what, what is in use, what can still be made.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { parsePciAddress, type PciAddress } from "../../../agent/core/ids.ts";
import type { Domain, Inventory } from "../../../agent/inventory/model.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import type { ModeRecord } from "../../../agent/lifecycle/gpu-modes.ts";
import { holdingsOf } from "../../../agent/lifecycle/holdings.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { domainViews, gpuViews, vgpuViews, type GpuView } from "../../../agent/lifecycle/views.ts";
import { claim, domainOf, foreignDomain, reservation } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { domainId, foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { plainTerms } from "../../fakes/stock.ts";

function host(aperture = 512): { host: FakeHost; gpu: FakeGpu } {
  const gpu = new FakeGpu(pciAddress(), aperture);
  return { gpu, host: new FakeHost({ gpus: [gpu], wall: () => 0 }) };
}

async function look(from: FakeHost): Promise<Inventory> {
  return { ...(await from.look()), revision: 1 };
}

function ledgerOf(...claims: readonly Claim[]): Ledger {
  return new Ledger(new MemoryStore(), claims);
}

/** Nobody set a mode. */
const unset: ModeRecord = new Map();

describe("the view of a vGPU", () => {
  it("tells own, foreign and orphan apart", async () => {
    const { host: fake, gpu } = host(1024);
    for (const id of [ownVgpuId(1), ownVgpuId(2), foreignVgpuId(3)]) gpu.make(id, typeName("4"));
    const views = vgpuViews(await look(fake), ledgerOf(claim(1)), unset);
    assert.deepEqual(Object.fromEntries(views.map(({ id, ownership }) => [id, ownership])), {
      [ownVgpuId(1)]: "own",
      [ownVgpuId(2)]: "orphan",
      [foreignVgpuId(3)]: "foreign",
    });
  });

  it("shows what is only promised, and not what is gone", async () => {
    const ledger = ledgerOf(claim(1, { state: "creating" }), claim(2, { state: "gone", goal: "absent" }));
    const views = vgpuViews(await look(host().host), ledger, unset);
    assert.deepEqual(
      views.map(({ id, kernel }) => [id, kernel]),
      [[ownVgpuId(1), undefined]],
    );
  });

  it("is in use while a domain that names it runs", async () => {
    const { host: fake, gpu } = host();
    gpu.make(ownVgpuId(1), typeName("4"));
    const inUse = async (): Promise<boolean | undefined> =>
      vgpuViews(await look(fake), ledgerOf(claim(1)), unset)[0]?.inUse;
    assert.equal(await inUse(), false);
    fake.put(domainOf(claim(1)));
    assert.equal(await inUse(), true);
    fake.become(domainId(1), "shut-off");
    assert.equal(await inUse(), false);
    fake.libvirtAway = "connection refused";
    assert.equal(await inUse(), undefined);
  });

  it("names the domain that runs among several whose definitions name it", async () => {
    const { host: fake, gpu } = host();
    gpu.make(foreignVgpuId(1), typeName("4"));
    const vgpuIds = [foreignVgpuId(1)];
    fake.put(foreignDomain(1, { vgpuIds, state: "shut-off" }));
    fake.put(foreignDomain(2, { vgpuIds, state: "running" }));
    const [view] = vgpuViews(await look(fake), ledgerOf(), unset);
    assert.deepEqual([view?.domain?.id, view?.inUse], [domainId(2), true]);
  });
});

describe("the view of a vGPU of others", () => {
  /** A GPU with three virtual functions, of which a guest's driver has the first two. */
  function cutHost(): { readonly fake: FakeHost; readonly gpu: FakeGpu; readonly functions: PciAddress[] } {
    const { host: fake, gpu } = host();
    gpu.totalFunctions = 7;
    gpu.functions.push("vfio-pci", "vfio-pci", undefined);
    return { fake, gpu, functions: [1, 2, 3].map((number) => gpu.functionAddress(number)) };
  }
  const listed = async (from: FakeHost, ledger = ledgerOf(), modes = unset): Promise<unknown[]> =>
    vgpuViews(await look(from), ledger, modes)
      .filter(({ ownership }) => ownership === "foreign")
      .map(({ share, domain, present, inUse }) => {
        const what = share?.mode === "sriov" ? share.number : share?.mode;
        return [what, domain?.name, present, inUse];
      })
      .sort();

  it("is there for each function that a domain names or a driver keeps for a guest", async () => {
    const { fake, functions } = cutHost();
    const [first, , third] = functions;
    assert.ok(first && third);
    fake.put(foreignDomain(1, { pciDevices: [first] }));
    fake.put(foreignDomain(2, { pciDevices: [third], state: "shut-off" }));
    assert.deepEqual(await listed(fake), [
      [1, "foreign-1", true, true],
      [2, undefined, true, false],
      [3, "foreign-2", false, false],
    ]);
  });

  it("is known by its driver alone while libvirt is away, under the same id", async () => {
    const { fake, functions } = cutHost();
    fake.put(foreignDomain(1, { pciDevices: functions }));
    const ids = async (): Promise<unknown[]> =>
      vgpuViews(await look(fake), ledgerOf(), unset).map(({ id, share }) =>
        share?.mode === "sriov" ? [share.number, id] : [],
      );
    const known = await ids();
    fake.libvirtAway = "connection refused";
    assert.deepEqual(await listed(fake), [
      [1, undefined, true, undefined],
      [2, undefined, true, undefined],
    ]);
    const away = await ids();
    assert.deepEqual(
      away,
      known.filter((one) => away.some((other) => isDeepStrictEqual(one, other))),
    );
    fake.bootId = "another boot";
    assert.ok(!(await ids()).some((one) => away.some((other) => isDeepStrictEqual(one, other))));
  });

  it("is none while a claim has the function, whoever names it", async () => {
    const { fake, gpu, functions } = cutHost();
    const [address, second] = functions;
    assert.ok(address && second);
    const share = { mode: "sriov", number: 1, address } as const;
    fake.put(foreignDomain(1, { pciDevices: [address, second] }));
    const ledger = ledgerOf(claim(2, { gpu: gpu.address, share }));
    assert.deepEqual(await listed(fake, ledger), [[2, "foreign-1", true, true]]);
    assert.deepEqual(
      domainViews(await look(fake), ledger, unset).map(({ name, vgpuIds }) => [name, vgpuIds.length]),
      [
        ["foreign-1", 1],
        ["guest-2", 0],
      ],
    );
  });

  it("is a whole GPU that is named or that a driver keeps, unless vgpud is to give it away", async () => {
    const { host: fake, gpu } = host();
    assert.deepEqual(await listed(fake), []);
    gpu.driver = "vfio-pci";
    assert.deepEqual(await listed(fake), [["gvt-d", undefined, true, false]]);
    const given: ModeRecord = new Map([[gpu.address, { mode: "gvt-d" }]]);
    assert.deepEqual(await listed(fake, ledgerOf(), given), []);
    fake.put(foreignDomain(1, { pciDevices: [gpu.address] }));
    assert.deepEqual(await listed(fake, ledgerOf(), given), [["gvt-d", "foreign-1", true, true]]);
  });

  it("is the seat of each domain that runs, so that as many are listed as the GPU counts", async () => {
    const { host: fake, gpu } = host();
    const renderNodes = [`/dev/dri/${gpu.facts().drmRender ?? ""}`];
    for (const n of [1, 2]) fake.put(foreignDomain(n, { renderNodes }));
    fake.put(foreignDomain(3, { renderNodes, state: "shut-off" }));
    assert.deepEqual(await listed(fake), [
      ["gvt-s", "foreign-1", true, true],
      ["gvt-s", "foreign-2", true, true],
    ]);
    const [view] = gpuViews(await look(fake), ledgerOf(), plainTerms);
    assert.equal(view?.seats?.foreign, 2);
  });
});

describe("the view of a domain", () => {
  const view = async (ledger: Ledger, ...domains: readonly Domain[]): Promise<unknown[]> => {
    const { host: fake } = host();
    for (const domain of domains) fake.put(domain);
    return domainViews(await look(fake), ledger, unset).map(({ name, ownership, claim: owner }) => [
      name,
      ownership,
      owner?.claimId,
    ]);
  };

  it("tells own, foreign and orphan apart", async () => {
    const domains = [domainOf(claim(1)), domainOf(claim(2)), foreignDomain(3)];
    assert.deepEqual(await view(ledgerOf(claim(1)), ...domains), [
      ["guest-1", "own", "claim-1"],
      ["guest-2", "orphan", undefined],
      ["foreign-3", "foreign", undefined],
    ]);
  });

  it("takes a copied mark for foreign", async () => {
    const copy = { ...foreignDomain(5), mark: domainOf(claim(1)).mark };
    assert.deepEqual(await view(ledgerOf(), copy), [["foreign-5", "foreign", undefined]]);
  });

  it("takes a domain without our mark under our UUID for foreign", async () => {
    assert.deepEqual(await view(ledgerOf(claim(1)), foreignDomain(1)), [["foreign-1", "foreign", undefined]]);
  });

  it("shows a claim that libvirt does not know yet, under its name", async () => {
    assert.deepEqual(await view(ledgerOf(claim(1, { state: "creating" }))), [["guest-1", "own", "claim-1"]]);
  });
});

describe("the view of a GPU", () => {
  it("counts each slice once, whether promised, made or both", async () => {
    const { host: fake, gpu } = host(1024);
    gpu.make(ownVgpuId(1), typeName("4"));
    gpu.make(foreignVgpuId(3), typeName("8"));
    const ledger = ledgerOf(claim(1), claim(2, { state: "creating" }));
    const inventory = await look(fake);
    const counted = holdingsOf(ledger, inventory).map(({ vgpuId }) => vgpuId);
    assert.deepEqual(counted.sort(), [ownVgpuId(1), ownVgpuId(2), foreignVgpuId(3)].sort());
    const [view] = gpuViews(inventory, ledger, plainTerms);
    assert.deepEqual(view?.budget?.used, { lowGmMib: 320, highGmMib: 1408, fences: 12, instances: 3 });
  });

  it("agrees with the kernel on what its slices leave", async () => {
    const { host: fake, gpu } = host(1024);
    gpu.make(foreignVgpuId(1), typeName("2"));
    const [view] = gpuViews(await look(fake), ledgerOf(claim(2, { state: "creating" })), plainTerms);
    assert.deepEqual(view?.disagreements, []);
  });

  it("tells where the kernel counts otherwise, and offers the smaller number", async () => {
    const { host: fake } = host(512);
    const inventory = await look(fake);
    const gpus = [...inventory.gpus.values()].map((gpu) => ({
      ...gpu,
      types: gpu.types.map((type) => ({ ...type, kernelAvailable: 1 })),
    }));
    const shown = { ...inventory, gpus: new Map(gpus.map((gpu) => [gpu.address, gpu])) };
    const [view] = gpuViews(shown, ledgerOf(), plainTerms);
    assert.deepEqual(view?.disagreements, [
      { type: typeName("8"), ours: 6, kernel: 1, wraps: false },
      { type: typeName("4"), ours: 3, kernel: 1, wraps: false },
    ]);
    assert.deepEqual(
      view.types.map(({ allocatable }) => allocatable),
      [1, 1, 1],
    );
  });

  it("offers nothing of a type that the kernel does not count, and finds nothing to disagree with", async () => {
    const { host: fake } = host(512);
    const inventory = await look(fake);
    const gpus = [...inventory.gpus.values()].map((gpu) => ({
      ...gpu,
      types: gpu.types.map((type) => ({ ...type, kernelAvailable: undefined })),
    }));
    const shown = { ...inventory, gpus: new Map(gpus.map((gpu) => [gpu.address, gpu])) };
    const [view] = gpuViews(shown, ledgerOf(), plainTerms);
    assert.deepEqual(view?.disagreements, []);
    assert.deepEqual(
      view.types.map(({ allocatable }) => allocatable),
      [0, 0, 0],
    );
  });

  it("offers what the kernel has left once, and does not take a promise for a disagreement", async () => {
    const { host: fake, gpu } = host(512);
    gpu.leak("4");
    const shown = async (...claims: readonly Claim[]): Promise<GpuView | undefined> =>
      gpuViews(await look(fake), ledgerOf(...claims), plainTerms)[0];
    const offered = async (...claims: readonly Claim[]): Promise<number[] | undefined> =>
      (await shown(...claims))?.types.map(({ allocatable }) => allocatable);
    assert.deepEqual(await offered(), [4, 2, 1]);
    assert.deepEqual(await offered(reservation(1)), [3, 1, 1]);
    assert.deepEqual(await offered(reservation(1), reservation(2)), [2, 0, 0]);
    assert.deepEqual((await shown(reservation(1)))?.disagreements, (await shown())?.disagreements);
  });

  it("tells what domains of claims have of virtual functions and seats from what others have", async () => {
    const { host: fake, gpu } = host();
    const [first, second] = [1, 2].map((n) => parsePciAddress(`0000:00:02.${n}`));
    assert.ok(first && second);
    const renderNodes = [`/dev/dri/${gpu.facts().drmRender ?? ""}`];
    fake.put(domainOf(claim(1), { pciDevices: [first], renderNodes }));
    fake.put(foreignDomain(2, { pciDevices: [second], renderNodes }));
    fake.put({ ...foreignDomain(3, { renderNodes }), mark: domainOf(claim(1)).mark });
    const inventory = await look(fake);
    const nothing = { vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined };
    const untold = { execQuantumMs: undefined, preemptTimeoutUs: undefined, priority: undefined };
    const functions = [first, second].map((address, index) => ({
      ...{ number: index + 1, address, driver: undefined, quota: nothing, turns: untold },
    }));
    const sriov = {
      ...{ total: 7, autoprobe: false, driverEnables: true },
      ...{ functions, available: nothing, largestQuota: nothing },
    };
    const gpus = new Map([...inventory.gpus].map(([at, each]) => [at, { ...each, sriov }]));
    const [view] = gpuViews({ ...inventory, gpus }, ledgerOf(claim(1)), plainTerms);
    assert.deepEqual(view?.functions?.used, { own: 1, foreign: 1 });
    assert.deepEqual(view.seats, { own: 0, foreign: 2, total: undefined });
    assert.deepEqual(view.whole.heldBy, ["vgpus", "virtual-functions", "seats"]);
    assert.equal(view.mode, "gvt-g");
  });

  it("has no account of seats on a host of Xen, where no guest can have one", async () => {
    const { host: fake } = host();
    const inventory = await look(fake);
    const onXen = { ...inventory, host: { ...inventory.host, hypervisor: "xen" } } as const;
    assert.ok(gpuViews(inventory, ledgerOf(), plainTerms)[0]?.seats);
    assert.equal(gpuViews(onXen, ledgerOf(), plainTerms)[0]?.seats, undefined);
  });

  it("has no budget where nothing is offered", async () => {
    const [view] = gpuViews(await look(host(128).host), ledgerOf(), plainTerms);
    assert.deepEqual([view?.budget, view?.types, view?.disagreements], [undefined, [], []]);
  });
});
