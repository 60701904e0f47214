// What differs between the kernels that have GVT-g.

export interface KernelTraits {
  readonly major: number;
  /** The driver that binds an mdev: vfio_mdev.c of 5.10, kvmgt.c since 6.1. */
  readonly mdevDriver: string;
  /** 5.10's GVT-g offers no `name` attribute (gvt/gvt.c). */
  readonly hasTypeName: boolean;
  /**
   * Removing a vGPU that somebody holds: `leaks` deletes the device and keeps what it used until the next boot
   * (mdev_core.c of 5.10; WARN_ON_ONCE(vgpu->attached) of 6.1), `blocks` waits (vfio_unregister_group_dev of 6.12).
   */
  readonly removeWhileHeld: "leaks" | "blocks";
  /** Before 6.1 `available_instances` was kept, and its first value forgot the fences. */
  readonly countsFencesAtFirst: boolean;
  /** i915 has a directory for each part of a GPU beside its card's files. */
  readonly hasGtDirectories: boolean;
  /** i915 counts for whoever has its nodes open (i915_drm_client.c), and since 6.8 their memory, too. */
  readonly countsClients: boolean;
  readonly countsClientMemory: boolean;
  /** VFIO's variant for virtual functions of xe (drivers/vfio/pci/xe), of the same release as xe's sriov_admin. */
  readonly hasXeVfioPci: boolean;
  /** Documentation/ABI/testing/sysfs-driver-intel-xe-sriov. */
  readonly hasXeSriovAdmin: boolean;
  readonly hasVramQuota: boolean;
  /** xe's PMU counts ticks of engines for virtual functions: seen in xe_pmu.c of 7.1; kernels before may. */
  readonly countsFunctionTicks: boolean;
}

export function kernelTraits(release: string): KernelTraits {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const since = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    major,
    mdevDriver: since(6, 1) ? "intel_vgpu_mdev" : "vfio_mdev",
    hasTypeName: since(6, 1),
    removeWhileHeld: since(6, 12) ? "blocks" : "leaks",
    countsFencesAtFirst: since(6, 1),
    hasGtDirectories: since(5, 18),
    countsClients: since(5, 19),
    countsClientMemory: since(6, 8),
    hasXeVfioPci: since(6, 19),
    hasXeSriovAdmin: since(6, 19),
    hasVramQuota: since(7, 0),
    countsFunctionTicks: since(7, 1),
  };
}
