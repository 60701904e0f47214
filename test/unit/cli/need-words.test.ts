// What a vGPU has to give, as it is written on the command line.
import assert from "node:assert/strict";
import { needOf, needText } from "../../../agent/cli/request/need-words.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";

describe("a need on the command line", () => {
  it("is a mode with amounts, and is shown as it was written", () => {
    for (const text of [
      "gvt-g",
      "gvt-g,low-gm=128",
      "gvt-g,low-gm=128,high-gm=512,fences=4",
      "sriov,vram=2048,ggtt=256",
    ])
      assert.equal(needText(needOf(text)), text);
    const { mode, minLowGmMib, minVramMib } = needOf("gvt-g,low-gm=128");
    assert.deepEqual([mode, minLowGmMib, Number(minVramMib)], [Mode.GVT_G, 128, 0]);
  });

  it("is told what it may be when it is something else", () => {
    const said = (text: string): string => {
      try {
        return needText(needOf(text));
      } catch (error) {
        return String(error);
      }
    };
    assert.match(said("gvtg"), /begins with one of gvt-g, gvt-d, gvt-s, sriov, not 'gvtg'/);
    assert.match(said("gvt-g,low=128"), /takes amounts as low-gm=N, .* not 'low=128'/);
    assert.match(said("gvt-g,low-gm=128M"), /not 'low-gm=128M'/);
    assert.match(said("gvt-g,low-gm=1,low-gm=2"), /names low-gm twice/);
  });
});
