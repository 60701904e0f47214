// Pure: what the simulated daemon says of its host and of the domains that could run there.
import type { Element } from "../../core/xml.ts";
import type { HostDescription } from "../host-description.ts";
import { STOCK_DEVICE_MODELS } from "../xen-emulators.ts";
import { element, writeXml } from "./written-xml.ts";

const EMULATOR = "/usr/bin/qemu-system-x86_64";
const ARCH = "x86_64";
const MACHINE = "pc-q35-7.2";

/** As libxlCapsInitGuests writes them: the device model's path is that of Xen's own layout. */
const [XEN_EMULATOR] = STOCK_DEVICE_MODELS;
const XEN_GUESTS = { xen: "xenpv", hvm: "xenfv", xenpvh: "xenpvh" } as const;

export function capabilitiesXml(host: HostDescription, uuid: string): string {
  const cpu = element("cpu", {}, element("arch", {}, ARCH), element("model", {}, "Skylake-Client"));
  const guests = host.hypervisor === "xen" ? xenGuests() : [qemuGuest(host)];
  return writeXml(
    element("capabilities", {}, element("host", {}, element("uuid", {}, uuid), cpu), ...guests),
  );
}

function xenGuests(): readonly Element[] {
  return Object.entries(XEN_GUESTS).map(([osType, machine]) => {
    const arch = element(
      "arch",
      { name: ARCH },
      element("wordsize", {}, "64"),
      element("emulator", {}, XEN_EMULATOR),
      element("machine", {}, machine),
      element("domain", { type: "xen" }),
    );
    return element("guest", {}, element("os_type", {}, osType), arch);
  });
}

function qemuGuest(host: HostDescription): Element {
  const kvm = host.hypervisor === "kvm" ? [element("domain", { type: "kvm" })] : [];
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
  return element("guest", {}, element("os_type", {}, "hvm"), arch);
}

type Values = (name: string, ...list: readonly string[]) => ReturnType<typeof element>;

/** As libvirt's QEMU driver tells them: whether 3D is to be had is not among what it says of videos. */
function displays(values: Values, opengl: boolean): readonly ReturnType<typeof element>[] {
  const headless = opengl ? ["egl-headless"] : [];
  return [
    element("graphics", { supported: "yes" }, values("type", "vnc", "spice", ...headless)),
    element("video", { supported: "yes" }, values("modelType", "vga", "qxl", "virtio", "none", "ramfb")),
  ];
}

export function domainCapabilitiesXml(host: HostDescription): string {
  const isXen = host.hypervisor === "xen";
  const values: Values = (name, ...list) =>
    element("enum", { name }, ...list.map((value) => element("value", {}, value)));
  return writeXml(
    element(
      "domainCapabilities",
      {},
      element("path", {}, EMULATOR),
      element("domain", {}, isXen ? "xen" : host.hypervisor === "kvm" ? "kvm" : "qemu"),
      element("machine", {}, isXen ? XEN_GUESTS.hvm : MACHINE),
      element("arch", {}, ARCH),
      element("vcpu", { max: "288" }),
      element(
        "devices",
        {},
        ...(isXen ? [] : displays(values, host.qemu_opengl)),
        element(
          "hostdev",
          { supported: "yes" },
          values("mode", "subsystem"),
          values("subsysType", "usb", "pci", ...(isXen ? [] : ["scsi", "mdev"])),
        ),
      ),
    ),
  );
}
