// A function that is to have another driver, and a host that has not loaded that one.
import assert from "node:assert/strict";
import { PciBinding, type DriverName } from "../../../agent/backends/pci-binding.ts";
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
});
