// What the guest boots: machine, firmware, and a kernel or an order of devices.
import type { Builder } from "../core/xml-builder.ts";
import type { BootOrder, DomainSpec, Firmware } from "./domain-spec.ts";

const bootDevices = { disk: "hd", cdrom: "cdrom", network: "network" } as const satisfies Record<
  BootOrder["devices"][number],
  string
>;

export function addBoot(domain: Builder, { machine, firmware, kernelBoot, bootOrder }: DomainSpec): void {
  const os = domain.ele("os", firmware.type === "uefi" ? { firmware: "efi" } : {});
  os.ele("type", { arch: "x86_64", machine }).txt("hvm");
  if (firmware.type === "uefi") addFirmwareFeatures(os, firmware);
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
