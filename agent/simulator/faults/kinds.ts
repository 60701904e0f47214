// What can go wrong on the simulated host, kind by kind, and which fields of a fault each kind takes.

export const ERRNOS = [
  "EAGAIN",
  "EBUSY",
  "EEXIST",
  "EFAULT",
  "EINVAL",
  "EIO",
  "ENODEV",
  "ENOENT",
  "ENOMEM",
  "ENOSPC",
  "EPERM",
  "ERANGE",
  "EUSERS",
] as const;
export type Errno = (typeof ERRNOS)[number];

export interface FaultKindRow {
  /** Completes "while it is set, …". */
  readonly effect: string;
  /**
   * `state` holds from its setting to its end, which `delay_ms` sets if it is given. `each` strikes whenever what it is
   * about happens, at most `times`. `later` strikes objects by itself, those there and those to come, at most `times`.
   */
  readonly nature: "state" | "each" | "later";
  /** Whether it can be narrowed to one GPU. */
  readonly gpu?: true;
  /** What `object` names; of a slice of XenGT, which has no vgpu_id, `vgpu` is `vm<domid>` or its domain. */
  readonly object?: "vgpu" | "domain" | "function";
  /** What it can answer, the usual one first. */
  readonly errnos?: readonly [Errno, ...Errno[]];
  /** What `target` names; required then. */
  readonly target?: "file" | "method";
  /** For `later` and for what only takes longer it is the time until then; otherwise when the fault ends. */
  readonly delay?: "required" | "optional";
  readonly instances?: true;
  readonly message?: true;
}

const anyErrno = (first: Errno): readonly [Errno, ...Errno[]] => [
  first,
  ...ERRNOS.filter((errno) => errno !== first),
];
const ofVgpu = { gpu: true, object: "vgpu" } as const;
const ofFunction = { gpu: true, object: "function" } as const;

