// How what was asked for by sizes is told beside the type that it became.
import assert from "node:assert/strict";
import { ignoredSizes, sizesText } from "../../../agent/capacity/wish.ts";

const type = { name: "i915-GVTg_V5_8", sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 } };

describe("a vGPU that was asked for by sizes", () => {
  it("is told by the sizes that were named, and of nothing that is no more", () => {
    const sizes = { lowGmMib: 64, highGmMib: 0, fences: 0 };
    assert.deepEqual(ignoredSizes({ size: { by: "sizes", sizes } }, type), [
      "asked for 64 MiB low GM; the kernel makes types only and is told no sizes: i915-GVTg_V5_8 gives 64 MiB low GM, " +
        "384 MiB high GM, 4 fences, which is 384 MiB high GM, 4 fences more",
    ]);
  });

  it("counts one fence as one", () => {
    assert.equal(
      sizesText({ lowGmMib: 64, highGmMib: 384, fences: 1 }),
      "64 MiB low GM, 384 MiB high GM, 1 fence",
    );
  });
});
