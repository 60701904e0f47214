// libvirt's own errors, number, source and text, as its drivers for QEMU, Xen and node devices give them (9.0.0).
import { ErrorLevel, ErrorNumber, ErrorSource } from "../../node-libvirt/constants.ts";
import { LibvirtError } from "../../node-libvirt/errors.ts";

/** virErrorNumber VIR_ERR_NO_NAME and VIR_ERR_NO_CONNECT. */
const NO_NAME = 21;
const NO_CONNECT = 5;

function refusal(code: number, domain: number, message: string): LibvirtError {
  return new LibvirtError({ code, domain, level: ErrorLevel.error, message, str1: message });
}

export const noSuchDomain = (which: string): LibvirtError =>
  refusal(ErrorNumber.noDomain, ErrorSource.qemu, `Domain not found: no domain with matching ${which}`);

/** virDomainObjListAdd: a name or a UUID that another domain has. */
export const domainClash = (message: string): LibvirtError =>
  refusal(ErrorNumber.operationFailed, ErrorSource.domain, `operation failed: ${message}`);

/** virDomainObjCheckActive, and what else is checked for all drivers alike. */
export const notInThisState = (message: string): LibvirtError =>
  refusal(ErrorNumber.operationInvalid, ErrorSource.domain, `Requested operation is not valid: ${message}`);

export const invalidOperation = (message: string): LibvirtError =>
  refusal(ErrorNumber.operationInvalid, ErrorSource.qemu, `Requested operation is not valid: ${message}`);

export const internalError = (message: string): LibvirtError =>
  refusal(ErrorNumber.internal, ErrorSource.qemu, `internal error: ${message}`);

export const missingName = (): LibvirtError =>
  refusal(NO_NAME, ErrorSource.domain, "missing name information");

export const brokenXml = (what: string, message: string): LibvirtError =>
  refusal(ErrorNumber.xmlDetail, ErrorSource.domain, `(${what}): ${message}`);

/** virXMLParse. */
export const otherRoot = (wanted: string, found: string): LibvirtError =>
  refusal(
    ErrorNumber.xmlError,
    ErrorSource.xml,
    `XML error: expecting root element of '${wanted}', not '${found}'`,
  );

export const unexpectedXml = (message: string): LibvirtError =>
  refusal(ErrorNumber.xmlError, ErrorSource.domain, `XML error: ${message}`);

export const unsupportedConfiguration = (message: string): LibvirtError =>
  refusal(ErrorNumber.configUnsupported, ErrorSource.qemu, `unsupported configuration: ${message}`);

/** virPortAllocatorSetUsed, which reports from no driver. */
export const portTaken = (port: number): LibvirtError =>
  refusal(ErrorNumber.internal, ErrorSource.none, `internal error: Failed to reserve port ${port}`);

/** virmdev.c reports from no driver. */
export const mdevMissing = (uuid: string): LibvirtError =>
  refusal(
    ErrorNumber.deviceMissing,
    ErrorSource.none,
    `device not found: mediated device '${uuid}' not found`,
  );

/** virMediatedDeviceGetIOMMUGroupNum. */
export const mdevWithoutGroup = (uuid: string): LibvirtError =>
  refusal(
    ErrorNumber.systemError,
    ErrorSource.none,
    `failed to access '/sys/bus/mdev/devices/${uuid}/iommu_group': No such file or directory`,
  );

export const mdevInUse = (uuid: string, domain: string): LibvirtError => {
  const device = `mediated device /sys/bus/mdev/devices/${uuid}`;
  const message = `Requested operation is not valid: ${device} is in use by driver QEMU, domain ${domain}`;
  return refusal(ErrorNumber.operationInvalid, ErrorSource.none, message);
};

/** virPCIDeviceNew, which reports from no driver; so does virhostdev.c. */
export const functionMissing = (address: string): LibvirtError => {
  const file = `/sys/bus/pci/devices/${address}/config`;
  const message = `Device ${address} not found: could not access ${file}: No such file or directory`;
  return refusal(ErrorNumber.systemError, ErrorSource.none, message);
};

/** virHostdevIsPCINodeDeviceUsed. */
export const functionInUse = (address: string, domain: string): LibvirtError => {
  const message = `Requested operation is not valid: PCI device ${address} is in use by driver QEMU, domain ${domain}`;
  return refusal(ErrorNumber.operationInvalid, ErrorSource.none, message);
};

