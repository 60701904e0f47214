// What a GPU has in the modes beside gvt-g, who has it, and what is left.
import assert from "node:assert/strict";
import type { DomainUse, DomainUses } from "../../../agent/capacity/accounts/domain-use.ts";
import { foreignSeats } from "../../../agent/capacity/accounts/render-seats.ts";
import { functionsAccount } from "../../../agent/capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount, type OnGpu } from "../../../agent/capacity/accounts/whole-gpu.ts";
import { parsePciAddress, type PciAddress } from "../../../agent/core/ids.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import type { FunctionAmounts, Sriov } from "../../../agent/inventory/virtual-functions.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";

const untold = { execQuantumMs: undefined, preemptTimeoutUs: undefined, priority: undefined };
const nothing: FunctionAmounts = {
  ...{ vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined },
};

function vf(number: number): PciAddress {
  const address = parsePciAddress(`0000:00:02.${number}`);
  assert.ok(address);
  return address;
}

/** A GPU with these drivers of functions. */
function sriov(drivers: readonly (string | undefined)[], given: Partial<Sriov> = {}): Sriov {
  return {
    ...{ total: 7, autoprobe: true, driverEnables: true },
    functions: drivers.map((driver, index) => ({
      ...{ number: index + 1, address: vf(index + 1), driver, quota: nothing, turns: untold },
    })),
    ...{ available: nothing, largestQuota: nothing },
    ...given,
  };
}

function use(n: number, given: Partial<DomainUse>): DomainUse {
  return {
    ...{ domain: domainId(n), name: `domain-${n}`, own: false, alive: true, pciDevices: [], renderNodes: [] },
    ...given,
  };
}

const noClaims: ReadonlySet<number> = new Set();

describe("the account of virtual functions", () => {
  const free = (of: Sriov, uses: DomainUses = []): number | undefined =>
    functionsAccount(of, noClaims, uses).free;

  it("counts those that domains name, running or not, and those that a driver holds for a guest", () => {
    const uses = [use(1, { own: true, pciDevices: [vf(1)] }), use(2, { alive: false, pciDevices: [vf(2)] })];
    const account = functionsAccount(
      sriov(["vfio-pci", undefined, "xe-vfio-pci", "i915", undefined]),
      noClaims,
      uses,
    );
    assert.deepEqual(account.used, { own: 1, foreign: 2 });
    assert.deepEqual(
      account.functions.map((each) => [each.free, each.domain]),
      [
        [false, domainId(1)],
        [false, domainId(2)],
        [false, undefined],
        [true, undefined],
        [true, undefined],
      ],
    );
    assert.equal(account.free, 2);
  });

  it("counts those that claims have, whose domains need not name them yet", () => {
    const uses = [use(1, { own: true, pciDevices: [vf(1)] })];
    const account = functionsAccount(sriov([undefined, undefined, undefined]), new Set([1, 2]), uses);
    assert.deepEqual(
      [account.used, account.free, account.functions.map(({ holder, free }) => [holder, free])],
      [
        { own: 2, foreign: 0 },
        1,
        [
          ["own", false],
          ["own", false],
          [undefined, true],
        ],
      ],
    );
  });

  it("has all that there can be while none is used: the kernel then enables any number", () => {
    assert.equal(free(sriov([])), 7);
    assert.equal(free(sriov(["i915", undefined])), 7);
    // As they are, without cutting the GPU anew.
    assert.equal(functionsAccount(sriov(["i915", undefined]), noClaims, []).unused, 2);
    assert.equal(functionsAccount(sriov(["vfio-pci", undefined]), noClaims, []).unused, 1);
  });

  it("has no more than those that exist while one is used: the kernel would first disable all", () => {
    assert.equal(free(sriov(["vfio-pci", undefined])), 1);
    assert.equal(free(sriov(["vfio-pci"])), 0);
  });

  it("has no more than those that exist where the driver enables none", () => {
    assert.equal(free(sriov([], { driverEnables: false })), 0);
    assert.equal(free(sriov([undefined], { driverEnables: false })), 1);
  });

  it("does not know what is free where it is not known how many there can be", () => {
    assert.equal(free(sriov([], { total: undefined })), undefined);
    assert.equal(free(sriov(["vfio-pci", undefined], { total: undefined })), 1);
  });

  it("does not know who has which while libvirt is away, but for those that a driver holds", () => {
    const account = functionsAccount(sriov(["vfio-pci", "i915"]), noClaims, undefined);
    assert.deepEqual(
      [account.used, account.free, account.functions.map((each) => each.free)],
      [undefined, undefined, [false, undefined]],
    );
    assert.equal(free(sriov(["vfio-pci"]), undefined), 0);
    assert.equal(functionsAccount(sriov([undefined]), noClaims, undefined).unused, undefined);
    assert.equal(free(sriov([]), undefined), 7);
  });

  it("gives a function that several domains name to the one that runs", () => {
    const uses = [use(1, { alive: false, pciDevices: [vf(1)] }), use(2, { own: true, pciDevices: [vf(1)] })];
    const account = functionsAccount(sriov(["vfio-pci"]), noClaims, uses);
    const [first] = account.functions;
    assert.deepEqual([first?.domain, first?.domainName], [domainId(2), "domain-2"]);
    assert.deepEqual(account.used, { own: 1, foreign: 0 });
  });

  it("adds up what they were given, and only what is known of each", () => {
    const of = (...quotas: readonly Partial<FunctionAmounts>[]): Sriov => ({
      ...sriov(quotas.map(() => undefined)),
      functions: quotas.map((quota, index) => ({
        ...{ number: index + 1, address: vf(index + 1), driver: undefined },
        quota: { ...nothing, ...quota },
        turns: untold,
      })),
    });
    const both = of({ ggttBytes: 10, contexts: 0 }, { ggttBytes: 5, contexts: 0, doorbells: 4 });
    assert.deepEqual(functionsAccount(both, noClaims, []).allocated, {
      ...nothing,
      ggttBytes: 15,
      contexts: 0,
    });
    const none = { ...of(), available: { ...nothing, ggttBytes: 99 } };
    assert.deepEqual(functionsAccount(none, noClaims, []).allocated, { ...nothing, ggttBytes: 0 });
  });
});

