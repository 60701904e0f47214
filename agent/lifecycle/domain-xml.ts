// Builds the libvirt XML of a domain from typed values (libvirt: docs/formatdomain.rst). Pure; a library escapes.
import { create } from "xmlbuilder2";
import { CLAIM_MARK_NAMESPACE, claimMarkAttributes as names } from "../core/claim-mark.ts";
import type { ClaimMark } from "../inventory/model.ts";
import type { Claim } from "./claim.ts";
import type { Disk, DomainSpec } from "./domain-spec.ts";

/** What the domain runs on; from libvirt's own capabilities. */
export interface Hypervisor {
  /** `kvm`, or `qemu` where the host has no KVM. */
  readonly domainType: "kvm" | "qemu";
}

type Builder = ReturnType<typeof create>;

export function domainXml(claim: Claim, spec: DomainSpec, { domainType }: Hypervisor): string {
  const domain = create({ encoding: "UTF-8" }).ele("domain", { type: domainType });
  domain.ele("name").txt(spec.name);
  domain.ele("uuid").txt(spec.id);
  addMark(domain, markOf(claim));
  domain.ele("memory", { unit: "MiB" }).txt(String(spec.memoryMib));
  domain.ele("vcpu").txt(String(spec.vcpus));
  addBoot(domain, spec);
  const features = domain.ele("features");
  features.ele("acpi"); // without it a guest never hears that it should shut down
  features.ele("apic");
  domain.ele("on_poweroff").txt("destroy");
  domain.ele("on_reboot").txt("restart");
  domain.ele("on_crash").txt("destroy");
  addDevices(domain, claim, spec);
  return domain.end({ prettyPrint: true, headless: true });
}

/** The mark by which a lost ledger is rebuilt. */
export function markOf({ claimId, vgpuId, domain, gpu, type, sizes, requestDigest }: Claim): ClaimMark {
  return { claimId, vgpuId, domainId: domain.id, gpu, type, sizes, onStop: domain.onStop, requestDigest };
}

function addMark(domain: Builder, { sizes, ...mark }: ClaimMark): void {
  const values: Readonly<Record<keyof typeof names, string | number>> = { ...mark, ...sizes };
  const claim = domain.ele("metadata").ele(CLAIM_MARK_NAMESPACE, "vgpud:claim");
  for (const [key, name] of Object.entries(names)) claim.att(name, String(values[key as keyof typeof names]));
}

function addBoot(domain: Builder, { kernelBoot, disk }: DomainSpec): void {
  const os = domain.ele("os");
  os.ele("type", { arch: "x86_64", machine: "q35" }).txt("hvm");
  if (kernelBoot) {
    os.ele("kernel").txt(kernelBoot.kernel);
    if (kernelBoot.initrd !== undefined) os.ele("initrd").txt(kernelBoot.initrd);
    if (kernelBoot.cmdline !== undefined) os.ele("cmdline").txt(kernelBoot.cmdline);
  } else if (disk) {
    os.ele("boot", { dev: "hd" });
  }
}

function addDevices(domain: Builder, claim: Claim, { disk, vnc }: DomainSpec): void {
  const devices = domain.ele("devices");
  if (disk) addDisk(devices, disk);
  if (vnc) {
    const port =
      vnc.port === undefined ? { port: "-1", autoport: "yes" } : { port: String(vnc.port), autoport: "no" };
    devices
      .ele("graphics", { type: "vnc", ...port, listen: vnc.listen })
      .ele("listen", { type: "address", address: vnc.listen });
  }
  // Named even when there is none: libvirt adds a card of its own beside <graphics> otherwise.
  devices.ele("video").ele("model", { type: vnc ? "vga" : "none" });
  const slice = devices.ele("hostdev", { mode: "subsystem", type: "mdev", managed: "no", model: "vfio-pci" });
  slice.ele("source").ele("address", { uuid: claim.vgpuId });
  // The balloon cannot give back pages that VFIO has pinned.
  devices.ele("memballoon", { model: "none" });
}

const deviceNames = { virtio: "vda", sata: "sda", scsi: "sda" } as const satisfies Record<
  Disk["bus"],
  string
>;

function addDisk(devices: Builder, { path, format, bus, readonly }: Disk): void {
  // Without it libvirt takes a controller that few guests have a driver for.
  if (bus === "scsi") devices.ele("controller", { type: "scsi", model: "virtio-scsi" });
  const disk = devices.ele("disk", { type: "file", device: "disk" });
  disk.ele("driver", { name: "qemu", type: format });
  disk.ele("source", { file: path });
  disk.ele("target", { dev: deviceNames[bus], bus });
  if (readonly) disk.ele("readonly");
}
