// What the description of a recorded host may say. Whatever it leaves out is as on a host that is set up for vGPUs, so that a
// description tells what is particular to its host.
import { z } from "zod";

/** `xen` is a dom0, `xen-guest` a guest of Xen. */
const hypervisors = ["kvm", "xen", "xen-guest", "none"] as const;

/** What has happened to a file: a read fails, nothing is in it, several MiB are, bytes that are no UTF-8, a number beyond reason. */
const breakages = ["unreadable", "empty", "huge", "not-utf8", "absurd"] as const;

/** YAML gives `0` and `1` as numbers. */
const text = z.union([z.string(), z.number()]).transform(String);
const mib = z.int().positive();

const slice = z.strictObject({
  /** `V5_4`: what the type's name ends with. */
  type: z.string(),
  group: z.int().nonnegative(),
});

const sriov = z.strictObject({
  total: z.int().nonnegative().default(7),
  /** Virtual functions that there are. */
  enabled: z.int().nonnegative().default(0),
  /** Of the first of them; the others have none. */
  drivers: z.array(z.string()).default([]),
  autoprobe: text.default("1"),
  /** The folder of an i915 from outside of the kernel: `prelim_iov` has `pf/gt0`, the older `iov` has `pf/gt`. */
  folder: z.enum(["prelim_iov", "iov"]).optional(),
  /** xe's `sriov_admin`. */
  admin: z.boolean().default(false),
  /** Whether xe counts what each uses of the engines. */
  counts: z.boolean().default(true),
});

const mate = z.strictObject({
  address: z.string(),
  class: z.string().default("040300"),
  driver: z.string().optional(),
});

const gpuSchema = z.strictObject({
  address: z.string().default("0000:00:02.0"),
  vendor: z.string().default("8086"),
  device: z.string(),
  class: z.string().default("030000"),
  driver: z.string().default("i915"),
  /** BAR 2; 0: not assigned. */
  aperture_mib: z.union([mib, z.literal(0)]).default(1024),
  /** On VGA functions only; unset: on the first of them. */
  boot_vga: z.boolean().optional(),
  numa_node: z.int().default(-1),
  /** Unset: its position on the host. */
  iommu_group: z.union([z.int().nonnegative(), z.literal("none")]).optional(),
  mates: z.array(mate).default([]),
  /** `none`: the driver made none; `no-file`: it did, and /dev/dri does not have it; `hidden`: there is no /dev/dri to see. */
  render_node: z.enum(["there", "none", "no-file", "hidden"]).default("there"),
  /** By the connector's name, what its `status` holds. */
  connectors: z.record(z.string(), z.string()).default({}),
  /** By what the type's name ends with, its `available_instances`. Unset: no parent of mediated devices. */
  types: z.record(z.string(), z.int().nonnegative()).optional(),
  /** By their UUIDs. */
  slices: z.record(z.string(), slice).default({}),
  sriov: sriov.optional(),
});

const libvirt = z.union([
  z.literal("none"),
  z.strictObject({
    uri: z.string().optional(),
    version: z.string().default("9.0.0"),
    driver: z.string().optional(),
    /** What domain capabilities have for graphics; `not-asked`: nobody wrote it down. */
    graphics: z.union([z.array(z.string()), z.literal("not-asked")]).default(["vnc", "egl-headless"]),
  }),
  z.strictObject({ uri: z.string().optional(), why: z.string() }),
]);

/** libvirt's daemon; `none`: it does not run. */
const daemon = z.union([
  z.literal("none"),
  z.strictObject({
    /** Hexadecimal, as /proc/PID/status shows the effective ones; unset: all. */
    capabilities: z.string().default("000001ffffffffff"),
    memlock: text.default("8388608"),
  }),
]);

const codes = z.array(z.string()).default([]);

/** `yes`, `unknown` where only what could not be looked at may stand in the way, or the reason code. */
const verdict = z.string();

