// What raw XML may say, as data: elements by their path, each with its attributes and what those may be. Nothing else
// reaches libvirt, so that an element which a later libvirt invents is refused until somebody has thought about it.

/** What a text names, to be checked against this host's configuration before it is used. */
export type Reference = "disk-file" | "block-device" | "boot-file" | "log-file" | "network" | "bridge";

/** A form, a closed set of words, or a reference. */
export type Value = RegExp | readonly string[] | { readonly refersTo: Reference };

export interface Allowed {
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly text?: Value;
  /** May stand more than once beside each other. */
  readonly many?: true;
  /** Attributes without which libvirt would choose, or guess. */
  readonly required?: readonly string[];
}

export interface Group {
  readonly title: string;
  /** Why these can be let through. */
  readonly why: string;
  /** By path from the root, as `domain/devices/disk`. */
  readonly elements: Readonly<Record<string, Allowed>>;
}

const NUMBER = /^\d{1,12}$/;
/** No slash and no blank: neither a path nor a second option. */
const WORD = /^[A-Za-z0-9._:+-]{1,64}$/;
const HEX = /^(0x)?[0-9a-fA-F]{1,8}$/;
const ON_OFF = ["on", "off"] as const;
const YES_NO = ["yes", "no"] as const;
const CPU_SET = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,255}$/;
const IP_ADDRESS = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F:]{2,39}|::ffff:[0-9.]{7,15})$/;
const PRINTABLE = /^[\x20-\x7e]{0,2048}$/;

const state: Allowed = { attributes: { state: ON_OFF } };
const address: Allowed = {
  attributes: {
    ...{ type: ["pci", "drive", "usb", "virtio-serial"], domain: HEX, bus: HEX, slot: HEX, function: HEX },
    ...{ multifunction: ON_OFF, controller: NUMBER, target: NUMBER, unit: NUMBER, port: /^[\d.]{1,16}$/ },
  },
};
const alias: Allowed = { attributes: { name: /^ua-(?!vgpu$)[A-Za-z0-9_-]{1,60}$/ } };

/** A device with its children, and what every device may have. */
function device(
  name: string,
  own: Allowed,
  children: Readonly<Record<string, Allowed>> = {},
): Group["elements"] {
  const path = `domain/devices/${name}`;
  const below = Object.entries({ ...children, address, alias });
  return {
    [path]: { ...own, many: true },
    ...Object.fromEntries(below.map(([child, allowed]) => [`${path}/${child}`, allowed])),
  };
}

const boot: Allowed = { attributes: { order: NUMBER } };
const terminal: Readonly<Record<string, Allowed>> = {
  target: { attributes: { type: WORD, port: NUMBER } },
  "target/model": { attributes: { name: WORD } },
  log: { attributes: { file: { refersTo: "log-file" }, append: ON_OFF }, required: ["file"] },
};
const HYPERV = ["relaxed", "vapic", "vpindex", "runtime", "synic", "stimer", "reset", "frequencies"] as const;
const HYPERV_MORE = ["reenlightenment", "tlbflush", "ipi"] as const;

