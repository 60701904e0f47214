// A GPU's accounts as a resource provider ought to tell them.
import assert from "node:assert/strict";
import type { Quantities, Quantity } from "../../../agent/capacity/quantities.ts";
import { difference, keepingHeld } from "../../../agent/schedulers/placement/difference.ts";
import { classesWith, gpuOfProvider, providerName } from "../../../agent/core/placement-names.ts";
import { traitOf } from "../../../agent/core/placement-names.ts";
import { gpuUuids, quantitiesIn, rootUuids } from "../../../agent/schedulers/placement/names.ts";
import { disagreementsOf } from "../../../agent/schedulers/placement/books.ts";
import { overbooked, wantedProvider } from "../../../agent/schedulers/placement/wanted.ts";
import type { GpuSupply } from "../../../agent/schedulers/supply.ts";
import { parsePciAddress, type ClaimId, type PciAddress } from "../../../agent/core/ids.ts";

const GPU = parsePciAddress("0000:00:02.0") as PciAddress;
const classes = classesWith("CUSTOM_INTEL_VGPU");
const SMALL: Quantities = { slices: 1, lowGmMib: 64, highGmMib: 384, fences: 4 };
const claim = (id: string): ClaimId => id as ClaimId;

function supply(change: Partial<GpuSupply> = {}): GpuSupply {
  const offers = new Map<Quantity, { total: number; kept: number; least: number; most: number }>([
    ["slices", { total: 7, kept: 0, least: 1, most: 1 }],
    ["lowGmMib", { total: 256, kept: 128, least: 64, most: 128 }],
    ["fences", { total: 32, kept: 4, least: 4, most: 4 }],
  ]);
  return {
    ...{ gpu: GPU, mode: "gvt-g", platform: "Broadwell", types: ["i915-GVTg_V4_8"], drained: false },
    ...{ closed: false, closedBy: [], offers, held: [] },
    ...change,
  };
}

const reservedOf = (
  gpu: GpuSupply,
  bookings: ReadonlyMap<string, Quantities> = new Map(),
): Record<string, number> =>
  Object.fromEntries(
    Object.entries(wantedProvider(gpu, { hypervisor: "kvm" }, { bookings, classes }).inventories).map(
      ([name, { reserved }]) => [name, reserved],
    ),
  );

describe("what a GPU's provider ought to have", () => {
  it("is all that there is, with what the host keeps reserved, one slice at a time", () => {
    const wanted = wantedProvider(supply(), { hypervisor: "xen" }, { bookings: new Map(), classes });
    const units = { minUnit: 1, stepSize: 1, allocationRatio: 1 };
    assert.deepEqual(wanted.inventories, {
      CUSTOM_INTEL_VGPU: { total: 7, reserved: 0, maxUnit: 1, ...units },
      CUSTOM_VGT_LOW_GM_MB: { total: 256, reserved: 128, maxUnit: 128, ...units },
      CUSTOM_VGT_FENCE: { total: 32, reserved: 4, maxUnit: 4, ...units },
    });
    assert.deepEqual(wanted.traits, [
      "CUSTOM_INTEL_VGPU_HYPERVISOR_XEN",
      "CUSTOM_INTEL_VGPU_MODE_GVT_G",
      "CUSTOM_INTEL_VGPU_PLATFORM_BROADWELL",
      "CUSTOM_INTEL_VGPU_TYPE_I915_GVTG_V4_8",
    ]);
  });

  it("is reserved for what others take, and not for what is booked", () => {
    const held = [
      { claimId: undefined, takes: SMALL },
      { claimId: claim("ab"), takes: SMALL },
    ];
    assert.deepEqual(reservedOf(supply({ held }), new Map([["ab", SMALL]])), {
      CUSTOM_INTEL_VGPU: 1,
      CUSTOM_VGT_LOW_GM_MB: 192,
      CUSTOM_VGT_FENCE: 8,
    });
  });

  it("is reserved for what a claim has more than was booked for it, of each quantity by itself", () => {
    const held = [{ claimId: claim("a"), takes: { slices: 1, lowGmMib: 128, fences: 4 } }];
    const bookings = new Map([["a", { slices: 1, lowGmMib: 100, fences: 6 }]]);
    assert.deepEqual(reservedOf(supply({ held }), bookings), {
      CUSTOM_INTEL_VGPU: 0,
      CUSTOM_VGT_LOW_GM_MB: 156,
      CUSTOM_VGT_FENCE: 4,
    });
  });

  it("is never reserved beyond what there is, which Placement would refuse", () => {
    const held = Array.from({ length: 9 }, () => ({ claimId: undefined, takes: SMALL }));
    assert.deepEqual(Object.values(reservedOf(supply({ held }))), [7, 256, 32]);
  });

  it("is reserved whole while the GPU is drained or its kernel gives nothing", () => {
    for (const change of [{ drained: true }, { closed: true }])
      assert.deepEqual(Object.values(reservedOf(supply(change))), [7, 256, 32]);
    const { traits } = wantedProvider(
      supply({ drained: true }),
      { hypervisor: "kvm" },
      { bookings: new Map(), classes },
    );
    assert.ok(traits.includes("CUSTOM_INTEL_VGPU_DRAINED"));
  });
});

