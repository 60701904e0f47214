// What HOST.yaml may say: which host to play. Strict: a key that is not known is an error, not a wish.
import { z } from "zod";
import { VGT_BOUNDS } from "../hostd/protocol/vgt.ts";
import { faultsSchema } from "./faults/fault.ts";
import { pciAddress, vgpuId } from "./forms.ts";

const powerOfTwo = z.int().refine((value) => value > 0 && (value & (value - 1)) === 0, "not a power of two");

const gpuSchema = z.strictObject({
  address: pciAddress,
  device: z
    .string()
    .regex(/^[0-9a-f]{4}$/, "must be four lower-case hex digits, as 3e92")
    .default("3e92"),
  /** Size of BAR2, MiB: 128 to 4096. */
  aperture_mib: powerOfTwo.min(128).max(4096).default(1024),
  /** Size of the graphics address space, MiB: 1024, 2048 or 4096. */
  ggtt_mib: powerOfTwo.min(1024).max(4096).default(4096),
  numa_node: z.int().min(-1).max(63).default(-1),
  driver: z.enum(["i915", "xe", "vfio-pci", "xe-vfio-pci", "pciback", "none"]).default("i915"),
  boot_vga: z.boolean().default(true),
  /** How many virtual functions it can have (sriov_totalvfs); 0: it knows no SR-IOV. */
  total_vfs: z.int().min(0).max(63).default(0),
  /** The folder that i915 has for virtual functions when it comes from outside of the kernel; the kernel's own makes none. */
  iov: z.enum(["prelim_iov", "iov", "none"]).default("none"),
  /** Pieces of the graphics address space that the host uses beyond its reserve, MiB. */
  host_ranges: z
    .array(z.strictObject({ start_mib: z.int().min(0).max(4096), size_mib: z.int().min(1).max(4096) }))
    .max(32)
    .default([]),
});

const mdevSchema = z.strictObject({
  gpu: pciAddress,
  type: z.string(),
  uuid: vgpuId,
  /** Command of a process that holds it. */
  held_by: z.string().min(1).max(15).optional(),
});

/** Of a slice of XenGT, as QEMU takes them. */
const vgtSizesSchema = z.strictObject({
  low_gm_mib: z.int().min(1).max(VGT_BOUNDS.lowGmMib.to).default(64),
  high_gm_mib: z.int().min(1).max(VGT_BOUNDS.highGmMib.to).default(448),
  fences: z.int().min(1).max(VGT_BOUNDS.fences.to).default(4),
});

const xengtGeneration = z.preprocess(
  // YAML takes a year for a number.
  (value) => (typeof value === "number" ? String(value) : value),
  z.enum(["2015", "2017"]).optional(),
);

/** A guest that `xl` made: libvirt does not list it, xenstore does. */
export const xlGuestSchema = z.strictObject({
  name: z.string().min(1).max(64),
  uuid: vgpuId,
  type: z.enum(["hvm", "pvh", "pv"]).default("hvm"),
  /** PCI functions of the host that it has. */
  pci: z.array(pciAddress).max(8).default([]),
  /** The slice of XenGT that its device model makes; the guest is of the kind hvm then. */
  xengt: vgtSizesSchema.optional(),
});

export const hostSchema = z
  .strictObject({
    /** What it is, for people. */
    about: z.string().max(200).default(""),
    hostname: z.string().min(1).max(64).default("simulated"),
    /** What /etc/machine-id has; hosts that stand beside each other have each another. */
    machine_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/, "must be 32 hexadecimal digits")
      .default("5111a7ed000080008000000000000001"),
    /** Kernel release as `uname -r` prints it. */
    kernel: z
      .string()
      .regex(/^\d+\.\d+/, "not a kernel release")
      .default("6.12.107"),
    hypervisor: z.enum(["kvm", "xen", "none"]).default("kvm"),
    /** The module parameter `i915.enable_gvt`; `absent` is a kernel built without GVT-g. */
    enable_gvt: z.union([z.boolean(), z.literal("absent")], "must be true, false or absent").default(true),
    /** Whether the module kvmgt is loaded. */
    kvmgt: z.boolean().default(true),
    /** Whether vfio-pci is loaded, and its variant where the kernel has it; neither takes a function otherwise. */
    vfio_pci: z.boolean().default(true),
    /** Whether xen-pciback is loaded on a host of Xen, there before the GPUs' own drivers as where it hides functions at a boot. */
    pciback: z.boolean().default(true),
    /**
     * XenGT, by the kind that the host's kernel has: `2015` of 2015 and 2016, part of its i915, `2017` the module of 2017 and later.
     * Absent: none.
     */
    xengt: xengtGeneration,
    /** Device models of Xen that know Intel's options for XenGT, by their paths; QEMU without them is always there. */
    device_models: z
      .array(
        z
          .string()
          .regex(/^\/(usr|opt)(\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/, "must be a path below /usr or /opt"),
      )
      .max(8)
      .default([]),
    /** Whether QEMU has its modules for OpenGL, without which no guest renders on the host. */
    qemu_opengl: z.boolean().default(true),
    /** Whether there is the program perf, and whether the kernel lets it count. */
    perf: z.enum(["yes", "no", "not-permitted"]).default("yes"),
    cpus: z.int().min(1).max(512).default(8),
    memory_mib: z.int().min(256).default(32768),
    gpus: z
      .array(gpuSchema)
      .max(16)
      .default([gpuSchema.parse({ address: "0000:00:02.0" })]),
    /** mdevs that somebody else made before vgpud came; gone after a reboot, as on a real host. */
    mdevs: z.array(mdevSchema).max(112).default([]),
    /** Guests of Xen that somebody else made by `xl` before vgpud came; gone after a reboot. */
    xl_guests: z.array(xlGuestSchema).max(64).default([]),
    faults: faultsSchema.default([]),
  })
  .refine(
    (host) => new Set(host.gpus.map((gpu) => gpu.address)).size === host.gpus.length,
    "two gpus with one address",
  )
  .refine(
    (host) => host.xl_guests.length === 0 || host.hypervisor === "xen",
    "xl_guests on a host without Xen",
  )
  .refine(
    ({ hypervisor, xengt, device_models: models }) =>
      hypervisor === "xen" || (xengt === undefined && models.length === 0),
    "xengt or device_models on a host without Xen",
  )
  .refine(
    ({ xl_guests: guests }) => guests.every(({ xengt, type }) => xengt === undefined || type === "hvm"),
    "xengt for a guest that is not of the type hvm",
  );

export type HostDescription = z.output<typeof hostSchema>;
export type GpuDescription = HostDescription["gpus"][number];
