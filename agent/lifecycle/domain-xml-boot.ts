// What the guest boots: machine, firmware, and a kernel or an order of devices.
import type { Builder } from "../core/xml-builder.ts";
import type { BootOrder, DomainSpec, Firmware, XenGuestType, XenSpec } from "./domain-spec.ts";

const bootDevices = { disk: "hd", cdrom: "cdrom", network: "network" } as const satisfies Record<
  BootOrder["devices"][number],
  string
>;

export function addBoot(domain: Builder, spec: DomainSpec): void {
  const { machine, firmware } = spec;
  const os = addSystem(domain, firmware);
  os.ele("type", { arch: "x86_64", machine }).txt("hvm");
  if (firmware.type === "uefi") addFirmwareFeatures(os, firmware);
  addSource(os, spec);
}

const xenMachines = {
  hvm: { machine: "xenfv", type: "hvm" },
  pvh: { machine: "xenpvh", type: "xenpvh" },
  // libvirt's older word for it, which is the one that it writes itself.
  pv: { machine: "xenpv", type: "linux" },
} as const satisfies Record<XenGuestType, object>;

/** libxl has one firmware of each kind, built in: it takes hvmloader and OVMF wherever the XML says that they are. */
export function addXenBoot(domain: Builder, spec: XenSpec): void {
  const os = addSystem(domain, spec.firmware);
  const { machine, type } = xenMachines[spec.xenGuestType];
  os.ele("type", { arch: "x86_64", machine }).txt(type);
  addSource(os, spec);
}

function addSystem(domain: Builder, { type }: Firmware): Builder {
  return domain.ele("os", type === "uefi" ? { firmware: "efi" } : {});
}

function addSource(os: Builder, { kernelBoot, bootOrder }: DomainSpec): void {
  if (kernelBoot) {
    os.ele("kernel").txt(kernelBoot.kernel);
    if (kernelBoot.initrd !== undefined) os.ele("initrd").txt(kernelBoot.initrd);
    if (kernelBoot.cmdline !== undefined) os.ele("cmdline").txt(kernelBoot.cmdline);
  }
  for (const device of bootOrder?.devices ?? []) os.ele("boot", { dev: bootDevices[device] });
  if (bootOrder?.menuMs !== undefined)
    os.ele("bootmenu", { enable: "yes", timeout: String(bootOrder.menuMs) });
}

/** By features libvirt finds the files itself (since 7.2.0); left to choose, it may take one with keys enrolled. */
function addFirmwareFeatures(os: Builder, { secureBoot }: Firmware): void {
  const wanted = secureBoot ? ["secure-boot", "enrolled-keys"] : ["enrolled-keys"];
  const features = os.ele("firmware");
  for (const name of wanted) features.ele("feature", { enabled: secureBoot ? "yes" : "no", name });
}
