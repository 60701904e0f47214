// Domains that each ask for one thing, and one that asks for everything: what becomes of them is kept as golden XML.
import { readRawDomain } from "../../agent/lifecycle/raw-xml/read.ts";
import type { Disk, DomainSpec } from "../../agent/lifecycle/domain-spec.ts";
import { disk, domainSpec } from "./claims.ts";

const kernelBoot = {
  kernel: "/srv/boot/vmlinuz",
  initrd: "/srv/boot/initrd.img",
  cmdline: 'console=ttyS0 root=LABEL="a<b" quiet & splash',
};
const loopback = { listen: "127.0.0.1", port: undefined };
const fromDisk = {
  disks: [disk("/srv/images/a.qcow2")],
  bootOrder: { devices: ["disk"], menuMs: undefined },
} as const;
const uefi = { type: "uefi", secureBoot: false, tpm: false } as const;
const cpu = {
  mode: "host-model",
  model: undefined,
  topology: undefined,
  pins: [],
  emulatorCpus: undefined,
  maxPhysBits: undefined,
} as const;

/** As somebody might paste it: what virt-manager writes, without what names the host. */
const PASTED = `<?xml version="1.0"?>
<domain type='kvm'>
  <!-- a desktop -->
  <name>guest-1</name>
  <uuid>d0000000-0000-4000-8000-000000000001</uuid>
  <title>Desk &amp; &#x43;o</title>
  <memory unit='GiB'>2</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>4</vcpu>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <firmware><feature enabled='no' name='enrolled-keys'/></firmware>
    <boot dev='hd'/>
    <bootmenu enable='yes' timeout='3000'/>
  </os>
  <features>
    <acpi/><apic/><smm state='on'/>
    <hyperv mode='custom'><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/></hyperv>
  </features>
  <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model><topology sockets='1' dies='1' cores='4' threads='1'/></cpu>
  <clock offset='localtime'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <pm><suspend-to-mem enabled='no'/></pm>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='/srv/images/desk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw'/><source dev='/dev/vg/data'/><target dev='vdb' bus='virtio'/><serial>data-1</serial>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/><source file='/srv/images/a.iso'/><target dev='sda' bus='sata'/><readonly/>
    </disk>
    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
    <interface type='network'><mac address='52:54:00:12:34:56'/><source network='default'/><model type='virtio'/></interface>
    <interface type='bridge'><source bridge='br0'/><model type='e1000e'/></interface>
    <serial type='pty'><log file='/srv/logs/desk.log' append='on'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>
    <sound model='ich9'/>
    <video><model type='virtio' heads='1'/></video>
    <watchdog model='i6300esb' action='reset'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>`;

const asked: Readonly<Record<string, Partial<DomainSpec>>> = {
  bare: {},
  "disk-and-vnc": { ...fromDisk, disks: [disk("/srv/images/web & db.qcow2")], vnc: loopback },
  "kernel-boot": {
    kernelBoot,
    disks: [disk("/srv/images/install.iso", { format: "raw", bus: "sata", device: "cdrom", readonly: true })],
    vnc: { listen: "::1", port: 5907 },
    onStop: "release",
  },
  "many-disks": {
    ...fromDisk,
    disks: [
      disk("/srv/images/a.qcow2", { cache: "none", discard: true, serial: "root-1" }),
      disk("/dev/disk/by-id/scsi-data", { source: "block", format: "raw", cache: "directsync" }),
      disk("/srv/images/b.raw", { format: "raw", bus: "scsi", cache: "writeback" }),
      disk("/srv/images/c.raw", { format: "raw", bus: "scsi", readonly: true, cache: "writethrough" }),
      disk("/srv/images/d.raw", { format: "raw", bus: "sata" }),
      disk("/srv/images/e.iso", { format: "raw", bus: "scsi", device: "cdrom", readonly: true }),
    ],
    seedIso: "/srv/images/seed.iso",
  },
  cpu: {
    ...fromDisk,
    vcpus: 8,
    cpu: {
      ...{ mode: "custom", model: "qemu64", emulatorCpus: "0", maxPhysBits: 40 },
      topology: { sockets: 2, cores: 2, threads: 2 },
      pins: [
        { vcpu: 0, hostCpus: "0" },
        { vcpu: 7, hostCpus: "0-1" },
      ],
    },
  },
  "cpu-of-the-host": { ...fromDisk, cpu: { ...cpu, mode: "host-passthrough" } },
  "cpu-like-the-host": { ...fromDisk, cpu },
  memory: {
    ...fromDisk,
    numa: { mode: "preferred", nodes: [0] },
    hugePages: { pageSizeKib: 2048 },
  },
  "huge-pages-of-the-host": {
    ...fromDisk,
    numa: { mode: "strict", nodes: [] },
    hugePages: { pageSizeKib: undefined },
  },
  "old-machine": { ...fromDisk, machine: "pc" },
  uefi: { ...fromDisk, firmware: uefi },
  "secure-boot": { ...fromDisk, firmware: { ...uefi, secureBoot: true } },
  tpm: { ...fromDisk, firmware: { ...uefi, tpm: true } },
  nics: {
    bootOrder: { devices: ["network"], menuMs: 3000 },
    nics: [
      { to: { network: "default" }, mac: "52:54:00:12:34:56", model: "virtio", mtu: undefined },
      { to: { bridge: "br0" }, mac: undefined, model: "e1000e", mtu: 9000 },
    ],
  },
  consoles: { ...fromDisk, vnc: loopback, spice: { listen: "0.0.0.0", port: 5930 } },
  display: { ...fromDisk, vnc: loopback, display: { ramfb: false, size: undefined } },
  "display-with-ramfb": {
    ...fromDisk,
    spice: loopback,
    display: { ramfb: true, size: { width: 1280, height: 720 } },
  },
  serial: { ...fromDisk, serial: { logPath: "/srv/logs/guest-1.log" } },
  "serial-without-log": { ...fromDisk, serial: { logPath: undefined } },
  "guest-agent": { ...fromDisk, guestAgent: { shutdown: true } },
  labels: { ...fromDisk, labels: { team: 'a<b> & "c"', "app/tier": "über" }, autostart: true },
  raw: { raw: readRawDomain(PASTED, "domain.raw_xml").raw, vcpus: 4, memoryMib: 2048 },
};

