// Which creates tell that a scheduler may have given away more than there is.
import assert from "node:assert/strict";
import { lacksRoom } from "../../../agent/compose/admission.ts";
import { reasons, type Reason } from "../../../agent/core/reasons.ts";

const refusedFor = (reason: Reason, validateOnly = false): boolean =>
  lacksRoom({ decision: { ok: false, reason, why: "", candidates: [] }, validateOnly });

describe("a create that is refused", () => {
  it("lacks room where there is none, and not where it asks for what this host never has", () => {
    const lacking = (Object.keys(reasons) as Reason[]).filter((reason) => refusedFor(reason));
    assert.ok(lacking.includes("APERTURE_EXHAUSTED") && lacking.includes("VGPU_LIMIT_REACHED"));
    for (const reason of ["TYPE_UNKNOWN", "GPU_NOT_FOUND", "MODE_UNSUPPORTED", "FIELD_INVALID"] as const)
      assert.ok(!lacking.includes(reason), reason);
  });

  it("lacks nothing where it is only tried", () => {
    assert.equal(refusedFor("APERTURE_EXHAUSTED", true), false);
  });
});
