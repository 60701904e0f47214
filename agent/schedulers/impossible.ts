// What a host cannot make for certain, by its diagnosis: whoever is sent there for it comes in vain. Pure.
// A condition that is wrong would close a host that is well. Here stand those alone that are found by what the next create meets itself, or
// by what the device is, and that last until somebody mends them. Others are none of them, though they fail and cost a mode:
// - what passes by itself, or is told by the supply: LIBVIRT_UNAVAILABLE, HOSTD_UNAVAILABLE, VGPU_COUNT_UNREADABLE;
// - what is looked for where it is as a rule: QEMU_MISSING, QEMU_WITHOUT_OPENGL, RENDER_NODE_MISSING; what a version tells, to which others
//   bring things back: LIBVIRT_TOO_OLD, LIBVIRT_WITHOUT_RENDERNODE; and LIBVIRT_DRIVER_UNFIT, known only while libvirt answers;
// - what says that the kernel offers no slices, or makes no functions: INSIDE_GUEST, GVT_NOT_BUILT, GVT_DISABLED, GVT_GUC_CONFLICT,
//   KVMGT_NOT_LOADED, MDEV_NOT_LOADED, XENGT_MISSING, GPU_WITHOUT_DRIVER, GVT_DRIVER_UNFIT, APERTURE_TOO_SMALL, VGPU_TYPES_MISSING, SRIOV_...: where
//   it is so there is nothing to give out, and where there is something it is not so;
// - what works with less: NO_HYPERVISOR (QEMU emulates the processor), VFIO_NOT_LOADED (loaded when it is needed);
// - what takes a rule for a fact: IOMMU_GROUP_SHARED (which drivers of neighbours stand in the way).
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import type { Code, Condition, HostSubject, Says } from "../diagnosis/condition.ts";
import type { Examined } from "../diagnosis/diagnostician.ts";

/** By GPU and mode the conditions that keep every vGPU from being made; a mode that none keeps from it is not there. */
export type Impossible = ReadonlyMap<PciAddress, ReadonlyMap<Mode, readonly Code[]>>;

interface Certainty<C extends Code> {
  readonly code: C;
  /** What of it is found. */
  readonly says: readonly Says<C>[];
  /** Undefined: of every mode that it costs. */
  readonly modes?: readonly Mode[];
  /** Undefined: on every host. */
  readonly on?: HostSubject["hypervisor"];
}

const certainties: readonly { readonly [C in Code]: Certainty<C> }[Code][] = [
  // A create looks for the same file and is refused without it; and that QEMU itself said so, of that very file.
  { code: "DEVICE_MODEL_MISSING", says: ["missing", "unpatched"] },
  // By the number of the device. On KVM the kernel offers types by GPU, which says more than any table, as with what was brought back into
  // an older one; under Xen its files are those of no GPU. "xengt-2016" is told by a file that is not there, which is less.
  {
    ...{ code: "GVT_UNSUPPORTED_PLATFORM", on: "xen" },
    says: ["kvm-only", "never", "sriov", "sriov-later"],
  },
  // By the sums that the ledger refuses by, too: nothing is left for the hidden part. On XenGT of 2015 and 2016 slices share that.
  { code: "APERTURE_TOO_LARGE", says: ["large"], on: "kvm" },
  // Whoever binds a function looks for the same folder of the driver.
  { code: "XEN_PCIBACK_MISSING", says: ["not-built", "denied", "absent", "not-loaded"] },
  // vfio gives out no device without a group (vfio_iommu_type1), and QEMU takes none of its mode without an IOMMU. Under Xen only signs tell.
  { code: "IOMMU_OFF", says: ["told-off", "off", "off-amd"] },
  // The same of one device; virtual functions have groups of their own.
  { code: "IOMMU_GROUP_MISSING", says: ["none"], modes: ["gvt-d"] },
];

/** What is not known is nothing that is impossible, nor is anything before the first examination. */
export function impossibleBy(examined: Pick<Examined, "diagnosis" | "host"> | undefined): Impossible {
  if (!examined) return new Map();
  const { diagnosis, host } = examined;
  const byGpu = diagnosis.verdicts.map(({ gpu, modes }) => {
    const found = modes.map(({ mode, because }) => {
      const certain = because.filter((condition) => isCertain(condition, mode, host));
      return [mode, certain.map(({ code }) => code)] as const;
    });
    return [gpu, new Map(found.filter(([, codes]) => codes.length > 0))] as const;
  });
  return new Map(byGpu.filter(([, found]) => found.size > 0));
}

function isCertain(
  { code, finding }: Condition,
  mode: Mode,
  { hypervisor }: Pick<HostSubject, "hypervisor">,
): boolean {
  return certainties.some(({ code: of, says, modes = [mode], on = hypervisor }) => {
    const said: readonly string[] = says;
    return of === code && said.includes(finding.says) && modes.includes(mode) && on === hypervisor;
  });
}