const expectationSchema = z.strictObject({
  fail: codes,
  unknown: codes,
  /** By address; every GPU of Intel that there is. */
  gpus: z
    .record(
      z.string(),
      z.strictObject({
        fail: codes,
        unknown: codes,
        modes: z.strictObject({ "gvt-g": verdict, "gvt-d": verdict, "gvt-s": verdict, sriov: verdict }),
      }),
    )
    .default({}),
});

export const hostSchema = z.strictObject({
  about: z.string(),
  /**
   * The public thread that it is rebuilt from: what is told there is as there, the rest is assumed so that it fits. Without one
   * it is made from the kernel's sources.
   */
  source: z.url().optional(),
  kernel: z.string().default("6.1.0-50-amd64"),
  hypervisor: z.enum(hypervisors).default("kvm"),
  /** What the processor's flags show of virtualization. */
  cpu: z.enum(["vmx", "svm", "neither"]).default("vmx"),
  /** Whether the processor says that it is virtual. */
  guest: z.boolean().default(false),
  system_vendor: z.string().default("Dell Inc."),
  command_line: z.string().default("ro quiet"),
  /** Beside those of the hypervisor and of the GPUs' drivers. */
  modules: z.array(z.string()).default([]),
  /** By `MODULE.PARAMETER`. */
  parameters: z.record(z.string(), text).default({}),
  /** Whether who asks may read those of i915 and xe, which are for root. */
  parameters_readable: z.boolean().default(true),
  /** Lines of /boot/config-RELEASE; unset: there is no such file. */
  config: z.array(z.string()).optional(),
  /** Lines of the kernel's log; `none`: nobody may read it. */
  log: z.union([z.array(z.string()), z.literal("none")]).default([]),
  /**
   * Under Xen whether the firmware has one, which Xen then takes; `left-to-dom0`: Xen was told not to; `not-shown`: there are no
   * tables of the firmware to see.
   */
  iommu: z.union([z.boolean(), z.enum(["left-to-dom0", "not-shown"])]).default(true),
  /** Unset: the kernel has no such file. */
  lockdown: z.enum(["none", "integrity", "confidentiality"]).optional(),
  /** Whether xen-pciback is loaded, on a host of Xen. */
  pciback: z.boolean().default(true),
  /** /sys/kernel/vgt of dom0's kernel, or, of 2016, of a host with KVMGT of that time. */
  xengt: z.enum(["2016", "2017"]).optional(),
  /** `none`: the tree does not say what libvirt said. */
  libvirt: libvirt.default({ version: "9.0.0", graphics: ["vnc", "egl-headless"] }),
  libvirt_daemon: daemon.default({ capabilities: "000001ffffffffff", memlock: "8388608" }),
  /** What libvirt-guests does at shutdown; `unset`: it is enabled and nobody told it; unset: it is not enabled. */
  libvirt_guests: z.enum(["unset", "suspend", "shutdown"]).optional(),
  /** The path of the emulator; unset: where Debian puts it; `none`: nowhere. */
  qemu: z.string().optional(),
  /** Whether QEMU is built of modules that packages bring, and has those for OpenGL; unset: it is in one piece. */
  qemu_modules: z.enum(["with-opengl", "without-opengl"]).optional(),
  perf: z.boolean().default(true),
  /** Unset: it is off. Otherwise whether its profile for guests lets them open /dev/vfio, or that it has none. */
  apparmor: z.enum(["lets", "denies", "no-profile"]).optional(),
  selinux: z.enum(["enforcing", "permissive"]).optional(),
  gpus: z.array(gpuSchema).default([]),
  /** Other files, by their paths. */
  files: z.record(z.string(), z.string()).default({}),
  /** By path; the last of all. */
  broken: z.record(z.string(), z.enum(breakages)).default({}),
  expect: expectationSchema,
});

export type HostDescription = z.infer<typeof hostSchema>;
export type GpuDescription = HostDescription["gpus"][number];
export type Breakage = (typeof breakages)[number];
export type Expectation = HostDescription["expect"];