export const groups: readonly Group[] = [
  {
    title: "what it is and how big",
    why: "name, UUID and sizes are checked as the typed fields are; the vGPU and the mark are added by vgpud",
    elements: {
      domain: { attributes: { type: ["kvm", "qemu"] } },
      "domain/name": { text: PRINTABLE },
      "domain/uuid": { text: PRINTABLE },
      "domain/title": { text: PRINTABLE },
      "domain/description": { text: PRINTABLE },
      "domain/memory": { attributes: { unit: ["KiB", "MiB", "GiB", "k", "M", "G"] }, text: NUMBER },
      "domain/currentMemory": { attributes: { unit: ["KiB", "MiB", "GiB", "k", "M", "G"] }, text: NUMBER },
      "domain/vcpu": { attributes: { placement: ["static"], cpuset: CPU_SET }, text: NUMBER },
      "domain/devices": {},
    },
  },
  {
    title: "boot",
    why: "kernels come from the storage roots; firmware is chosen by libvirt from what the host has installed",
    elements: {
      "domain/os": { attributes: { firmware: ["bios", "efi"] } },
      "domain/os/type": {
        attributes: { arch: ["x86_64"], machine: /^(q35|pc|pc-(q35|i440fx)-[A-Za-z0-9.-]{1,40})$/ },
        text: ["hvm"],
      },
      "domain/os/firmware": { attributes: {} },
      "domain/os/firmware/feature": {
        attributes: { enabled: YES_NO, name: ["secure-boot", "enrolled-keys"] },
        many: true,
      },
      "domain/os/loader": { attributes: { secure: YES_NO } },
      "domain/os/kernel": { text: { refersTo: "boot-file" } },
      "domain/os/initrd": { text: { refersTo: "boot-file" } },
      "domain/os/cmdline": { text: PRINTABLE },
      "domain/os/boot": { attributes: { dev: ["hd", "cdrom", "network"] }, many: true },
      "domain/os/bootmenu": { attributes: { enable: YES_NO, timeout: NUMBER } },
    },
  },
  {
    title: "CPU and memory",
    why: "they shape the guest, and name host CPUs and nodes as the typed fields do",
    elements: {
      "domain/cpu": {
        attributes: {
          mode: ["host-model", "host-passthrough", "custom", "maximum"],
          match: ["minimum", "exact", "strict"],
          check: ["none", "partial", "full"],
          migratable: ON_OFF,
        },
      },
      "domain/cpu/model": { attributes: { fallback: ["allow", "forbid"] }, text: WORD },
      "domain/cpu/vendor": { text: WORD },
      "domain/cpu/topology": {
        attributes: { sockets: NUMBER, dies: NUMBER, cores: NUMBER, threads: NUMBER },
      },
      "domain/cpu/feature": {
        attributes: { name: WORD, policy: ["force", "require", "optional", "disable", "forbid"] },
        many: true,
      },
      "domain/cpu/maxphysaddr": {
        attributes: { mode: ["emulate", "passthrough"], bits: NUMBER, limit: NUMBER },
      },
      "domain/cpu/cache": { attributes: { level: NUMBER, mode: ["emulate", "passthrough", "disable"] } },
      "domain/iothreads": { text: NUMBER },
      "domain/cputune": {},
      "domain/cputune/shares": { text: NUMBER },
      "domain/cputune/vcpupin": { attributes: { vcpu: NUMBER, cpuset: CPU_SET }, many: true },
      "domain/cputune/emulatorpin": { attributes: { cpuset: CPU_SET } },
      "domain/cputune/iothreadpin": { attributes: { iothread: NUMBER, cpuset: CPU_SET }, many: true },
      "domain/numatune": {},
      "domain/numatune/memory": {
        attributes: { mode: ["strict", "preferred", "interleave"], nodeset: CPU_SET, placement: ["static"] },
      },
      "domain/memoryBacking": {},
      "domain/memoryBacking/hugepages": {},
      "domain/memoryBacking/hugepages/page": { attributes: { size: NUMBER, unit: ["KiB", "MiB", "GiB"] } },
      "domain/memoryBacking/nosharepages": {},
    },
  },
  {
    title: "features, time and power",
    why: "they stay inside the guest; a crash leaves no dump and no process behind",
    elements: {
      "domain/features": {},
      "domain/features/acpi": {},
      "domain/features/apic": { attributes: { eoi: ON_OFF } },
      "domain/features/pae": {},
      "domain/features/smm": state,
      "domain/features/vmport": state,
      "domain/features/kvm": {},
      "domain/features/kvm/hidden": state,
      "domain/features/hyperv": { attributes: { mode: ["custom", "passthrough"] } },
      ...Object.fromEntries(
        [...HYPERV, ...HYPERV_MORE].map((name) => [`domain/features/hyperv/${name}`, state]),
      ),
      "domain/features/hyperv/spinlocks": { attributes: { state: ON_OFF, retries: NUMBER } },
      "domain/features/hyperv/vendor_id": { attributes: { state: ON_OFF, value: /^[A-Za-z0-9]{1,12}$/ } },
      "domain/clock": { attributes: { offset: ["utc", "localtime"] } },
      "domain/clock/timer": {
        attributes: {
          name: ["pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock"],
          present: YES_NO,
          tickpolicy: ["delay", "catchup", "merge", "discard"],
        },
        many: true,
      },
      "domain/on_poweroff": { text: ["destroy"] },
      "domain/on_reboot": { text: ["restart", "destroy"] },
      "domain/on_crash": { text: ["destroy", "restart"] },
      "domain/pm": {},
      "domain/pm/suspend-to-mem": { attributes: { enabled: YES_NO } },
      "domain/pm/suspend-to-disk": { attributes: { enabled: YES_NO } },
    },
  },
  {
    title: "disks",
    why: "files come from the storage roots and block devices from the configured list, their format is always said",
    elements: device(
      "disk",
      { attributes: { type: ["file", "block"], device: ["disk", "cdrom"] }, required: ["type"] },
      {
        driver: {
          attributes: {
            name: ["qemu"],
            type: ["raw", "qcow2"],
            cache: ["default", "none", "writeback", "writethrough", "directsync"],
            discard: ["unmap", "ignore"],
            detect_zeroes: ["off", "on", "unmap"],
            io: ["threads", "native", "io_uring"],
            iothread: NUMBER,
            queues: NUMBER,
          },
          required: ["type"],
        },
        source: { attributes: { file: { refersTo: "disk-file" }, dev: { refersTo: "block-device" } } },
        target: {
          attributes: { dev: /^[a-z]{2,3}[a-z]{1,2}$/, bus: ["virtio", "sata", "scsi", "usb"] },
          required: ["dev", "bus"],
        },
        readonly: {},
        serial: { text: /^[A-Za-z0-9_.-]{1,36}$/ },
        boot,
      },
    ),
  },
  {
    title: "network",
    why: "only networks and bridges that the configuration lists, and no script",
    elements: device(
      "interface",
      { attributes: { type: ["network", "bridge"] }, required: ["type"] },
      {
        mac: { attributes: { address: /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/ } },
        source: { attributes: { network: { refersTo: "network" }, bridge: { refersTo: "bridge" } } },
        model: { attributes: { type: ["virtio", "e1000e", "e1000", "rtl8139"] } },
        driver: { attributes: { name: ["vhost", "qemu"], queues: NUMBER } },
        mtu: { attributes: { size: NUMBER } },
        link: { attributes: { state: ["up", "down"] } },
        boot,
      },
    ),
  },
  {
    title: "screens",
    why: "servers listen on an address, never on a socket of the host's file system; no device of the host is named",
    elements: {
      ...device(
        "graphics",
        {
          attributes: {
            type: ["vnc", "spice", "egl-headless"],
            ...{ port: /^(-1|\d{1,5})$/, autoport: YES_NO, listen: IP_ADDRESS },
          },
          required: ["type"],
        },
        {
          listen: { attributes: { type: ["address", "none"], address: IP_ADDRESS } },
          image: { attributes: { compression: WORD } },
          jpeg: { attributes: { compression: WORD } },
          zlib: { attributes: { compression: WORD } },
          playback: { attributes: { compression: WORD } },
          streaming: { attributes: { mode: WORD } },
          clipboard: { attributes: { copypaste: YES_NO } },
          filetransfer: { attributes: { enable: YES_NO } },
          mouse: { attributes: { mode: WORD } },
        },
      ),
      ...device(
        "video",
        {},
        {
          model: {
            attributes: {
              type: ["none", "vga", "virtio", "qxl", "bochs", "cirrus", "ramfb"],
              ...{
                heads: NUMBER,
                vram: NUMBER,
                vram64: NUMBER,
                ram: NUMBER,
                vgamem: NUMBER,
                primary: YES_NO,
              },
            },
          },
        },
      ),
    },
  },
  {
    title: "terminals and channels",
    why: "libvirt makes the host's end of them; a log lies in the storage roots",
    elements: {
      ...device("serial", { attributes: { type: ["pty"] }, required: ["type"] }, terminal),
      ...device("console", { attributes: { type: ["pty"] }, required: ["type"] }, terminal),
      ...device(
        "channel",
        { attributes: { type: ["unix", "spicevmc"] }, required: ["type"] },
        {
          source: { attributes: { mode: ["bind"] } },
          target: {
            attributes: { type: ["virtio"], name: ["org.qemu.guest_agent.0", "com.redhat.spice.0"] },
            required: ["name"],
          },
        },
      ),
    },
  },
  {
    title: "other devices",
    why: "they are emulated, and take nothing from the host but entropy",
    elements: {
      ...device(
        "controller",
        {
          attributes: {
            type: ["usb", "scsi", "sata", "pci", "virtio-serial"],
            ...{ index: NUMBER, model: WORD, ports: NUMBER, vectors: NUMBER },
          },
        },
        {
          model: { attributes: { name: WORD } },
          target: { attributes: { chassis: NUMBER, chassisNr: NUMBER, port: HEX } },
          master: { attributes: { startport: NUMBER } },
        },
      ),
      ...device("input", {
        attributes: { type: ["tablet", "mouse", "keyboard"], bus: ["ps2", "usb", "virtio"] },
      }),
      ...device("sound", { attributes: { model: WORD } }),
      ...device("memballoon", { attributes: { model: ["none", "virtio"] } }),
      ...device("watchdog", {
        attributes: { model: WORD, action: ["reset", "shutdown", "poweroff", "pause", "none", "inject-nmi"] },
      }),
      ...device(
        "rng",
        { attributes: { model: ["virtio"] } },
        {
          rate: { attributes: { bytes: NUMBER, period: NUMBER } },
          backend: { attributes: { model: ["random", "builtin"] }, text: ["/dev/random", "/dev/urandom"] },
        },
      ),
      ...device(
        "tpm",
        { attributes: { model: ["tpm-crb", "tpm-tis"] } },
        { backend: { attributes: { type: ["emulator"], version: ["2.0"] }, required: ["type"] } },
      ),
    },
  },
];

