// The three sizes in the words of a flavor.
import assert from "node:assert/strict";
import { sizesOfFlavor } from "../../../agent/api/validate/flavor-metadata.ts";
import { AgentError } from "../../../agent/core/errors.ts";

const sizes = (metadata: Record<string, string>) => sizesOfFlavor(metadata, "m");

function refused(metadata: Record<string, string>, says: RegExp, field: string): void {
  assert.throws(
    () => sizes(metadata),
    (error: unknown) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.field, field);
      assert.match(error.message, says);
      return true;
    },
  );
}

describe("the metadata of a flavor", () => {
  it("means the same with any prefix and without one", () => {
    const expected = { lowGmMib: 128, highGmMib: 512, fences: 4 };
    for (const prefix of ["", "hw:", "gvt:", "aggregate_instance_extra_specs:gvt:"])
      assert.deepEqual(
        sizes({
          [`${prefix}vgt_low_gm_sz`]: "128",
          [`${prefix}vgt_high_gm_sz`]: "512",
          [`${prefix}vgt_fence_sz`]: "4",
        }),
        expected,
      );
  });

  it("asks for nothing in particular of a size that it leaves out", () => {
    assert.deepEqual(sizes({ vgt_low_gm_sz: "64" }), { lowGmMib: 64, highGmMib: 0, fences: 0 });
  });

  it("may have whatever else", () => {
    const others = { "hw:numa_nodes": "2", "resources:VGPU": "1", vgpu: "yes", "": "", "hw:": "x" };
    assert.equal(sizes({ ...others, "hw:vgt_low_gm_sz": "64" }).lowGmMib, 64);
  });

  it("is wrong when a name is nearly one of ours, and the one that was meant is said", () => {
    const key = (name: string): Record<string, string> => ({ vgt_low_gm_sz: "64", [name]: "1" });
    refused(key("hw:vgt_hig_gm_sz"), /did you mean vgt_high_gm_sz\?/, 'm["hw:vgt_hig_gm_sz"]');
    refused(key("VGT_FENCE_SZ"), /did you mean vgt_fence_sz\?/, 'm["VGT_FENCE_SZ"]');
    refused(key("vgt_cap"), /the sizes are vgt_low_gm_sz, vgt_high_gm_sz, vgt_fence_sz/, 'm["vgt_cap"]');
  });

  it("is wrong when a value is no whole number in its range", () => {
    for (const value of ["", " 64", "64 ", "6e1", "0x40", "64.0", "-64", "+64", "0", "4097", "9".repeat(400)])
      refused({ "hw:vgt_low_gm_sz": value }, /must be/, 'm["hw:vgt_low_gm_sz"]');
    refused({ vgt_low_gm_sz: "64", vgt_fence_sz: "33" }, /must be 0 to 32/, 'm["vgt_fence_sz"]');
  });

  it("is wrong when it contradicts itself, and right when it repeats itself", () => {
    assert.equal(sizes({ "hw:vgt_low_gm_sz": "64", "gvt:vgt_low_gm_sz": "064" }).lowGmMib, 64);
    const twice = { "hw:vgt_low_gm_sz": "64", "gvt:vgt_low_gm_sz": "128" };
    refused(twice, /says 128, and m\["hw:vgt_low_gm_sz"\] 64/, 'm["gvt:vgt_low_gm_sz"]');
  });

  it("is wrong without the low size, and when there is too much of it", () => {
    refused({ "hw:vgt_fence_sz": "4" }, /is required/, 'm["vgt_low_gm_sz"]');
    const many = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`k${n}`, ""]));
    refused(many, /at most 128 keys, has 129/, "m");
  });
});
