// A vGPU for the configuration of a domain of xl, which has PCI functions and no other (Xen: docs/man/xl.cfg.5.pod.in).
import { CliError } from "../errors/cli-error.ts";
import { boundFirst, requirePciback } from "./keeper.ts";
import type { WriteSnippet } from "./snippet.ts";

export const xlSnippet: WriteSnippet = (device) => {
  switch (device.kind) {
    case "function":
      requirePciback(device);
      return {
        lines: [`pci = [ "${device.address}" ]`],
        notes: ["in one list with other functions of the domain", ...boundFirst(device, "xl")],
      };
    case "slice":
      throw new CliError(
        "unsupported",
        "xl gives no mediated device to a domain: such a slice belongs to VFIO, which is KVM's; under Xen XenGT makes its own",
        { look: ["snippet", "libvirt", device.uuid] },
      );
    case "seat":
      throw new CliError(
        "unsupported",
        "xl gives no virtio-gpu that renders on the host to a domain: mode gvt-s is KVM's",
        { look: ["snippet", "libvirt", device.gpu] },
      );
  }
};
