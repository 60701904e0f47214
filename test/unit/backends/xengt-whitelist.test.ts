// XenServer's list of types, and what becomes of it for kernels of either time.
import assert from "node:assert/strict";
import { sliceMade, xengtTypes } from "../../../agent/backends/xengt/types.ts";
import { readWhitelist } from "../../../agent/backends/xengt/whitelist.ts";
import { areVgtSizes, VGT_BOUNDS } from "../../../agent/hostd/protocol/vgt.ts";

const LIST = `
# Broadwell
162a experimental=0 name='GVT-g on 162a' low_gm_sz=128 high_gm_sz=384 fence_sz=4 framebuffer_sz=128 max_heads=1 resolution=1920x1080 monitor_config_file=/etc/a
0x162A experimental=1 name='small' low_gm_sz=96 high_gm_sz=200 fence_sz=2
1912   name=plain low_gm_sz=64 high_gm_sz=1 fence_sz=1 resolution=1024x768
`;

describe("XenServer's list of vGPU types", () => {
  it("names a type a line, for GPUs of one device id", () => {
    assert.deepEqual(readWhitelist(LIST, VGT_BOUNDS), [
      {
        ...{ deviceId: "162a", name: "GVT-g-on-162a", resolution: "1920x1080" },
        sizes: { lowGmMib: 128, highGmMib: 384, fences: 4 },
      },
      {
        ...{ deviceId: "162a", name: "small", resolution: undefined },
        sizes: { lowGmMib: 96, highGmMib: 200, fences: 2 },
      },
      {
        ...{ deviceId: "1912", name: "plain", resolution: "1024x768" },
        sizes: { lowGmMib: 64, highGmMib: 1, fences: 1 },
      },
    ]);
  });

  const line = (given: string): string => `162a ${given}`;
  const whole = "name='a' low_gm_sz=128 high_gm_sz=384 fence_sz=4";
  for (const [what, text, why] of [
    ["no device", whole, /^line 1: it has to begin with the device's id/],
    [
      "a size that is missing",
      line("name='a' low_gm_sz=128 high_gm_sz=384"),
      /^line 1: fence_sz is missing$/,
    ],
    [
      "a size out of range",
      line("name='a' low_gm_sz=0 high_gm_sz=384 fence_sz=4"),
      /^line 1: low_gm_sz=0 is no number from 1 to 4096$/,
    ],
    [
      "more low GM than hostd asks the kernel for",
      line(whole.replace("sz=128", "sz=4097")),
      /^line 1: low_gm_sz=4097 is no number from 1 to 4096$/,
    ],
    [
      "more fences than there are",
      line(whole.replace("sz=4", "sz=33")),
      /fence_sz=33 is no number from 1 to 32/,
    ],
    ["a type without a name", line("low_gm_sz=128 high_gm_sz=384 fence_sz=4"), /^line 1: name='…' is of/],
    ["a field that stands there twice", line(`${whole} fence_sz=5`), /^line 1: fence_sz stands there twice$/],
    ["words that are no field", line(`${whole} and more`), /^line 1: "and more" is no field/],
    ["a quote that does not end", line("name='a low_gm_sz=128"), /is no field|fence_sz|missing|none/],
    ["a resolution that is none", line(`${whole} resolution=large`), /resolution=large is none as 1920x1080/],
    ...["gpu", "vf", "seat"].map(
      (name) =>
        [
          `a name of vgpud's own, ${name}`,
          line(whole.replace("'a'", `'${name}'`)),
          new RegExp(`^line 1: name='${name}' is vgpud's own for vGPUs of mode `),
        ] as const,
    ),
    [
      "a name that is taken",
      `${line(whole)}\n${line(whole)}`,
      /^line 2: device 162a has a type named 'a' already$/,
    ],
  ] as const)
    it(`with ${what} is refused, by its line`, () => {
      assert.throws(
        () => readWhitelist(text, VGT_BOUNDS),
        (error: Error) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, why);
          return true;
        },
      );
    });

  it("goes as far as hostd, which is asked for each of its types", () => {
    const { lowGmMib, highGmMib, fences } = VGT_BOUNDS;
    const most = `name='a' low_gm_sz=${lowGmMib.to} high_gm_sz=${highGmMib.to} fence_sz=${fences.to}`;
    const [type] = readWhitelist(line(most), VGT_BOUNDS);
    assert.ok(type && areVgtSizes(type.sizes));
  });

  it("is taken as it is by kernels of 2015, and by later ones where they have a type of its low GM", () => {
    const listed = readWhitelist(LIST, VGT_BOUNDS);
    const named = (vgt: "2015" | "2017") =>
      xengtTypes("162a", { vgt, listed }).map(({ name, sizes }) => [name, sizes.lowGmMib, sizes.highGmMib]);
    assert.deepEqual(named("2015"), [
      ["GVT-g-on-162a", 128, 384],
      ["small", 96, 200],
    ]);
    assert.deepEqual(
      named("2017"),
      [["GVT-g-on-162a", 128, 512]],
      "the kernel ignores all sizes but the first",
    );
    assert.deepEqual(xengtTypes("5916", { vgt: "2017", listed }), [], "the list has none for that device");
  });
});

describe("types of XenGT without a list", () => {
  it("are those of GVT-g on KVM, by the same names", () => {
    const names = (deviceId: string) =>
      xengtTypes(deviceId, { vgt: "2017", listed: undefined }).map(({ name }) => name);
    assert.deepEqual(
      names("1912"),
      [8, 4, 2, 1].map((size) => `i915-GVTg_V5_${size}`),
      "Skylake",
    );
    assert.deepEqual(
      names("162a"),
      [8, 4, 2, 1].map((size) => `i915-GVTg_V4_${size}`),
      "Broadwell",
    );
    assert.deepEqual(names("0412"), names("162a"), "Haswell, which GVT-g on KVM does not drive");
  });

  it("are known by what the kernel makes of what is asked for: later ones look at low GM alone", () => {
    const offered = { weight: undefined, kernelAvailable: undefined };
    const made = (vgt: "2015" | "2017", lowGmMib: number, highGmMib: number) => {
      const types = xengtTypes("1912", { vgt, listed: undefined }).map((type) => ({ ...offered, ...type }));
      const { type, sizes } = sliceMade({ types, vgt }, { lowGmMib, highGmMib, fences: 4 });
      return [type, sizes.lowGmMib, sizes.highGmMib];
    };
    assert.deepEqual(made("2017", 128, 384), ["i915-GVTg_V5_4", 128, 512]);
    assert.deepEqual(made("2015", 128, 384), [undefined, 128, 384]);
    assert.deepEqual(made("2015", 128, 512), ["i915-GVTg_V5_4", 128, 512]);
    assert.deepEqual(made("2017", 100, 384), [undefined, 100, 384]);
  });

  it("count also where the operator's list leaves out the one that somebody else had made", () => {
    const sizes = { lowGmMib: 64, highGmMib: 384, fences: 4 };
    assert.deepEqual(sliceMade({ types: [], vgt: "2017" }, { ...sizes, highGmMib: 128 }), {
      type: undefined,
      sizes,
    });
  });
});
