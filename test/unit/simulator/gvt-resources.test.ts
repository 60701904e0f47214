import assert from "node:assert/strict";
import fc from "fast-check";
import { GvtResources, type Allocation } from "../../../agent/simulator/gvt-resources.ts";
import { describeType, gvtTypes } from "../../../agent/simulator/gvt-types.ts";

const COFFEE_LAKE = "3e92";

function resources(
  apertureMib: number,
  options: { readonly device?: string; readonly old?: boolean } = {},
): GvtResources {
  const { device = COFFEE_LAKE, old = false } = options;
  return new GvtResources({ device, apertureMib, ggttMib: 4096, hostRanges: [], countsFencesAtFirst: !old });
}

function shown(gvt: GvtResources): Readonly<Record<string, number>> {
  return Object.fromEntries(
    gvt.types.map((type) => [type.directory.slice(-2), gvt.availableInstances(type)]),
  );
}

describe("the simulated GVT-g resources", () => {
  it("show the instances that a freshly booted kernel shows for each aperture", () => {
    assert.deepEqual(shown(resources(128)), {});
    assert.deepEqual(shown(resources(256)), { _8: 2, _4: 1 });
    assert.deepEqual(shown(resources(512)), { _8: 6, _4: 3, _2: 1 });
    assert.deepEqual(shown(resources(1024)), { _8: 7, _4: 5, _2: 2, _1: 1 });
    assert.deepEqual(shown(resources(2048)), { _8: 4, _4: 3, _2: 1, _1: 0 });
    assert.deepEqual(shown(resources(4096)), { _8: 7, _4: 7, _2: 3, _1: 1 });
  });

  it("refuse every vGPU with an aperture of 4 GiB, whatever they show", () => {
    const gvt = resources(4096);
    for (const type of gvt.types) assert.equal(gvt.allocate(type), undefined);
  });

  it("forget the fences until the first change under an old kernel", () => {
    const gvt = resources(4096, { old: true });
    assert.equal(shown(gvt)["_8"], 9);
    assert.equal(shown(resources(4096))["_8"], 7);
  });

  it("share one budget among all types", () => {
    const gvt = resources(512);
    const [, four] = gvt.types;
    assert.ok(four);
    gvt.allocate(four);
    assert.deepEqual(shown(gvt), { _8: 4, _4: 2, _2: 1 });
  });

  it("can be too fragmented for what they show", () => {
    const gvt = resources(1024);
    const [eight, four, two] = gvt.types;
    assert.ok(eight && four && two);
    const made = [eight, four, eight, four, eight].map((type) => gvt.allocate(type));
    for (const index of [0, 2]) {
      const allocation = made[index];
      assert.ok(allocation);
      gvt.release(allocation);
    }
    assert.equal(gvt.availableInstances(two), 1);
    assert.equal(gvt.allocate(two), undefined);
    assert.ok(gvt.allocate(four));
  });

  it("do not know of the host's framebuffers when they count", () => {
    const hostRanges = [{ start: 128, size: 128 }];
    const gvt = new GvtResources({
      device: COFFEE_LAKE,
      apertureMib: 256,
      ggttMib: 4096,
      hostRanges,
      countsFencesAtFirst: true,
    });
    assert.deepEqual(shown(gvt), { _8: 2, _4: 1 });
    for (const type of gvt.types) assert.equal(gvt.allocate(type), undefined);
  });

  it("never hand out more than there is, never overlap, and are whole again when all is released", () => {
    const sizes = fc.record({
      aperture: fc.constantFrom(128, 256, 512, 1024, 2048, 4096),
      ggtt: fc.constantFrom(1024, 2048, 4096),
    });
    const steps = fc.array(fc.record({ create: fc.boolean(), pick: fc.nat(20) }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, steps, ({ aperture, ggtt }, wanted) => {
        fc.pre(ggtt >= aperture);
        const gvt = new GvtResources({
          device: COFFEE_LAKE,
          apertureMib: aperture,
          ggttMib: ggtt,
          hostRanges: [],
          countsFencesAtFirst: true,
        });
        const before = shown(gvt);
        const held: Allocation[] = [];
        for (const { create, pick } of wanted) {
          const type = gvt.types[pick % Math.max(gvt.types.length, 1)];
          if (create && type !== undefined) {
            const could = gvt.availableInstances(type);
            const allocation = gvt.allocate(type);
            if (allocation !== undefined) assert.ok(could >= 1);
            if (allocation !== undefined) held.push(allocation);
          } else {
            for (const allocation of held.splice(pick % Math.max(held.length, 1), 1)) gvt.release(allocation);
          }
          checkInvariants(held, { low: aperture - 128, high: ggtt - aperture - 384 });
        }
        for (const allocation of held) gvt.release(allocation);
        assert.deepEqual(shown(gvt), before);
      }),
    );
  });
});

describe("the simulated GVT-g types", () => {
  it("are of version 4 on Broadwell and 5 on its successors", () => {
    assert.equal(gvtTypes("1622")[0]?.directory, "i915-GVTg_V4_8");
    for (const device of ["1912", "5a84", "5916", "87c0", "3e92", "3ea0", "87ca", "9bc5"]) {
      assert.equal(gvtTypes(device)[0]?.directory, "i915-GVTg_V5_8", device);
    }
  });

  it("do not exist on a GPU that GVT-g refuses", () => {
    for (const device of ["0412", "3184", "8a52", "4c8a", "9a49", "56c0"])
      assert.deepEqual(gvtTypes(device), [], device);
  });

  it("are described in the kernel's five lines", () => {
    const [, four] = gvtTypes(COFFEE_LAKE);
    assert.ok(four);
    assert.equal(
      describeType(four),
      "low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4\n",
    );
  });
});

function checkInvariants(
  held: readonly Allocation[],
  budget: { readonly low: number; readonly high: number },
): void {
  const sum = (size: (allocation: Allocation) => number): number =>
    held.reduce((all, one) => all + size(one), 0);
  assert.ok(held.length <= 7);
  assert.equal(new Set(held.map(({ id }) => id)).size, held.length);
  assert.ok(held.every(({ id }) => id >= 1 && id <= 7));
  assert.ok(held.length === 0 || sum(({ type }) => type.lowMib) <= budget.low);
  assert.ok(held.length === 0 || sum(({ type }) => type.highMib) <= budget.high);
  assert.ok(sum(({ type }) => type.fences) <= 28);
  for (const space of ["low", "high"] as const) {
    const ranges = held.map((one) => one[space]).sort((a, b) => a.start - b.start);
    ranges.reduce((end, { start, size }) => {
      assert.ok(start >= end, "two vGPUs share addresses");
      return start + size;
    }, 0);
  }
}
