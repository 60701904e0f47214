// The kernel's words for what it counts of an open of a GPU.
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFdinfo } from "../../../agent/discovery/drm-fdinfo.ts";

describe("the fdinfo of a GPU's node", () => {
  it("of i915 has nanoseconds by class of engine, and memory with its units", () => {
    const text = [
      "drm-resident-system0:\t1500 KiB",
      "drm-resident-stolen-system0:\t2 MiB",
      "drm-resident-local0:\t4096",
      "drm-engine-render:\t25662044495 ns",
      "drm-engine-copy:\t0 ns",
      "drm-engine-video-enhance:\t7 ns",
      "drm-engine-capacity-video:\t2",
    ].join("\n");
    const { engines, residentBytes } = parseFdinfo(text);
    assert.deepEqual(engines, {
      render: { unit: "nanoseconds", busy: 25_662_044_495 },
      copy: { unit: "nanoseconds", busy: 0 },
      "video-enhance": { unit: "nanoseconds", busy: 7 },
    });
    assert.deepEqual(Object.fromEntries(residentBytes), {
      system0: 1500 * 1024,
      "stolen-system0": 2 * 1024 * 1024,
      local0: 4096,
    });
  });

  it("of xe has cycles and the clock to compare them with, under the hardware's names", () => {
    const text =
      "drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\ndrm-cycles-vecs:\t0\ndrm-resident-vram0:\t192 KiB";
    const { engines, residentBytes } = parseFdinfo(text);
    assert.deepEqual(engines, { render: { unit: "cycles", busy: 28_257_900, total: 7_655_183_225 } });
    assert.deepEqual([...residentBytes], [["vram0", 192 * 1024]]);
  });

  it("may have counts of 64 bits, and nothing that is no count", () => {
    assert.deepEqual(
      parseFdinfo("drm-engine-render:\t18446744073709551615 ns").engines.render?.busy,
      2 ** 64,
    );
    const odd = [
      "drm-engine-render: 1 ms",
      "drm-engine-copy: ns",
      "drm-engine-video: -1 ns",
      "drm-engine-gsc: 1 ns",
    ];
    assert.deepEqual(parseFdinfo(odd.join("\n")).engines, {});
    const regions = [
      "drm-resident-system0: 1 GiB",
      "drm-resident-a b: 1",
      "drm-resident-: 1",
      "drm-resident-x:",
    ];
    assert.equal(parseFdinfo(regions.join("\n")).residentBytes.size, 0);
  });

  it("makes no more labels than GPUs have regions, and reads whatever it is given", () => {
    const many = Array.from({ length: 40 }, (_, n) => `drm-resident-r${n}: 1 KiB`);
    assert.equal(parseFdinfo(many.join("\n")).residentBytes.size, 8);
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseFdinfo(text);
      }),
    );
  });
});
