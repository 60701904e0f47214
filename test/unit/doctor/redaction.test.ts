import assert from "node:assert/strict";
import { redacted } from "../../../agent/doctor/redaction.ts";

describe("what a bundle keeps of a file", () => {
  it("is whether the UUID is dom0's, and never that of a guest", () => {
    const zeros = "00000000-0000-0000-0000-000000000000";
    assert.equal(redacted("sys/hypervisor/uuid", zeros), zeros);
    assert.equal(redacted("sys/hypervisor/uuid", "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11"), "redacted");
  });

  it("is of the module options those about graphics and virtualization, wherever they stand", () => {
    const text = "options i915 enable_gvt=1\noptions snd_hda_intel power_save=1";
    for (const folder of ["etc", "run", "lib", "usr/lib"])
      assert.equal(redacted(`${folder}/modprobe.d/a.conf`, text), "options i915 enable_gvt=1");
  });

  it("is nothing of a file that no rule names", () => {
    assert.equal(redacted("etc/shadow", "root:x"), undefined);
  });
});
