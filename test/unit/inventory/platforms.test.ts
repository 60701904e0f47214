// Which platform a device id stands for, and whether the simulator, which has its own list, agrees where GVT-g is had.
import assert from "node:assert/strict";
import { platformOf } from "../../../agent/inventory/platforms.ts";
import { gvtTypes } from "../../../agent/simulator/gvt-types.ts";

const everyId = Array.from({ length: 0x10000 }, (_, id) => id.toString(16).padStart(4, "0"));
/** Of Intel's list for GVT-g (gvt/intel_gvt.c), and what i915 takes for one of them. */
const withGvtg: ReadonlySet<string> = new Set([
  ...["Broadwell", "Skylake", "Apollo Lake", "Kaby Lake", "Amber Lake", "Coffee Lake", "Whiskey Lake"],
  "Comet Lake",
]);

describe("the platform of a GPU", () => {
  it("is known by the device id", () => {
    const expected = {
      ...{
        "0412": "Haswell gen7.5",
        "1622": "Broadwell gen8",
        "1912": "Skylake gen9",
        "5912": "Kaby Lake gen9",
      },
      ...{ "3e92": "Coffee Lake gen9", "9bc5": "Comet Lake gen9", "3185": "Gemini Lake gen9" },
      ...{ "8a52": "Ice Lake gen11", "9a49": "Tiger Lake xe-lp", "4c8a": "Rocket Lake xe-lp" },
      ...{ "4680": "Alder Lake-S xe-lp", a7a0: "Raptor Lake-P xe-lp", "56c0": "ATS-M xe-hpg" },
      ...{ "7d55": "Meteor Lake xe-lpg", e20b: "Battlemage xe2", b080: "Panther Lake xe3" },
    };
    for (const [id, words] of Object.entries(expected)) {
      const platform = platformOf(id);
      assert.equal(`${platform?.name ?? ""} ${platform?.generation ?? ""}`, words, id);
    }
  });

  it("is not guessed for an id that is not Intel graphics'", () => {
    for (const id of ["0000", "ffff", "1604", "3e95", "3E92", ""])
      assert.equal(platformOf(id), undefined, id);
  });

  it("has types of GVT-g in the simulator where i915 has them, and nowhere else", () => {
    for (const id of everyId) {
      const platform = platformOf(id);
      if (platform !== undefined) assert.equal(gvtTypes(id).length > 0, withGvtg.has(platform.name), id);
    }
  });
});
