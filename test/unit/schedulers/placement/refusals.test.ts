// What is one GPU's alone, and what meets all of them.
import assert from "node:assert/strict";
import type { PciAddress } from "../../../../agent/core/ids.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { Refusals } from "../../../../agent/schedulers/placement/refusals.ts";

const gpu = "0000:00:02.0" as PciAddress;
const what = "kvm-1_vgpud_0000_00_02_0";
const answered = (): Promise<unknown> => Promise.resolve("as ever");
const rejects = (error: Error) => (): Promise<string> => Promise.reject(error);

describe("what Placement refuses for one GPU", () => {
  it("is kept for that GPU while Placement answers what is of none, be it a fault of its own", async () => {
    for (const kind of ["refused", "conflict", "failed", "bad-answer"] as const) {
      const refusals = new Refusals<PciAddress>();
      const work = rejects(new PlacementError(kind, "HTTP"));
      assert.equal(await refusals.attempt(gpu, { what, ask: answered, work }), undefined);
      assert.deepEqual(refusals.all, [{ kind, what, message: "HTTP" }]);
    }
  });

  it("is of all where that is not answered either, as with Keystone out of order", async () => {
    const refusals = new Refusals<PciAddress>();
    const work = rejects(new PlacementError("failed", "HTTP 503 for the GPU"));
    const ask = rejects(new PlacementError("failed", "Keystone gives no token (HTTP 500)"));
    await assert.rejects(refusals.attempt(gpu, { what, ask, work }), { message: /Keystone gives no token/ });
    assert.deepEqual(refusals.all, []);
  });

  it("is of all without another question where nobody answers or vgpud is not let in", async () => {
    for (const kind of ["unreachable", "unauthorized", "no-secret", "version"] as const) {
      const work = rejects(new PlacementError(kind, "of all"));
      const ask = rejects(new Error("nobody has to be asked"));
      await assert.rejects(new Refusals<PciAddress>().attempt(gpu, { what, ask, work }), {
        message: "of all",
      });
    }
  });
});
