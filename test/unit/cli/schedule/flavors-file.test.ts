// A file of flavors: what it comes to, and everything that is wrong in it, by its place.
import assert from "node:assert/strict";
import fc from "fast-check";
import { booked, roundedText, type Flavor } from "../../../../agent/cli/schedule/flavor.ts";
import { candidatesQuery, searchesFor } from "../../../../agent/cli/schedule/searches.ts";
import { parseFlavors } from "../../../../agent/cli/schedule/flavors-file.ts";
import { KNOWN_TYPES } from "../../../../agent/core/gvtg-types.ts";

const SIZED = "vcpus: 2, memory: 2G, vgt_low_gm_sz: 64";

function only(text: string): Flavor {
  const { flavors, faults } = parseFlavors(text, "f.yaml");
  assert.deepEqual(faults, []);
  const [flavor] = flavors;
  assert.ok(flavor);
  return flavor;
}

function faultsOf(text: string): readonly string[] {
  return parseFlavors(text, "f.yaml").faults.map(({ where, what }) => `${where}: ${what}`);
}

describe("a flavor", () => {
  it("books what the seed's sizes round to, and tells it", () => {
    const flavor = only(
      "gvt: { vcpus: 2, memory: 2G, vgt_low_gm_sz: 128, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }",
    );
    assert.deepEqual(booked(flavor, "CUSTOM_INTEL_VGPU"), {
      CUSTOM_INTEL_VGPU: 1,
      CUSTOM_VGT_LOW_GM_MB: 128,
      CUSTOM_VGT_HIGH_GM_MB: 512,
      CUSTOM_VGT_FENCE: 4,
    });
    assert.match(roundedText(flavor) ?? "", /^gvt: 128 MiB .* 384 MiB high .* rounds to .* 512 MiB high/);
    assert.equal(flavor.memoryMib, 2048);
  });

  it("says nothing of rounding where its sizes are a type's, or are not named", () => {
    assert.equal(roundedText(only(`a: { ${SIZED}, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }`)), undefined);
    const smallest = only("a: { vcpus: 1, memory: 512, mode: gvt-g }");
    assert.equal(roundedText(smallest), undefined);
    assert.equal(booked(smallest, "VGPU")["CUSTOM_VGT_LOW_GM_MB"], 64);
  });

  it("is the same in Nova's words, written out or below one key", () => {
    const own = only(`a: { ${SIZED}, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }`);
    const nova = `
a:
  vcpus: "2"
  memory: 2048M
  resources_GPU:VGPU: 1
  resources_GPU:CUSTOM_VGT_LOW_GM_MB: "64"
  resources_GPU: { CUSTOM_VGT_HIGH_GM_MB: 384, CUSTOM_VGT_FENCE: 4 }
  group_policy: none
`;
    const { vgpu, ...rest } = own;
    assert.deepEqual(only(nova), { ...rest, vgpu: { ...vgpu, namesHighGm: true } });
  });

  it("takes the sizes with the prefix of a flavor's metadata", () => {
    assert.deepEqual(only("a: { vcpus: 2, memory: 2G, hw:vgt_low_gm_sz: 64 }"), only(`a: { ${SIZED} }`));
  });

  it("asks Placement for amounts and traits of one group", () => {
    const flavor = only(`a: { ${SIZED}, trait_GPU:CUSTOM_A: required, trait_GPU: { CUSTOM_B: forbidden } }`);
    assert.deepEqual(
      searchesFor(flavor, "VGPU").map((search) =>
        candidatesQuery(search, { memberOf: ["A", "B"], limit: 5 }),
      ),
      [
        "resources_GPU=VGPU:1,CUSTOM_VGT_LOW_GM_MB:64,CUSTOM_VGT_HIGH_GM_MB:384,CUSTOM_VGT_FENCE:4" +
          "&required_GPU=CUSTOM_A,!CUSTOM_B&member_of_GPU=in:A,B&group_policy=none&limit=5",
        "resources_GPU=VGPU:1,CUSTOM_VGT_LOW_GM_MB:64,CUSTOM_VGT_FENCE:4" +
          "&required_GPU=CUSTOM_A,CUSTOM_INTEL_VGPU_HYPERVISOR_XEN,!CUSTOM_B&member_of_GPU=in:A,B&group_policy=none&limit=5",
      ],
    );
  });

  it("is asked for where high GM is not counted unless it books the class by its name, or no slice", () => {
    const searches = (text: string) =>
      searchesFor(only(`a: { vcpus: 1, memory: 1G, ${text} }`), "VGPU").length;
    const classes = "resources_GPU:VGPU: 1, resources_GPU:CUSTOM_VGT_LOW_GM_MB: 64";
    assert.deepEqual(
      ["mode: gvt-g", "vgt_low_gm_sz: 64, vgt_high_gm_sz: 384", classes].map(searches),
      [2, 2, 2],
    );
    assert.equal(searches(`${classes}, resources_GPU:CUSTOM_VGT_HIGH_GM_MB: 384`), 1);
    assert.equal(searches("mode: gvt-d"), 1);
  });

  it("books one piece in the other modes", () => {
    const of = (mode: string) => booked(only(`a: { vcpus: 1, memory: 1G, mode: ${mode} }`), "VGPU");
    assert.deepEqual(of("sriov"), { CUSTOM_INTEL_VGPU_VF: 1 });
    assert.deepEqual(of("gvt-d"), { CUSTOM_INTEL_GPU: 1 });
    assert.deepEqual(of("gvt-s"), { CUSTOM_INTEL_VGPU_SEAT: 1 });
    const nova = only("a: { vcpus: 1, memory: 1G, resources_GPU:CUSTOM_INTEL_VGPU_VF: 1 }");
    assert.equal(nova.vgpu.mode, "sriov");
  });

  it("books never less than it asks for, and always a type", () => {
    const sizes = { low: fc.integer({ min: 1, max: 512 }), high: fc.integer({ min: 0, max: 2048 }) };
    fc.assert(
      fc.property(
        fc.record({ ...sizes, fences: fc.integer({ min: 0, max: 4 }) }),
        ({ low, high, fences }) => {
          const { vgpu } = only(
            `a: { vcpus: 1, memory: 1G, vgt_low_gm_sz: ${low}, vgt_high_gm_sz: ${high}, vgt_fence_sz: ${fences} }`,
          );
          assert.ok(vgpu.mode === "gvt-g");
          const { lowGmMib, highGmMib, fences: given } = vgpu.sizes;
          assert.ok(lowGmMib >= low && highGmMib >= high && given >= fences);
          assert.ok(KNOWN_TYPES.some((type) => type.sizes === vgpu.sizes));
        },
      ),
    );
  });
});

