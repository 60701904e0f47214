// What is suggested for a mistyped word.
import assert from "node:assert/strict";
import { didYouMean, editDistance, nearest } from "../../../agent/core/suggest.ts";

describe("a suggestion", () => {
  it("is the word with two letters swapped back, before one that lacks a letter", () => {
    for (const candidates of [
      ["CUSTOM_INTEL_GPU", "CUSTOM_INTEL_VGPU"],
      ["CUSTOM_INTEL_VGPU", "CUSTOM_INTEL_GPU"],
    ])
      assert.equal(nearest("CUSTOM_INTEL_GVPU", candidates), "CUSTOM_INTEL_VGPU");
  });

  it("takes letters that changed places for one mistake", () => {
    assert.equal(editDistance("gtv-g", "gvt-g"), 1);
    assert.equal(editDistance("crate", "create"), 1);
    assert.equal(editDistance("abc", "cab"), 2);
    assert.equal(editDistance("", "ab"), 2);
  });

  it("is nothing where no word is near", () => {
    assert.equal(didYouMean("web", ["create", "list"]), undefined);
  });
});
