// What a domain was made from, as the contract shows it: given back to CreateDomain it means the same.
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { OnStop as WireOnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import type {
  BootOrder,
  Cpu,
  Disk,
  DomainSpec,
  Firmware,
  Nic,
  NumaTuning,
  XenGuestType,
} from "../../lifecycle/domain-spec.ts";
import { renderRawDomain } from "../../lifecycle/raw-xml/build.ts";

export function toWireSpec(spec: DomainSpec): pb.DomainSpec {
  const { labels, autostart } = spec;
  const onStop = spec.onStop === "hold" ? WireOnStop.HOLD : WireOnStop.RELEASE;
  if (spec.raw)
    return pb.DomainSpec.fromPartial({ rawXml: renderRawDomain(spec, spec.raw), labels, autostart, onStop });
  const { id, name, vcpus, memoryMib, vnc, spice, hugePages, seedIso, serial, guestAgent } = spec;
  return pb.DomainSpec.fromPartial({
    ...{ uuid: id, name, vcpus, memoryMib, onStop, labels, autostart },
    disks: spec.disks.map(toWireDisk),
    boot: toWireBoot(spec),
    graphics: vnc || spice ? { vnc, spice } : undefined,
    cpu: spec.cpu && toWireCpu(spec.cpu),
    numaTuning: spec.numa && { mode: numaModes[spec.numa.mode], nodes: [...spec.numa.nodes] },
    hugePages: hugePages && { pageSizeKib: hugePages.pageSizeKib ?? 0 },
    ...kindOf(spec),
    firmware: { ...spec.firmware, type: firmwareTypes[spec.firmware.type] },
    nics: spec.nics.map(toWireNic),
    vgpuDisplay: spec.display && { enabled: true, ramfb: spec.display.ramfb, ...spec.display.size },
    serial: serial && { logPath: serial.logPath ?? "" },
    igd: spec.igd && { ...spec.igd, romPath: spec.igd.romPath ?? "" },
    guestAgent,
    seedIso: seedIso === undefined ? undefined : { path: seedIso },
  });
}

/** A Xen guest is of one of three kinds, each with a machine of its own. */
function kindOf({ xenGuestType, machine }: DomainSpec): Parameters<typeof pb.DomainSpec.fromPartial>[0] {
  return xenGuestType ? { xenGuestType: xenGuestTypes[xenGuestType] } : { machine: { type: machine } };
}

function toWireDisk({ path, format, bus, readonly, device, cache, discard, serial }: Disk): pb.Disk {
  return {
    ...{ path, format: formats[format], bus: buses[bus], readonly, device: devices[device], discard },
    cache: cache === undefined ? pb.DiskCache.UNSPECIFIED : caches[cache],
    serial: serial ?? "",
  };
}

function toWireBoot({ kernelBoot, bootOrder }: DomainSpec): pb.Boot {
  if (kernelBoot) {
    const { kernel, initrd = "", cmdline = "" } = kernelBoot;
    return { source: { $case: "kernel", value: { kernelPath: kernel, initrdPath: initrd, cmdline } } };
  }
  const { devices: order = [], menuMs } = bootOrder ?? {};
  const menuTimeout =
    menuMs === undefined
      ? undefined
      : { seconds: BigInt(Math.floor(menuMs / 1000)), nanos: (menuMs % 1000) * 1_000_000 };
  return {
    source: { $case: "order", value: { devices: order.map((device) => bootDevices[device]), menuTimeout } },
  };
}

function toWireCpu({ mode, model, topology, pins, emulatorCpus, maxPhysBits }: Cpu): pb.Cpu {
  const rest = { model: model ?? "", emulatorCpus: emulatorCpus ?? "", maxPhysBits };
  return { mode: cpuModes[mode], topology, pins: [...pins], ...rest };
}

function toWireNic({ to, mac, model, mtu }: Nic): pb.NetworkInterface {
  return {
    attachment:
      "network" in to ? { $case: "network", value: to.network } : { $case: "bridge", value: to.bridge },
    ...{ mac: mac ?? "", model: networkModels[model], mtu },
  };
}

const formats = { raw: pb.DiskFormat.RAW, qcow2: pb.DiskFormat.QCOW2 } as const satisfies Record<
  Disk["format"],
  pb.DiskFormat
>;
const buses = {
  virtio: pb.DiskBus.VIRTIO,
  sata: pb.DiskBus.SATA,
  scsi: pb.DiskBus.SCSI,
  xen: pb.DiskBus.XEN,
} as const satisfies Record<Disk["bus"], pb.DiskBus>;
const devices = {
  disk: pb.DiskDevice.DISK,
  cdrom: pb.DiskDevice.CDROM,
} as const satisfies Record<Disk["device"], pb.DiskDevice>;
const caches = {
  none: pb.DiskCache.NONE,
  writeback: pb.DiskCache.WRITEBACK,
  writethrough: pb.DiskCache.WRITETHROUGH,
  directsync: pb.DiskCache.DIRECTSYNC,
} as const satisfies Record<NonNullable<Disk["cache"]>, pb.DiskCache>;
const bootDevices = {
  disk: pb.BootDevice.DISK,
  cdrom: pb.BootDevice.CDROM,
  network: pb.BootDevice.NETWORK,
} as const satisfies Record<BootOrder["devices"][number], pb.BootDevice>;
const cpuModes = {
  "host-model": pb.CpuMode.HOST_MODEL,
  "host-passthrough": pb.CpuMode.HOST_PASSTHROUGH,
  custom: pb.CpuMode.CUSTOM,
} as const satisfies Record<Cpu["mode"], pb.CpuMode>;
const numaModes = {
  strict: pb.NumaMode.STRICT,
  preferred: pb.NumaMode.PREFERRED,
  interleave: pb.NumaMode.INTERLEAVE,
} as const satisfies Record<NumaTuning["mode"], pb.NumaMode>;
const xenGuestTypes = {
  hvm: pb.XenGuestType.HVM,
  pvh: pb.XenGuestType.PVH,
  pv: pb.XenGuestType.PV,
} as const satisfies Record<XenGuestType, pb.XenGuestType>;
const firmwareTypes = {
  bios: pb.FirmwareType.BIOS,
  uefi: pb.FirmwareType.UEFI,
} as const satisfies Record<Firmware["type"], pb.FirmwareType>;
const networkModels = {
  virtio: pb.NetworkModel.VIRTIO,
  e1000e: pb.NetworkModel.E1000E,
  xen: pb.NetworkModel.XEN,
} as const satisfies Record<Nic["model"], pb.NetworkModel>;