describe("a file of flavors", () => {
  const wrong: Readonly<Record<string, readonly [text: string, ...says: readonly RegExp[]]>> = {
    "that says nothing": ["", /^f\.yaml:1:1: the file takes a mapping of flavors/],
    "that is no YAML": ["a: [", /^f\.yaml:1:\d+: /],
    "with a flavor twice": [`a: { ${SIZED} }\na: { ${SIZED} }`, /^f\.yaml:2:1: a: stands twice/],
    "with a flavor that is none": ["a: 5", /^f\.yaml:1:1: a: takes a mapping/],
    "with an unknown key": [
      `a: { ${SIZED}, vgt_hihg_gm_sz: 384 }`,
      /^f\.yaml:1:\d+: a: vgt_hihg_gm_sz: no key of a flavor; did you mean vgt_high_gm_sz\?/,
    ],
    "with a disk": [`a: { ${SIZED}, disk: 20 }`, /a: disk: no key of a flavor; vgpud makes no disks/],
    "with a negative size": [
      `a:\n  vcpus: 2\n  memory: 2G\n  vgt_low_gm_sz: -64`,
      /^f\.yaml:4:3: a: vgt_low_gm_sz: -64 is not allowed; it takes a whole number of 1 to 4096/,
    ],
    "with a half": [`a: { ${SIZED}, vgt_fence_sz: 2.5 }`, /vgt_fence_sz: 2\.5 is not allowed/],
    "with a size of another kind": [
      `a: { ${SIZED}, vgt_fence_sz: [4] }`,
      /vgt_fence_sz: \[4\] is not allowed/,
    ],
    "without a value": [
      `a: { ${SIZED}, vgt_fence_sz: }`,
      /a: vgt_fence_sz has no value; it takes a whole number/,
    ],
    "with sizes that no type holds": [
      "a: { vcpus: 1, memory: 1G, vgt_low_gm_sz: 1024 }",
      /^f\.yaml:1:1: a: no type holds 1024 MiB low GM, .*: the largest has 512 MiB low GM, 2048 MiB high GM, 4 fences/,
    ],
    "with more fences than a type has": [`a: { ${SIZED}, vgt_fence_sz: 8 }`, /no type holds .* 8 fences/],
    "with memory in another unit": [
      "a: { vcpus: 1, memory: 2T, mode: sriov }",
      /memory: "2T" is not allowed/,
    ],
    "with no memory": ["a: { vcpus: 1, memory: 0, mode: sriov }", /memory: 0 is not allowed/],
    "without CPUs and memory": [
      "a: { mode: sriov }",
      /^f\.yaml:1:1: a: vcpus is missing/,
      /^f\.yaml:1:1: a: memory is missing/,
    ],
    "that wants nothing of a GPU": ["a: { vcpus: 1, memory: 1G }", /a: wants nothing of a GPU/],
    "that wants two modes": [`a: { ${SIZED}, mode: sriov }`, /wants a vGPU of sriov and of gvt-g/],
    "that says two things of one": [
      `a: { ${SIZED}, resources_GPU:CUSTOM_VGT_LOW_GM_MB: 128 }`,
      /resources_GPU:CUSTOM_VGT_LOW_GM_MB says 128, and vgt_low_gm_sz 64/,
    ],
    "with a class of others": [
      `a: { ${SIZED}, resources_GPU:CUSTOM_VGT_FENCES: 4 }`,
      /resources_GPU:CUSTOM_VGT_FENCES: no class of a GPU of vgpud's; did you mean CUSTOM_VGT_FENCE\?/,
    ],
    "with two slices": [`a: { ${SIZED}, resources_GPU:VGPU: 2 }`, /takes a whole number of 1 to 1/],
    "with resources of no group": [
      `a: { ${SIZED}, resources:VCPU: 2 }`,
      /resources:VCPU: no key of a flavor; the GPU is asked for by resources_GPU:CLASS/,
    ],
    "with a trait that is neither": [
      `a: { ${SIZED}, trait_GPU:CUSTOM_A: preferred }`,
      /trait_GPU:CUSTOM_A: "preferred" is not allowed; it takes required or forbidden/,
    ],
    "with a trait that is wanted and not wanted": [
      `a: { ${SIZED}, trait_GPU:CUSTOM_A: required, trait_GPU: { CUSTOM_A: forbidden } }`,
      /^f\.yaml:1:\d+: a: trait_GPU:CUSTOM_A is both required and forbidden$/,
    ],
    "with a trait in small letters": [
      `a: { ${SIZED}, trait_GPU:custom_a: required }`,
      /trait_GPU:custom_a: a trait has capitals/,
    ],
  };
  for (const [what, [text, ...says]] of Object.entries(wrong))
    it(`is refused by its place ${what}`, () => {
      const faults = faultsOf(text);
      assert.equal(faults.length, says.length, faults.join("\n"));
      for (const [index, pattern] of says.entries()) assert.match(faults[index] ?? "", pattern);
    });

  it("has its other faults told beside a key that stands twice, and no flavor of which that is", () => {
    const text = `a: { vcpus: 1, vcpus: 2, memory: 0, mode: sriov }\nb: { ${SIZED} }\nc: { ${SIZED}, trait_GPU: { A: required, A: forbidden } }\nd: { x: 1 }`;
    const { flavors, faults } = parseFlavors(text, "f.yaml");
    assert.deepEqual(
      flavors.map(({ name }) => name),
      ["b"],
    );
    assert.deepEqual(
      faults.map(
        ({ where, what }) => `${where} ${/^[^:]+(: memory: 0|: x|: stands)/.exec(what)?.[0] ?? what}`,
      ),
      [
        "f.yaml:1:16 a.vcpus: stands",
        "f.yaml:3:73 c.trait_GPU.A: stands",
        "f.yaml:1:26 a: memory: 0",
        "f.yaml:4:6 d: x",
      ],
    );
    const twice = parseFlavors(`a: { ${SIZED} }\nb: { ${SIZED} }\na: { ${SIZED} }`, "f.yaml");
    assert.deepEqual(
      twice.flavors.map(({ name }) => name),
      ["b"],
    );
  });

  it("is told all that is wrong, and has the flavors that are right", () => {
    const { flavors, faults } = parseFlavors(`a: { x: 1, y: 2 }\nb: { ${SIZED} }\nc: { z: 3 }`, "f.yaml");
    assert.deepEqual(
      flavors.map(({ name }) => name),
      ["b"],
    );
    assert.deepEqual(
      faults.map(({ where }) => where),
      ["f.yaml:1:6", "f.yaml:1:12", "f.yaml:3:6"],
    );
  });
});
