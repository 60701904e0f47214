// A function that is to have another driver, and a host that has not loaded that one.
import assert from "node:assert/strict";
import { PciBinding, type DriverName } from "../../../agent/backends/pci-binding.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { mayYetBe } from "../../../agent/lifecycle/bound.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree } from "../../fakes/host-tree.ts";
import { pciAddress } from "../../fakes/ids.ts";

const LACKING: readonly (readonly [DriverName, string, RegExp])[] = [
  ["vfio-pci", "VFIO_NOT_LOADED", /modprobe vfio-pci,/],
  ["pciback", "XEN_PCIBACK_MISSING", /modprobe xen-pciback,/],
  ["i915", "GPU_WITHOUT_DRIVER", /modprobe i915,/],
  ["xe", "GPU_WITHOUT_DRIVER", /modprobe xe,/],
];

describe("binding a PCI function", () => {
  for (const [driver, reason, message] of LACKING)
    it(`to ${driver} that is not loaded is the host's to mend, and nothing that the kernel refused`, async () => {
      await using tree = await hostTree({ "sys/bus/pci/drivers": { other: {} } });
      const asked = (): Promise<never> => assert.fail("hostd was asked");
      const binding = new PciBinding(
        { bindDriver: asked, functionHolders: asked },
        new RootedFiles(tree.root),
      );
      await assert.rejects(binding.bind(pciAddress(), driver, AbortSignal.timeout(10_000)), {
        reason,
        message,
      });
    });

  it("says whom hostd asked in vain before it would have written, and that nothing can have been done", async () => {
    await using tree = await hostTree({ "sys/bus/pci/drivers": { pciback: {} } });
    const silent = { kind: "xenstore-silent", asked: "/local/domain", waitedMs: 5000 } as const;
    const answer = (): Promise<typeof silent> => Promise.resolve(silent);
    const writer = { bindDriver: answer, functionHolders: answer };
    const binding = new PciBinding(writer, new RootedFiles(tree.root));
    const signal = AbortSignal.timeout(10_000);
    for (const asked of [
      binding.bind(pciAddress(), "pciback", signal),
      binding.holders(pciAddress(), signal),
    ])
      await assert.rejects(asked, (error) => {
        assert.ok(error instanceof AgentError);
        assert.deepEqual(
          [error.reason, error.kind, mayYetBe(error)],
          ["HOSTD_UNAVAILABLE", "unavailable", false],
        );
        assert.match(error.message, /xenstored was asked for \/local\/domain first, .*pgrep -a xenstored/);
        return true;
      });
  });
});
