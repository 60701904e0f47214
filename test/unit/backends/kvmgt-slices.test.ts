// What the privileged process answered, held against what the kernel's tree shows.
import assert from "node:assert/strict";
import { KvmgtSlices, type MdevWriter } from "../../../agent/backends/kvmgt/slices.ts";
import type { HostFiles } from "../../../agent/discovery/host-files.ts";
import { claim, sliceShare } from "../../fakes/claims.ts";

type RemoveAnswer = Awaited<ReturnType<MdevWriter["removeMdev"]>>;

/** `shown`: the type that the kernel's tree still shows for the slice. */
function removal(answer: RemoveAnswer, shown: string | undefined): Promise<unknown> {
  const files: HostFiles = {
    read: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    linkName: () => Promise.resolve(shown),
    linkParentName: () => Promise.resolve(undefined),
  };
  const writer: MdevWriter = {
    createMdev: () => Promise.resolve({ kind: "done" }),
    removeMdev: () => Promise.resolve(answer),
  };
  return new KvmgtSlices(writer, files).remove(
    { ...claim(1), share: sliceShare("4"), domainId: undefined },
    AbortSignal.timeout(60_000),
  );
}

describe("removing a GVT-g slice", () => {
  const missing = (path: string): RemoveAnswer => ({ kind: "errno", errno: "ENOENT", call: "open", path });

  it("is done when the slice was gone before it could be", async () => {
    assert.deepEqual(await removal(missing("/sys/bus/mdev/devices/x/remove"), undefined), {
      kind: "removed",
    });
  });

  it("is not done when the device node of the idle test is missing and the slice is there", async () => {
    await assert.rejects(removal(missing("/dev/vfio/7"), "i915-GVTg_V5_4"), {
      reason: "KERNEL_REFUSED",
      message: /open \/dev\/vfio\/7 \(ENOENT\)/,
    });
  });

  it("does not believe an answer that the kernel's tree contradicts", async () => {
    for (const kind of ["done", "absent"] as const)
      await assert.rejects(removal({ kind }, "i915-GVTg_V5_4"), { reason: "READBACK_MISMATCH" });
  });
});