/** By the names of the contract's FaultKind. The errnos that are usual: mdev_core.c, aperture_gm.c of the kernel. */
export const faultKinds = {
  CREATE_FAILS: {
    effect: "making a vGPU fails with `errno`",
    nature: "each",
    errnos: anyErrno("ENOSPC"),
    ...ofVgpu,
  },
  CREATE_LATE: {
    effect: "the kernel takes `delay` longer to make a vGPU",
    nature: "each",
    delay: "required",
    ...ofVgpu,
  },
  CREATE_SHOWS_NOTHING: {
    effect: "the kernel says that it made a vGPU, and there is none",
    nature: "each",
    ...ofVgpu,
  },
  CREATE_PARTIAL: {
    effect:
      "a vGPU is made in part: the device is there, without a driver and without an IOMMU group, as on 5.10 without vfio_mdev",
    nature: "each",
    ...ofVgpu,
  },
  REMOVE_BLOCKS: {
    effect: "removing a vGPU hangs in the kernel, until the fault ends or for `delay`",
    nature: "each",
    delay: "optional",
    ...ofVgpu,
  },
  REMOVE_LEAKS: {
    effect:
      "a removed vGPU is gone and its room stays taken until the next boot, as when 5.10 and 6.1 remove a held one",
    nature: "each",
    ...ofVgpu,
  },
  REMOVE_FAILS: {
    effect: "removing a vGPU fails with `errno`",
    nature: "each",
    errnos: anyErrno("EAGAIN"),
    ...ofVgpu,
  },
  VGPU_VANISHES: {
    effect:
      "vGPUs go away under their domains, which run on, `delay` after they were made or the fault was set",
    nature: "later",
    delay: "optional",
    ...ofVgpu,
  },
  VGPU_HELD: {
    effect: "another process opens vGPUs as soon as nobody has them open, as when their domain is stopped",
    nature: "state",
    delay: "optional",
    ...ofVgpu,
  },
  BIND_FAILS: {
    effect: "binding a PCI function to another driver fails with `errno`, and changes nothing",
    nature: "each",
    errnos: anyErrno("ENODEV"),
    ...ofFunction,
  },
  BIND_HANGS: {
    effect:
      "binding a PCI function to another driver hangs in the kernel, until the fault ends or for `delay`",
    nature: "each",
    delay: "optional",
    ...ofFunction,
  },
  SET_VIRTUAL_FUNCTIONS_FAILS: {
    effect: "setting the number of virtual functions fails with `errno`",
    nature: "each",
    errnos: anyErrno("ENOMEM"),
    gpu: true,
  },
  SET_VIRTUAL_FUNCTIONS_BLOCKS: {
    effect:
      "setting the number of virtual functions hangs in the kernel, until the fault ends or for `delay`",
    nature: "each",
    delay: "optional",
    gpu: true,
  },
  GM_FRAGMENTED: {
    effect:
      "no free piece of the aperture is larger than 64 MiB: a larger type is ENOSPC, whatever `available_instances` shows",
    nature: "state",
    gpu: true,
    delay: "optional",
  },
  AVAILABLE_INSTANCES_WRONG: {
    effect:
      "`available_instances` of each type shows `instances` more than there are, or fewer when negative",
    nature: "state",
    gpu: true,
    instances: true,
    delay: "optional",
  },
  FILE_FAILS: {
    effect: "reading the file `target` fails with `errno`; ENOENT: it is not there",
    nature: "state",
    target: "file",
    errnos: ["EIO", "ENOENT"],
    delay: "optional",
  },
  GPU_VANISHES: {
    effect: "GPUs are gone with their vGPUs; when the fault ends they are back, empty",
    nature: "state",
    gpu: true,
    delay: "optional",
  },
  GPU_UNBOUND: {
    effect: "GPUs have no driver, and no vGPUs; when the fault ends theirs is bound again",
    nature: "state",
    gpu: true,
    delay: "optional",
  },
  GPU_PASSED_THROUGH: {
    effect:
      "GPUs are bound to vfio-pci, and have no vGPUs; when the fault ends their own driver is bound again",
    nature: "state",
    gpu: true,
    delay: "optional",
  },
  KVMGT_UNLOADED: {
    effect:
      "the module kvmgt is not loaded: no GPU has types or vGPUs; when the fault ends it is loaded again",
    nature: "state",
    delay: "optional",
  },
  HOSTD_HANGS: {
    effect: "vgpud-hostd takes requests and answers none; it carries them out when the fault ends",
    nature: "state",
    delay: "optional",
  },
  HOSTD_GONE: {
    effect: "vgpud-hostd does not run: connections are cut, new ones refused",
    nature: "state",
    delay: "optional",
  },
  LIBVIRT_HANGS: {
    effect: "libvirt takes calls and answers none, keepalive included",
    nature: "state",
    delay: "optional",
  },
  LIBVIRT_GONE: {
    effect: "libvirt does not run: connections are cut, new ones refused; domains run on",
    nature: "state",
    delay: "optional",
  },
  LIBVIRT_ERROR: {
    effect:
      "libvirt answers the method `target`, as `domainCreate`, with `message` and code 1 (internal error); forms of it with flags included",
    nature: "each",
    object: "domain",
    target: "method",
    message: true,
  },
  LIBVIRT_EVENTS_LOST: { effect: "libvirt's events are lost", nature: "each" },
  DOMAIN_STARTS_LATE: {
    effect: "starting a domain takes `delay`",
    nature: "each",
    object: "domain",
    delay: "required",
  },
  DOMAIN_CRASHES: {
    effect: "the QEMU of domains dies, `delay` after their start or the setting of the fault",
    nature: "later",
    object: "domain",
    delay: "optional",
  },
  GUEST_IGNORES_SHUTDOWN: {
    effect: "guests take no notice of being asked to shut down",
    nature: "each",
    object: "domain",
  },
  GUEST_SHUTDOWN_LATE: {
    effect: "guests take `delay` to shut down",
    nature: "each",
    object: "domain",
    delay: "required",
  },
} as const satisfies Record<string, FaultKindRow>;

export type FaultKind = keyof typeof faultKinds;

export function rowOf(kind: FaultKind): FaultKindRow {
  return faultKinds[kind];
}
