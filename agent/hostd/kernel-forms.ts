// Forms of the names that hostd finds on its way, which become part of paths.

/** Variables whose values the kernel gave us, not the client. */
export const KERNEL_FORMS = {
  group: /^[0-9]{1,9}$/,
  pid: /^[1-9][0-9]{0,9}$/,
  fd: /^[0-9]{1,9}$/,
  virtfn: /^virtfn[0-9]{1,5}$/,
  /** Where libvirt writes down the pid of a domain's process, by the domain's name. */
  pidFile: /^[^/\p{Cc}]{1,251}\.pid$/u,
  drmNode: /^(card|renderD)[0-9]{1,7}$/,
  card: /^card[0-9]{1,7}$/,
  iov: /^(prelim_)?iov$/,
  /** Of a number that the client gives, which was found to be one that the GPU has. */
  vf: /^vf[1-9][0-9]{0,4}$/,
  unit: /^gt[0-9]?$/,
  tile: /^tile[0-9]$/,
  /** A PCI address as the name of a PMU has it, which may hold no colon (xe_pmu.c). */
  pmuAddress: /^[0-9a-f]{4}_[0-9a-f]{2}_[01][0-9a-f]\.[0-7]$/,
  /** Of the number of a guest of Xen. */
  vm: /^vm[1-9][0-9]{0,4}$/,
} as const;
