// libvirt's numbers that callers name (include/libvirt/libvirt-domain.h, libvirt-nodedev.h, virterror.h of 9.0.0).

/** virErrorNumber: the codes worth branching on. */
export const ErrorNumber = {
  internal: 1,
  noSupport: 3,
  invalidArgument: 8,
  operationFailed: 9,
  xmlError: 27,
  domainExists: 28,
  operationDenied: 29,
  xmlDetail: 35,
  systemError: 38,
  rpc: 39,
  noDomain: 42,
  authFailed: 45,
  noNodeDevice: 53,
  operationInvalid: 55,
  configUnsupported: 67,
  operationTimeout: 68,
  argumentUnsupported: 74,
  operationAborted: 78,
  authCancelled: 79,
  noDomainMetadata: 80,
  operationUnsupported: 84,
  resourceBusy: 87,
  accessDenied: 88,
  authUnavailable: 94,
  deviceMissing: 99,
} as const;

/** virErrorDomain: the part of libvirt that reports. */
export const ErrorSource = {
  none: 0,
  xml: 5,
  rpc: 7,
  qemu: 10,
  xen: 41,
  test: 12,
  remote: 13,
  domain: 20,
  nodeDevice: 22,
} as const;

/** virErrorLevel. */
export const ErrorLevel = { warning: 1, error: 2 } as const;

/** virConnectListAllDomainsFlags; of each group none means all. */
export const ListDomains = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  other: 1 << 7,
} as const;

/** virConnectListAllNodeDeviceFlags; none means all. */
export const ListNodeDevices = {
  pci: 1 << 1,
  drm: 1 << 12,
  mdevTypes: 1 << 13,
  mdev: 1 << 14,
} as const;

/** virDomainDefineFlags. */
export const DefineDomain = { validate: 1 << 0 } as const;

/** virDomainCreateFlags. */
export const StartDomain = {
  paused: 1 << 0,
  bypassCache: 1 << 2,
  forceBoot: 1 << 3,
  resetNvram: 1 << 5,
} as const;

/** virDomainShutdownFlagValues; none lets the driver choose. */
export const ShutdownDomain = { acpiPowerButton: 1 << 0, guestAgent: 1 << 1, paravirt: 1 << 4 } as const;

/** virDomainDestroyFlagsValues; graceful fails rather than kills a guest that ignores SIGTERM. */
export const DestroyDomain = { graceful: 1 << 0 } as const;

/** virDomainUndefineFlagsValues. */
export const UndefineDomain = {
  managedSave: 1 << 0,
  snapshotsMetadata: 1 << 1,
  nvram: 1 << 2,
  keepNvram: 1 << 3,
  checkpointsMetadata: 1 << 4,
  /** Since libvirt 8.9.0: older daemons refuse it. */
  tpm: 1 << 5,
} as const;

/** virDomainXMLFlags; secure needs a connection that is not read-only. */
export const DomainXml = { secure: 1 << 0, inactive: 1 << 1, updateCpu: 1 << 2, migratable: 1 << 3 } as const;

/** virDomainModificationImpact; current means live where the domain runs, its definition otherwise. */
export const Affect = { current: 0, live: 1 << 0, config: 1 << 1 } as const;

/** virDomainStatsTypes. */
export const DomainStats = {
  state: 1 << 0,
  cpuTotal: 1 << 1,
  balloon: 1 << 2,
  vcpu: 1 << 3,
  interface: 1 << 4,
  block: 1 << 5,
  iothread: 1 << 7,
  memory: 1 << 8,
  vm: 1 << 10,
} as const;

/** virConnectGetAllDomainStatsFlags beside those of ListDomains; noWait skips a domain that is busy with a job. */
export const StatsOptions = { noWait: 1 << 29 } as const;

/** virDomainMetadataType. */
export const MetadataType = { description: 0, title: 1, element: 2 } as const;