describe("the account of a whole GPU", () => {
  const gpu = (given: Partial<Gpu> = {}): Gpu => ({ ...new FakeGpu(pciAddress(), 512).facts(), ...given });
  const accountOf = (given: Partial<Gpu>, on: OnGpu, uses: DomainUses): unknown => {
    const { free, heldBy, used } = wholeGpuAccount(gpu(given), on, uses);
    return { free, heldBy, used };
  };
  const account = (
    given: Partial<Gpu>,
    { uses = [], ...on }: Partial<OnGpu> & { readonly uses?: readonly DomainUse[] } = {},
  ): unknown => accountOf(given, { ...bare, ...on }, uses);
  const away = (given: Partial<Gpu>): unknown => accountOf(given, bare, undefined);
  const bare: OnGpu = { isClaimed: false, isToGiveAway: false, isParked: false, vgpus: 0, seats: 0 };
  const unused = { own: 0, foreign: 0 };

  it("has one while vgpud itself keeps it from the host, and none once a claim has it", () => {
    assert.deepEqual(account({ driver: "vfio-pci" }, { isToGiveAway: true }), {
      ...{ free: 1, heldBy: [], used: unused },
    });
    assert.deepEqual(account({ driver: "vfio-pci" }, { isToGiveAway: true, isClaimed: true }), {
      ...{ free: 0, heldBy: ["claim"], used: { own: 1, foreign: 0 } },
    });
  });

  it("has one while nothing stands on it, whatever driver of the host has it", () => {
    assert.deepEqual(account({}), { free: 1, heldBy: [], used: unused });
    assert.deepEqual(account({ driver: undefined }), { free: 1, heldBy: [], used: unused });
    assert.deepEqual(account({ sriov: sriov([]) }), { free: 1, heldBy: [], used: unused });
  });

  it("has none while a driver holds it for a guest that nobody tells of", () => {
    for (const driver of ["vfio-pci", "pciback"])
      assert.deepEqual(account({ driver }), { free: 0, heldBy: ["driver"], used: { own: 0, foreign: 1 } });
  });

  it("has none while it waits for the boot, and counts as nobody's", () => {
    const heldBy = ["boot"];
    assert.deepEqual(account({ driver: "vfio-pci" }, { isParked: true }), { free: 0, heldBy, used: unused });
    const uses = [use(1, { pciDevices: [pciAddress()] })];
    assert.deepEqual(account({ driver: "vfio-pci" }, { isParked: true, uses }), {
      ...{ free: 0, heldBy: ["domain"], used: { own: 0, foreign: 1 } },
    });
  });

  it("has none while a domain names it, running or not", () => {
    const uses = [use(1, { alive: false, pciDevices: [pciAddress()] })];
    const held = { free: 0, heldBy: ["domain"], used: { own: 0, foreign: 1 } };
    assert.deepEqual(account({}, { uses }), held);
    assert.deepEqual(account({ driver: "vfio-pci" }, { uses }), held);
    const own = [use(1, { own: true, pciDevices: [pciAddress()] })];
    assert.deepEqual(account({}, { uses: own }), { ...held, used: { own: 1, foreign: 0 } });
  });

  it("has none while slices, virtual functions, seats or screens are on it, and names them all", () => {
    const all = account({ sriov: sriov([undefined]), screens: ["HDMI-A-1"] }, { vgpus: 2, seats: 1 });
    const heldBy = ["vgpus", "virtual-functions", "seats", "screens"];
    assert.deepEqual(all, { free: 0, heldBy, used: unused });
  });

  it("does not know while libvirt is away or a screen could not be told, unless something has it", () => {
    assert.deepEqual(away({}), { free: undefined, heldBy: [], used: undefined });
    assert.deepEqual(account({ screens: undefined }), { free: undefined, heldBy: [], used: unused });
    const held = away({ driver: "vfio-pci", screens: undefined });
    assert.deepEqual(held, { free: 0, heldBy: ["driver"], used: undefined });
  });
});

describe("the seats of a GPU", () => {
  const gpu = new FakeGpu(pciAddress(), 512).facts();

  it("are taken by the running domains of others that render on it, by either name of its node", () => {
    const uses = [
      use(1, { own: true, renderNodes: [`/dev/dri/${gpu.drmRender ?? ""}`] }),
      use(2, { renderNodes: [`/dev/dri/by-path/pci-${gpu.address}-render`] }),
      use(3, { renderNodes: ["/dev/dri/renderD199"] }),
      use(4, { alive: false, renderNodes: [`/dev/dri/${gpu.drmRender ?? ""}`] }),
    ];
    assert.deepEqual(
      foreignSeats(gpu, uses)?.map(({ domain }) => domain),
      [domainId(2)],
    );
  });

  it("are not known while libvirt is away", () => {
    assert.equal(foreignSeats(gpu, undefined), undefined);
  });
});