/** Every element that may stand in a document, by its path. */
export const allowed: ReadonlyMap<string, Allowed> = new Map(
  groups.flatMap(({ elements }) => Object.entries(elements)),
);

/** Why an element that people do write is refused, by its path; every other one that is not allowed is only unknown. */
export const refusals: ReadonlyMap<string, string> = new Map([
  ["domain/metadata", "vgpud writes its own mark there; give labels in their own field"],
  ["domain/devices/emulator", "it names a program that the host would run"],
  ["domain/devices/hostdev", "it gives the guest a device of the host; vgpud adds the vGPU itself"],
  ["domain/devices/filesystem", "it opens a directory of the host to the guest"],
  ["domain/devices/shmem", "it shares memory of the host with the guest"],
  ["domain/devices/redirdev", "it opens a channel from the host"],
  ["domain/devices/smartcard", "it reads certificates or devices of the host"],
  ["domain/devices/disk/backingStore", "the chain is read from the image itself and checked file by file"],
  ["domain/devices/disk/shareable", "two writers on one image destroy it"],
  ["domain/devices/interface/script", "it is a program that the host would run"],
  [
    "domain/devices/graphics/gl",
    "it names a device of the host; ask for the vGPU's display in its own field",
  ],
  ["domain/seclabel", "it would loosen what confines the guest"],
  ["domain/launchSecurity", "it takes secrets and firmware modes of the host"],
  ["domain/os/nvram", "libvirt makes the file and chooses its place"],
  ["domain/memoryBacking/source", "it shares the guest's memory through files of the host"],
  ["domain/memoryBacking/access", "it shares the guest's memory with other processes"],
]);