describe("what is sent of a provider", () => {
  const wanted = wantedProvider(supply(), { hypervisor: "kvm" }, { bookings: new Map(), classes });
  const found = { ...wanted, aggregates: ["a"] };
  const ours = new Set<string>([...Object.values(classes), "CUSTOM_FORMER"]);
  const by = { isOwnClass: (name: string) => ours.has(name), aggregates: ["a"] };

  it("is nothing where it is as it ought to be, whatever the order", () => {
    const same = { ...found, traits: [...wanted.traits].reverse(), inventories: { ...wanted.inventories } };
    assert.deepEqual(difference(wanted, same, by), {
      ...{ inventories: undefined, traits: undefined, aggregates: undefined },
    });
  });

  it("keeps what others added, and takes away what is vgpud's and does not hold any more", () => {
    const other = { total: 3, reserved: 0, minUnit: 1, maxUnit: 3, stepSize: 1, allocationRatio: 16 };
    const stale = {
      inventories: {
        ...wanted.inventories,
        ...{ CUSTOM_INTEL_GPU: { ...other, total: 1 }, CUSTOM_FORMER: other, CUSTOM_OTHER: other },
      },
      traits: [...wanted.traits, "CUSTOM_RACK_7", "CUSTOM_INTEL_VGPU_DRAINED"],
      aggregates: ["b"],
    };
    const sent = difference(wanted, stale, by);
    assert.deepEqual(sent.inventories, { CUSTOM_OTHER: other, ...wanted.inventories });
    assert.deepEqual(sent.traits, [...wanted.traits, "CUSTOM_RACK_7"].sort());
    assert.deepEqual(sent.aggregates, ["a", "b"]);
  });

  it("gives nothing more of a class that goes while it is booked", () => {
    const gone = { total: 4, reserved: 1, minUnit: 1, maxUnit: 1, stepSize: 1, allocationRatio: 1 };
    const found = { CUSTOM_INTEL_VGPU_VF: gone, CUSTOM_INTEL_GPU: gone };
    assert.deepEqual(
      keepingHeld({}, found, (name) => name === "CUSTOM_INTEL_VGPU_VF"),
      { CUSTOM_INTEL_VGPU_VF: { ...gone, reserved: 4 } },
    );
  });
});

describe("what the books and the ledger do not agree in", () => {
  const books = (gpu: GpuSupply, bookings: ReadonlyMap<string, Quantities>) =>
    disagreementsOf(
      [{ gpu, bookings, wanted: wantedProvider(gpu, { hypervisor: "kvm" }, { bookings, classes }) }],
      { living: new Set(["lives"]) },
      { classes, firstSeen: () => 5 },
    );

  it("is what is booked without a claim, and a claim without booking", () => {
    const gpu = supply({ held: [{ claimId: claim("lives"), takes: SMALL }] });
    assert.deepEqual(books(gpu, new Map([["waits", SMALL]])), {
      withoutDomain: [{ booking: "waits", gpu: GPU, amounts: SMALL, since: 5 }],
      withoutBooking: [{ claimId: "lives", gpu: GPU, missing: SMALL, bookedOn: undefined }],
      overcommitted: [],
    });
  });

  it("is not a domain that is off and gave its slice back, nor what its type has more than was booked", () => {
    assert.deepEqual(books(supply(), new Map([["lives", SMALL]])).withoutDomain, []);
    const more = supply({ held: [{ claimId: claim("lives"), takes: { ...SMALL, lowGmMib: 128 } }] });
    assert.deepEqual(books(more, new Map([["lives", SMALL]])).withoutBooking, []);
  });

  it("is what is booked beyond what there is, by how much, and not that a GPU in use is drained", () => {
    const bookings = new Map(["a", "b", "c"].map((each) => [each, SMALL]));
    assert.deepEqual(books(supply(), bookings).overcommitted, [{ gpu: GPU, by: { lowGmMib: 64 } }]);
    const drained = supply({ drained: true });
    const two = new Map(
      [["a", SMALL]].map(([id, of]) => [id as string, { ...(of as Quantities), highGmMib: 0 }]),
    );
    const wanted = wantedProvider(drained, { hypervisor: "kvm" }, { bookings: two, classes });
    assert.deepEqual(overbooked(drained, wanted, { bookings: two, classes }), {});
  });
});

describe("names in Placement", () => {
  it("tell a GPU whatever its host is called, and leave those of others alone", () => {
    assert.equal(providerName("kvm-1.example", GPU), "kvm-1.example_vgpud_0000_00_02_0");
    assert.equal(gpuOfProvider("a_vgpud_0000_4d_00_0_vgpud_0000_00_02_0"), GPU);
    for (const other of ["kvm-1_pci_0000_00_02_0", "kvm-1", "kvm_vgpud_0000_00_02", "kvm_vgpud_0000_00_02_9"])
      assert.equal(gpuOfProvider(other), undefined, other);
  });

  it("are the same after a reinstallation, and others on another host", () => {
    const [one = "", ...more] = rootUuids("kvm-1");
    assert.deepEqual(rootUuids("kvm-1"), [one, ...more]);
    const others = [...rootUuids("kvm-2"), ...gpuUuids(one, GPU), ...gpuUuids(more[0] ?? "", GPU)];
    assert.equal(new Set([one, ...more, ...others]).size, 4 * rootUuids("kvm-1").length);
    for (const uuid of gpuUuids(one, GPU))
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("are of letters that Placement takes", () => {
    assert.equal(traitOf("platform", "Meteor Lake-H"), "CUSTOM_INTEL_VGPU_PLATFORM_METEOR_LAKE_H");
    assert.deepEqual(quantitiesIn({ VCPU: 2, CUSTOM_VGT_FENCE: 4 }, classes), { fences: 4 });
  });
});
