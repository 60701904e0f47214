// The only forms that names may have on their way into a kernel path. No form admits `/`, `..` or an empty name.

export const FORMS = {
  gpu: /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
  /** A PCI function: a GPU, or a virtual function of one. */
  device: /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
  // Parent driver and type name as i915 composes them (kernel mdev_sysfs.c, gvt/vgpu.c): nobody else's mdevs are touched.
  type: /^i915-GVTg_V[0-9]_[0-9]{1,2}$/,
  vgpuId: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  /** A name of a domain, as libvirt takes it and a file can have it. */
  name: /^[A-Za-z0-9_][A-Za-z0-9 _.+:@-]{0,127}$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
} as const;

export type FormName = keyof typeof FORMS;
