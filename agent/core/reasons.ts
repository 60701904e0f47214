// Every reason an error of ours can bear: the closed list behind `ErrorInfo.reason`, logs and metrics alike.
// A reason says what is wrong; its kind says what the caller can do about it (one gRPC status each, api/status.ts).

/** What a caller can do. Each kind is one gRPC status. */
export type ErrorKind =
  | "invalid-argument"
  | "not-found"
  | "already-exists"
  /** No room and nothing else; throttling is `unavailable`. */
  | "no-room"
  | "failed-precondition"
  /** The same, for what the diagnosis finds: the reason of a condition, explained with evidence and remedy. */
  | "host-condition"
  /** Not by this way in; another socket or another caller may. */
  | "permission-denied"
  | "aborted"
  /** There is no going on from there: begin anew. */
  | "out-of-range"
  /** A limit of time of our own; that of the caller is its transport's to tell. */
  | "deadline-exceeded"
  /** The only kind that is safe to retry blindly. */
  | "unavailable"
  | "unimplemented"
  | "internal";

export const reasons = {
  /** The bytes are not a message of the method's type. */
  REQUEST_UNREADABLE: "invalid-argument",
  /** More bytes than the socket takes in one request. */
  REQUEST_TOO_LARGE: "invalid-argument",
  FIELD_REQUIRED: "invalid-argument",
  FIELD_INVALID: "invalid-argument",
  /** The contract numbers the field, this release does not serve it: refused, never ignored. */
  FIELD_NOT_SERVED: "invalid-argument",
  /** A path that does not resolve below a storage root, or is not of the kind the field takes. */
  PATH_NOT_ALLOWED: "invalid-argument",
  /** A network or bridge that the configuration does not list. */
  NETWORK_NOT_ALLOWED: "invalid-argument",
  /** An element, attribute or value of raw XML that is not on the list. */
  XML_NOT_ALLOWED: "invalid-argument",
  PAGE_TOKEN_INVALID: "invalid-argument",
  /** The same request_id came with another request. */
  REQUEST_ID_REUSED: "invalid-argument",

  GPU_NOT_FOUND: "not-found",
  /** No GPU of this host can make a vGPU of that type, in that mode, or of those sizes. */
  TYPE_UNKNOWN: "not-found",
  VGPU_NOT_FOUND: "not-found",
  DOMAIN_NOT_FOUND: "not-found",
  OPERATION_NOT_FOUND: "not-found",
  /** There is no such reservation, or it has ended. */
  RESERVATION_NOT_FOUND: "not-found",

  /** The claim id stands for another request. */
  CLAIM_REUSED: "already-exists",
  /** The claim id stood for a domain that has been destroyed; its tombstone keeps a late retry from raising it. */
  CLAIM_ENDED: "already-exists",
  DOMAIN_UUID_EXISTS: "already-exists",
  DOMAIN_NAME_EXISTS: "already-exists",

  APERTURE_EXHAUSTED: "no-room",
  HIGH_GM_EXHAUSTED: "no-room",
  FENCES_EXHAUSTED: "no-room",
  /** As many guests render on the GPU as the configuration allows. */
  SEATS_EXHAUSTED: "no-room",
  /** The GPU, which is given away whole, has a user or something stands on it. */
  GPU_EXHAUSTED: "no-room",
  /** None of the virtual functions that were made is free. */
  FUNCTIONS_EXHAUSTED: "no-room",
  /** The driver makes at most 7 vGPUs on one GPU, whatever their size. */
  VGPU_LIMIT_REACHED: "no-room",
  /** Callers have as many vGPUs as the configuration lets them have, whatever room there is. */
  CALLERS_LIMIT_REACHED: "no-room",
  /** The sum would fit, the kernel finds no range in one piece. */
  GM_FRAGMENTED: "no-room",
  /** Our arithmetic has room, the kernel's own count has none. */
  KERNEL_REPORTS_NO_ROOM: "no-room",

  /** Our arithmetic and the kernel's count of what a GPU can still make differ; the smaller one holds. */
  CAPACITY_DISAGREES: "failed-precondition",
  /** A field that belongs to another hypervisor or mode than this host's. */
  FIELD_NOT_SUPPORTED_HERE: "failed-precondition",
  /** The configuration of this host does not allow raw XML. */
  RAW_XML_DISABLED: "failed-precondition",
  /** Another domain names the same file or block device, and one of the two may write to it. */
  DISK_IN_USE: "failed-precondition",
  /** The GPU, or the whole host, was taken out of service for new vGPUs. */
  GPU_DRAINED: "failed-precondition",
  HOST_DRAINED: "failed-precondition",
  /** The GPU is just being given another mode; ask again. */
  GPU_MODE_CHANGING: "unavailable",
  /** The guest reboots again and again: its next start waits a while, and comes by itself. */
  GUEST_REBOOT_LOOP: "unavailable",
  /** This host cannot share the GPU in the mode asked for. */
  MODE_UNSUPPORTED: "failed-precondition",
  /** The domain was made by somebody else; vgpud shows it and does not touch it. */
  DOMAIN_FOREIGN: "failed-precondition",
  /** The domain of a vGPU cannot be taken over with it: it is transient, has several, or is not the only one that names it. */
  DOMAIN_NOT_ADOPTABLE: "failed-precondition",
  /** The domain of a claim was undefined behind our back; what the claim holds is still held. */
  DOMAIN_VANISHED: "failed-precondition",
  /** The reservation that was named holds room for another type, or on another GPU, than is asked for. */
  RESERVATION_MISMATCH: "failed-precondition",
  /**
   * The domain of a claim has lost its vGPU behind our back, its definition names it no more, or it makes one of other sizes; and a
   * domain of others runs already, for which XenGT would have to make a slice before.
   */
  DOMAIN_WITHOUT_VGPU: "failed-precondition",
  /** The scheduler that callers book with has nothing for the claim on this host's GPUs, or on another one than is asked for. */
  CLAIM_NOT_BOOKED: "failed-precondition",
  /** What the scheduler has booked for the claim is less than what is asked for. */
  CLAIM_NOT_COVERED: "failed-precondition",
  /** What is asked contradicts what the claim is doing, as starting what is being destroyed. */
  CLAIM_STATE: "failed-precondition",
  /** libvirt or the hypervisor would not do it, and said why. */
  LIBVIRT_REFUSED: "failed-precondition",
  /** The kernel refused with an errno that is not about room. */
  KERNEL_REFUSED: "failed-precondition",
  /** The PCI function that a vGPU is, or is one of, is not there: not yet after a boot, or not any more. */
  PCI_FUNCTION_MISSING: "failed-precondition",
  /** XenGT gives a domain one slice, and it has one. */
  DOMAIN_HAS_VGPU: "failed-precondition",
  /** Its memory is given to a domain page by page as it asks, of which a slice of XenGT knows nothing. */
  DOMAIN_POPULATES_ON_DEMAND: "failed-precondition",
  /** The program that is to make the slices of Xen's guests is not where the configuration says. */
  DEVICE_MODEL_MISSING: "failed-precondition",
  /** A process still holds the slice; it is named. */
  VGPU_IN_USE: "failed-precondition",
  /** The kernel has not answered the removal; it goes on. */
  VGPU_REMOVE_BLOCKED: "failed-precondition",

  /** Conditions of host and GPUs; docs/reference/diagnosis.md has them all. Failed, each is in the way of a mode or worth knowing. */
  NO_HYPERVISOR: "host-condition",
  INSIDE_GUEST: "host-condition",
  NO_INTEL_GPU: "host-condition",
  IOMMU_OFF: "host-condition",
  KERNEL_LOCKDOWN: "host-condition",
  MSRS_NOT_IGNORED: "host-condition",
  GVT_NOT_BUILT: "host-condition",
  GVT_DISABLED: "host-condition",
  GVT_GUC_CONFLICT: "host-condition",
  KVMGT_NOT_LOADED: "host-condition",
  MDEV_NOT_LOADED: "host-condition",
  VFIO_NOT_LOADED: "host-condition",
  GVT_TROUBLE_IN_LOG: "host-condition",
  XENGT_MISSING: "host-condition",
  VIRGL_NOT_ON_XEN: "host-condition",
  LIBVIRT_TOO_OLD: "host-condition",
  LIBVIRT_WITHOUT_RAMFB: "host-condition",
  LIBVIRT_WITHOUT_RENDERNODE: "host-condition",
  LIBVIRT_WITHOUT_OVERRIDE: "host-condition",
  LIBVIRT_DRIVER_UNFIT: "host-condition",
  LIBVIRT_GUESTS_SUSPEND: "host-condition",
  QEMU_MISSING: "host-condition",
  QEMU_WITHOUT_OPENGL: "host-condition",
  MEMLOCK_TOO_LOW: "host-condition",
  MAC_DENIES_VFIO: "host-condition",
  MODE_NOT_SERVED: "host-condition",
  SCHEDULER_UNTOLD: "host-condition",
  BOOKING_WITHOUT_DOMAIN: "host-condition",
  CLAIM_WITHOUT_BOOKING: "host-condition",
  BOOKED_BEYOND_CAPACITY: "host-condition",
  BOOKED_GPU_VANISHED: "host-condition",
  GPU_PUBLISHED_TWICE: "host-condition",
  CONFIGURED_BEYOND_CAPACITY: "host-condition",
  TLS_FILE_ENDS: "host-condition",
  DOMAIN_WITHOUT_CLAIM: "host-condition",
  GPU_MODEL_UNKNOWN: "host-condition",
  GPU_WITHOUT_DRIVER: "host-condition",
  HOST_DISPLAY_ON_GPU: "host-condition",
  GPU_SETTING_DIFFERS: "host-condition",
  GVT_UNSUPPORTED_PLATFORM: "host-condition",
  GVT_DRIVER_UNFIT: "host-condition",
  APERTURE_TOO_SMALL: "host-condition",
  APERTURE_TOO_LARGE: "host-condition",
  APERTURE_NOT_BEST: "host-condition",
  VGPU_TYPES_MISSING: "host-condition",
  VGPU_COUNT_UNREADABLE: "host-condition",
  VFIO_PCI_MISSING: "host-condition",
  XEN_PCIBACK_MISSING: "host-condition",
  IOMMU_GROUP_MISSING: "host-condition",
  IOMMU_GROUP_SHARED: "host-condition",
  RENDER_NODE_MISSING: "host-condition",
  SRIOV_UNSUPPORTED_PLATFORM: "host-condition",
  SRIOV_NOT_OFFERED: "host-condition",
  SRIOV_DRIVER_UNFIT: "host-condition",
  SRIOV_LIMIT_ZERO: "host-condition",
  SRIOV_AUTOPROBE: "host-condition",
  SRIOV_ADMIN_MISSING: "host-condition",
  SRIOV_USE_UNCOUNTED: "host-condition",

  /** The method changes something and came by the socket for reading. */
  SOCKET_READ_ONLY: "permission-denied",

  /** A later request, as a destroy, took over while this one waited. */
  SUPERSEDED: "aborted",
  /** A watch whose client did not read what happened before it was forgotten. */
  WATCH_TOO_SLOW: "aborted",

  /** What happened since that resume token has been forgotten. */
  RESUME_TOO_OLD: "out-of-range",
  /** The resume token is of another run of the agent. */
  RESUME_OTHER_EPOCH: "out-of-range",

  /** The request did not arrive whole in time, or its caller set no deadline and it was not answered; what it began goes on. */
  CALL_TIMEOUT: "deadline-exceeded",

  /** The first look at the kernel and the ledger is not over. */
  STARTING: "unavailable",
  STOPPING: "unavailable",
  /** Calls that change something: as many are under way, of all or of this connection, as may be, or it asks faster than it may. */
  TOO_MANY_CALLS: "unavailable",
  /** As many watches are open on the connection, or on the socket, as are served at a time. */
  TOO_MANY_WATCHES: "unavailable",
  LIBVIRT_UNAVAILABLE: "unavailable",
  LIBVIRT_TIMEOUT: "unavailable",
  /** vgpud-hostd does not answer, or on Xen the xenstored that it asks before it changes anything. */
  HOSTD_UNAVAILABLE: "unavailable",
  SIMULATOR_UNAVAILABLE: "unavailable",
  /** The kernel has not answered in time; what was asked may still happen and is looked for. */
  KERNEL_TIMEOUT: "unavailable",
  LEDGER_UNAVAILABLE: "unavailable",
  /** The scheduler that callers book with cannot be told or asked. */
  SCHEDULER_UNAVAILABLE: "unavailable",

  NOT_IMPLEMENTED: "unimplemented",
  /** The kernel said yes and the object is not there, or the reverse. */
  READBACK_MISMATCH: "internal",
  INTERNAL: "internal",
} as const satisfies Record<string, ErrorKind>;

export type Reason = keyof typeof reasons;
