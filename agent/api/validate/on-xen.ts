// What a request may ask of a domain that is to run on Xen through libvirt's libxl driver, which leaves out in silence much of what
// it does not know: each field that would be lost or could not start is refused by its name (libvirt src/libxl, Xen tools/libs/light).
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { XenGuestType } from "../../lifecycle/domain-spec.ts";
import type { AgentError } from "../../core/errors.ts";
import type { DiskRule } from "./disks.ts";
import { join, known, refuse, unsupportedHere } from "./fields.ts";
import type { NicRule } from "./nics.ts";

/** What is parsed, and for which kind of guest. */
export interface OnXen {
  readonly type: XenGuestType;
  /** The path of a field of the domain. */
  readonly at: (name: string) => string;
}

/**
 * Unspecified is HVM, the kind that may have any vGPU: XenGT needs its device model, a PVH guest takes no PCI function at all
 * (libxl_x86.c), and a PV guest only with a kernel that has pcifront.
 */
const types = {
  [pb.XenGuestType.UNSPECIFIED]: "hvm",
  [pb.XenGuestType.HVM]: "hvm",
  [pb.XenGuestType.PVH]: "pvh",
  [pb.XenGuestType.PV]: "pv",
  [pb.XenGuestType.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.XenGuestType, XenGuestType | undefined>;

const inWords = { hvm: "an HVM guest", pvh: "a PVH guest", pv: "a PV guest" } as const satisfies Record<
  XenGuestType,
  string
>;

/** Drives that the device model emulates beside Xen's own: xvda to xvdd (libxl_dm.c). */
const EMULATED_DRIVES = 4;
/** HVM_MAX_VCPUS of Xen's hvm_info_table.h. */
const HVM_VCPUS = 128;

export function xenGuestTypeOf({ xenGuestType }: pb.DomainSpec, field: string): XenGuestType {
  return known(types[xenGuestType], field);
}

export const xenDisk =
  ({ type }: OnXen): DiskRule =>
  ({ wire, bus, device, index, at }) => {
    const cd = device === "cdrom";
    const emulated = type === "hvm" && index < EMULATED_DRIVES;
    refuse([
      bus !== "default" &&
        bus !== "xen" &&
        unsupportedHere(at("bus"), "Xen's guests have no such bus; use XEN, or leave it out"),
      wire.cache !== pb.DiskCache.UNSPECIFIED &&
        unsupportedHere(at("cache"), "libvirt's driver for Xen chooses by itself how the host caches a disk"),
      cd &&
        !emulated &&
        unsupportedHere(
          at("device"),
          type === "hvm"
            ? "an HVM guest has CD drives only among its first four disks and CDs"
            : `${inWords[type]} has no emulated drives; give it the image as a read-only disk`,
        ),
      !cd &&
        emulated &&
        wire.readonly &&
        unsupportedHere(
          at("readonly"),
          "the first four disks of an HVM guest are also IDE drives, which its device model cannot keep from being written",
        ),
      wire.serial !== "" &&
        unsupportedHere(at("serial"), "libvirt's driver for Xen gives disks no serial number"),
    ]);
    return "xen";
  };

export const xenNic =
  ({ type }: OnXen): NicRule =>
  (model, field) => {
    if (model === "virtio")
      throw unsupportedHere(field, "Xen's guests have no virtio network device; use XEN");
    if (model === "e1000e" && type !== "hvm")
      throw unsupportedHere(field, `${inWords[type]} has no emulated devices; use XEN`);
    return model === "default" ? "xen" : model;
  };

/** @throws AgentError everything else of the domain that Xen cannot do, or libvirt cannot ask it for */
export function refuseOnXen(spec: pb.DomainSpec, on: OnXen): void {
  refuse([
    ...ofPlacement(spec, on),
    ...ofStartingUp(spec, on),
    ...ofConsoles(spec, on),
    ...spec.nics.map(
      ({ mtu }, index) =>
        mtu !== undefined &&
        unsupportedHere(
          on.at(`nics[${index}].mtu`),
          "libvirt's driver for Xen sets no MTU; set the bridge's",
        ),
    ),
    spec.guestAgent !== undefined &&
      unsupportedHere(
        on.at("guest_agent"),
        "QEMU's agent needs a virtio channel; Xen itself asks its guests to shut down",
      ),
    spec.igd !== undefined &&
      unsupportedHere(on.at("igd"), "libvirt's driver for Xen cannot say gfx_passthru; only xl can"),
  ]);
}

type Refusals = readonly (AgentError | false)[];

function ofPlacement({ vcpus, cpu, numaTuning, hugePages }: pb.DomainSpec, { type, at }: OnXen): Refusals {
  const ofCpu = (name: string): string => join(at("cpu"), name);
  const asIs = "a guest of Xen sees the host's CPU as Xen shows it";
  const modes: readonly pb.CpuMode[] = [pb.CpuMode.HOST_MODEL, pb.CpuMode.CUSTOM];
  return [
    type === "hvm" &&
      vcpus > HVM_VCPUS &&
      unsupportedHere(at("vcpus"), `an HVM guest of Xen has at most ${HVM_VCPUS}`),
    cpu !== undefined &&
      modes.includes(cpu.mode) &&
      unsupportedHere(ofCpu("mode"), `${asIs}; use HOST_PASSTHROUGH, or leave it out`),
    cpu?.topology !== undefined && unsupportedHere(ofCpu("topology"), asIs),
    cpu !== undefined &&
      cpu.emulatorCpus !== "" &&
      unsupportedHere(
        ofCpu("emulator_cpus"),
        "the device model is a process of the host's own domain, which Xen schedules",
      ),
    cpu?.maxPhysBits !== undefined && unsupportedHere(ofCpu("max_phys_bits"), asIs),
    numaTuning !== undefined &&
      unsupportedHere(
        at("numa_tuning"),
        "Xen takes memory from the nodes of the host CPUs that cpu.pins names",
      ),
    hugePages !== undefined &&
      unsupportedHere(
        at("huge_pages"),
        "Xen chooses the size of pages by itself, and takes the largest that it can",
      ),
  ];
}

function ofStartingUp({ boot, machine, firmware }: pb.DomainSpec, { type, at }: OnXen): Refusals {
  const isHvm = type === "hvm";
  const order = boot?.source?.$case === "order" ? boot.source.value : undefined;
  const loadsKernel = boot?.source?.$case === "kernel";
  return [
    !isHvm &&
      !loadsKernel &&
      unsupportedHere(
        at(order ? "boot.order" : "boot"),
        `${inWords[type]} has no firmware, and a boot loader in its stead would read the guest's disk as root of the host; set boot.kernel`,
      ),
    isHvm &&
      order?.menuTimeout !== undefined &&
      unsupportedHere(
        at("boot.order.menu_timeout"),
        "the firmware of Xen's guests has no menu that can be asked for",
      ),
    machine !== undefined &&
      machine.type !== "" &&
      unsupportedHere(at("machine.type"), "a guest of Xen has the machine of its kind; leave it out"),
    !isHvm &&
      firmware?.type === pb.FirmwareType.UEFI &&
      unsupportedHere(at("firmware.type"), `${inWords[type]} has no firmware`),
    firmware?.secureBoot === true &&
      unsupportedHere(at("firmware.secure_boot"), "OVMF keeps no variables on Xen, keys among them"),
    firmware?.tpm === true &&
      unsupportedHere(at("firmware.tpm"), "libvirt's driver for Xen has no trusted platform module"),
  ];
}

function ofConsoles({ graphics, vgpuDisplay, serial }: pb.DomainSpec, { type, at }: OnXen): Refusals {
  const { vnc, spice } = graphics ?? {};
  const noScreen = `${inWords[type]} has no emulated display that a console could show`;
  const isHvm = type === "hvm";
  return [
    !isHvm && vnc !== undefined && unsupportedHere(at("graphics.vnc"), noScreen),
    !isHvm && spice !== undefined && unsupportedHere(at("graphics.spice"), noScreen),
    isHvm &&
      vnc !== undefined &&
      spice !== undefined &&
      unsupportedHere(at("graphics.spice"), "libvirt's driver for Xen starts one of VNC and SPICE"),
    vgpuDisplay !== undefined &&
      unsupportedHere(at("vgpu_display"), "it is QEMU's display of a mediated device, which is KVM's"),
    serial !== undefined &&
      serial.logPath !== "" &&
      unsupportedHere(
        at("serial.log_path"),
        "libvirt's driver for Xen writes no log; xenconsoled does when it is started with --log=guest",
      ),
  ];
}
