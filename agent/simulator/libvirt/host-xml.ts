// Pure: what the simulated daemon says of its host and of the domains that could run there.
import type { HostDescription } from "../host-description.ts";
import { element, writeXml } from "./written-xml.ts";

const EMULATOR = "/usr/bin/qemu-system-x86_64";
const ARCH = "x86_64";
const MACHINE = "pc-q35-7.2";

export function capabilitiesXml(host: HostDescription, uuid: string): string {
  const kvm = host.hypervisor === "kvm" ? [element("domain", { type: "kvm" })] : [];
  const cpu = element("cpu", {}, element("arch", {}, ARCH), element("model", {}, "Skylake-Client"));
  const machine = element("machine", { maxCpus: "288" }, MACHINE);
  const arch = element(
    "arch",
    { name: ARCH },
    element("wordsize", {}, "64"),
    element("emulator", {}, EMULATOR),
    machine,
    element("domain", { type: "qemu" }),
    ...kvm,
  );
  const guest = element("guest", {}, element("os_type", {}, "hvm"), arch);
  return writeXml(element("capabilities", {}, element("host", {}, element("uuid", {}, uuid), cpu), guest));
}

export function domainCapabilitiesXml(host: HostDescription): string {
  const values = (name: string, ...list: readonly string[]): ReturnType<typeof element> =>
    element("enum", { name }, ...list.map((value) => element("value", {}, value)));
  return writeXml(
    element(
      "domainCapabilities",
      {},
      element("path", {}, EMULATOR),
      element("domain", {}, host.hypervisor === "kvm" ? "kvm" : "qemu"),
      element("machine", {}, MACHINE),
      element("arch", {}, ARCH),
      element("vcpu", { max: "288" }),
      element(
        "devices",
        {},
        element(
          "hostdev",
          { supported: "yes" },
          values("mode", "subsystem"),
          values("subsysType", "usb", "pci", "scsi", "mdev"),
        ),
      ),
    ),
  );
}