/** virHostdevPreparePCIDevicesImpl: one that is not managed must have a VFIO driver already. */
export const functionNotDetached = (address: string): LibvirtError => {
  const message = `Unmanaged PCI device ${address} must be manually detached from the host`;
  return refusal(
    ErrorNumber.operationInvalid,
    ErrorSource.none,
    `Requested operation is not valid: ${message}`,
  );
};

/** virPCIDeviceBindWithDriverOverride. */
export const functionNotBound = (address: string, driver: string, errno: string): LibvirtError => {
  const what = `Failed to add driver '${driver}' to driver_override interface of PCI device '${address}'`;
  return refusal(ErrorNumber.systemError, ErrorSource.none, `${what}: ${inWords(errno)}`);
};

/** QEMU's words (hw/vfio/common.c, vfio_get_group), in what libvirt makes of its end. */
export const functionBusy = (address: string, group: number, errno: string): LibvirtError =>
  internalError(
    `qemu unexpectedly closed the monitor: vfio ${address}: failed to open /dev/vfio/${group}: ${inWords(errno)}`,
  );

/** strerror(3). */
function inWords(errno: string): string {
  const words: Readonly<Record<string, string>> = {
    EAGAIN: "Resource temporarily unavailable",
    EBUSY: "Device or resource busy",
    EINVAL: "Invalid argument",
    EIO: "Input/output error",
    ENODEV: "No such device",
    ENOENT: "No such file or directory",
    ENOMEM: "Cannot allocate memory",
    EPERM: "Operation not permitted",
  };
  return words[errno] ?? errno;
}

export const noMetadata = (): LibvirtError =>
  refusal(
    ErrorNumber.noDomainMetadata,
    ErrorSource.domain,
    "metadata not found: Requested metadata element is not present",
  );

export const unsupportedArgument = (message: string): LibvirtError =>
  refusal(ErrorNumber.argumentUnsupported, ErrorSource.qemu, message);

/** qemuDomainBlockStats. */
export const unknownDisk = (path: string): LibvirtError =>
  refusal(ErrorNumber.invalidArgument, ErrorSource.qemu, `invalid argument: invalid path: ${path}`);

/** virDomainNetFind. */
export const unknownInterface = (device: string): LibvirtError =>
  refusal(
    ErrorNumber.invalidArgument,
    ErrorSource.domain,
    `invalid argument: '${device}' is not a known interface`,
  );

export const noSuchDevice = (name: string): LibvirtError =>
  refusal(
    ErrorNumber.noNodeDevice,
    ErrorSource.nodeDevice,
    `Node device not found: no node device with matching name '${name}'`,
  );

export const deviceError = (message: string): LibvirtError =>
  refusal(ErrorNumber.internal, ErrorSource.nodeDevice, `internal error: ${message}`);

/** virConnectOpenInternal: the daemon has no driver for such domains. */
export const noDriver = (uri: string): LibvirtError =>
  refusal(NO_CONNECT, ErrorSource.none, `no connection driver available for ${uri}`);

/** virCapabilitiesDomainDataLookupInternal. */
export const noCapabilities = (what: string): LibvirtError =>
  refusal(
    ErrorNumber.invalidArgument,
    ErrorSource.none,
    `invalid argument: could not find capabilities for ${what} `,
  );

/** A function that the driver leaves out. */
export const notOfThisDriver = (procedure: string): LibvirtError =>
  refusal(
    ErrorNumber.noSupport,
    ErrorSource.none,
    `this function is not supported by the connection driver: ${procedure}`,
  );

/** virCheckFlags. */
export const unknownFlags = (flags: number, where: string): LibvirtError =>
  refusal(
    ErrorNumber.invalidArgument,
    ErrorSource.xen,
    `unsupported flags (0x${flags.toString(16)}) in function ${where}`,
  );

export const xenUnsupportedConfiguration = (message: string): LibvirtError =>
  refusal(ErrorNumber.configUnsupported, ErrorSource.xen, `unsupported configuration: ${message}`);

export const xenInternalError = (message: string): LibvirtError =>
  refusal(ErrorNumber.internal, ErrorSource.xen, `internal error: ${message}`);

/** LIBXL_CHECK_DOM0_GOTO. */
export const notOfDom0 = (): LibvirtError =>
  refusal(
    ErrorNumber.operationInvalid,
    ErrorSource.xen,
    "Requested operation is not valid: Domain-0 does not support requested operation",
  );

/** libxlDomainBlockStatsGatherSingle. */
export const uncountedDisk = (driver: string): LibvirtError =>
  refusal(
    ErrorNumber.operationUnsupported,
    ErrorSource.xen,
    `Operation not supported: unsupported disk driver ${driver}`,
  );