/** By the name of the golden file. */
export const exampleSpecs: ReadonlyMap<string, DomainSpec> = new Map(
  [...Object.entries(asked), ["full", everything()] as const].map(([name, given]) => [
    name,
    domainSpec(1, given),
  ]),
);

const xenDisk = (path: string, given: Partial<Disk> = {}): Disk => disk(path, { bus: "xen", ...given });
const rawBlock = { source: "block", format: "raw" } as const;
const cd = { format: "raw", device: "cdrom", readonly: true } as const;
const pins = { pins: [{ vcpu: 0, hostCpus: "0-1" }] };
const xenKernel = { kernelBoot: { ...kernelBoot, cmdline: "console=hvc0 root=/dev/xvda" } };
const pvDevices: Partial<DomainSpec> = {
  disks: [xenDisk("/srv/images/a.qcow2"), xenDisk("/dev/vg/data", { ...rawBlock, readonly: true })],
  seedIso: "/srv/images/seed.iso",
  nics: [{ to: { bridge: "br0" }, mac: undefined, model: "xen", mtu: undefined }],
  serial: { logPath: undefined },
};

const askedOfXen: Readonly<Record<string, Partial<DomainSpec>>> = {
  hvm: { xenGuestType: "hvm", disks: [xenDisk("/srv/images/a.qcow2")], bootOrder: fromDisk.bootOrder },
  "hvm-with-everything": {
    xenGuestType: "hvm",
    vcpus: 4,
    cpu: { ...cpu, ...pins, mode: "host-passthrough" },
    firmware: uefi,
    disks: [
      xenDisk("/dev/disk/by-id/scsi-root", { ...rawBlock, discard: true }),
      xenDisk("/srv/images/a.iso", cd),
      xenDisk("/srv/images/b.qcow2"),
    ],
    seedIso: "/srv/images/seed.iso",
    bootOrder: { devices: ["disk", "cdrom", "network"], menuMs: undefined },
    nics: [
      { to: { network: "default" }, mac: "00:16:3e:12:34:56", model: "xen", mtu: undefined },
      { to: { bridge: "br0" }, mac: undefined, model: "e1000e", mtu: undefined },
    ],
    vnc: loopback,
    serial: { logPath: undefined },
    labels: { team: "a" },
  },
  "hvm-with-many-disks": {
    ...{ xenGuestType: "hvm", ...xenKernel, seedIso: "/srv/images/seed.iso", spice: loopback },
    disks: ["a", "b", "c", "d", "e"].map((name, index) =>
      xenDisk(`/srv/images/${name}.raw`, { format: "raw", readonly: index === 4 }),
    ),
  },
  pvh: { xenGuestType: "pvh", ...xenKernel, ...pvDevices },
  pv: { xenGuestType: "pv", ...xenKernel, ...pvDevices, cpu: { ...cpu, ...pins, mode: "host-passthrough" } },
};

/** Domains for Xen, by the name of the golden file. */
export const xenExampleSpecs: ReadonlyMap<string, DomainSpec> = new Map(
  Object.entries(askedOfXen).map(([name, given]) => [name, domainSpec(1, given)]),
);

function everything(): Partial<DomainSpec> {
  const { cpu: processor, memory, nics, serial, labels } = asked;
  return {
    ...{ ...processor, ...memory, ...nics, ...serial, ...labels, ...asked["display-with-ramfb"] },
    ...{ ...asked["guest-agent"], ...asked["many-disks"] },
    ...{ vnc: loopback, spice: loopback, firmware: { ...uefi, tpm: true } },
    bootOrder: { devices: ["disk", "cdrom", "network"], menuMs: 0 },
  };
}
