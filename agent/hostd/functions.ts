// Operations on the PCI functions of Intel GPUs: which driver has one, and how many virtual ones there are.
// Documentation/ABI/testing/sysfs-bus-pci of the kernel says what the files take.
import { lstatSync, readdirSync } from "node:fs";
import { allowedPath, KERNEL_FORMS, resolvedPath } from "./allowlist.ts";
import { driverUsers } from "./driver-users.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { hasCode, isHeld, linkName, orEmpty, readFrom, writeTo } from "./kernel-files.ts";
import type { BindDriver, DriverName, Holder, Result, SetVirtualFunctions } from "./protocol/messages.ts";

/** vfio-pci, and the variants of it that know how to migrate a device (xe-vfio-pci, i915-vfio-pci). */
const VFIO_DRIVER = /^([a-z0-9]+[-_])?vfio[-_]pci$/;
const INTEL = "0x8086";
const DISPLAY_CLASS = /^0x03[0-9a-f]{4}$/;
/** What clears driver_override: an empty text, which write(2) alone cannot say. */
const NO_OVERRIDE = "\n";

/**
 * What takes the function from its driver are three writes. driver_override comes first, so that no driver but the wanted
 * takes it in between; for i915 and xe it is cleared, since with it a driver takes even a device whose id it does not know
 * (drivers/pci/pci-driver.c, pci_match_device). drivers_probe succeeds also when no driver takes the function.
 */
export function bindDriver(root: string, { device, driver }: BindDriver): Result {
  if (!exists(root, device)) return { kind: "absent" };
  const stranger = whyNotOurs(root, device);
  if (stranger !== undefined) return { kind: "refused", why: stranger };
  const bound = linkName(root, "driver", { device });
  if (bound === driver) return { kind: "done" };
  // Unbound, a driver of the host takes the virtual functions with it and waits for whoever holds one.
  if (isFunctionHeld(root, device, bound) || isVirtualFunctionHeld(root, device))
    return { kind: "held", holders: findHolders(root, device) };
  const users = driverUsers(root, device);
  if (users !== undefined) return { kind: "held", holders: users };
  writeTo(resolvedPath(root, "driverOverride", { device }), overrideFor(driver));
  if (bound !== undefined) writeTo(resolvedPath(root, "unbind", { device }), device);
  if (driver !== "none") writeTo(resolvedPath(root, "probe", {}), device);
  return { kind: "done" };
}

/** The kernel goes from one number to another only by 0 (drivers/pci/iov.c, sriov_numvfs_store: EBUSY). */
export function setVirtualFunctions(root: string, { gpu, count }: SetVirtualFunctions): Result {
  if (!exists(root, gpu)) return { kind: "absent" };
  const stranger = whyNotOurs(root, gpu);
  if (stranger !== undefined) return { kind: "refused", why: stranger };
  const present = virtualFunctions(root, gpu).length;
  const mustGo = present > 0 && present !== count;
  if (mustGo && isVirtualFunctionHeld(root, gpu)) return { kind: "held", holders: findHolders(root, gpu) };
  const write = (name: "autoprobe" | "numvfs", value: number): void => {
    writeTo(resolvedPath(root, name, { device: gpu }), String(value));
  };
  write("autoprobe", 0);
  if (mustGo) write("numvfs", 0);
  if (count > 0 && present !== count) write("numvfs", count);
  return { kind: "done" };
}

/** Processes with the VFIO group or device node of the function open, or those of a virtual function of it. */
export function functionHolders(root: string, device: string): Result {
  if (!exists(root, device)) return { kind: "absent" };
  return { kind: "holders", holders: findHolders(root, device) };
}

function overrideFor(driver: DriverName): string {
  return VFIO_DRIVER.test(driver) ? driver : NO_OVERRIDE;
}

/** Undefined for a GPU of Intel's or a virtual function of one, which has the ids of its GPU. */
function whyNotOurs(root: string, device: string): string | undefined {
  const vendor = readFrom(resolvedPath(root, "vendor", { device }));
  const pciClass = readFrom(resolvedPath(root, "class", { device }));
  if (vendor === INTEL && DISPLAY_CLASS.test(pciClass)) return undefined;
  return `${device} is of vendor ${vendor.slice(0, 16)} and class ${pciClass.slice(0, 16)}, not an Intel GPU`;
}

function isFunctionHeld(root: string, device: string, driver: string | undefined): boolean {
  return isVfioHeld(root, driver, linkName(root, "functionGroup", { device }), device);
}

function isVirtualFunctionHeld(root: string, device: string): boolean {
  return virtualFunctions(root, device).some((virtfn) =>
    isVfioHeld(
      root,
      linkName(root, "virtualDriver", { device, virtfn }),
      linkName(root, "virtualGroup", { device, virtfn }),
      `${virtfn} of ${device}`,
    ),
  );
}

/**
 * What a VFIO driver has can be held by a guest, and so can what it is leaving: its link goes first, and then it waits for
 * the holder (drivers/base/dd.c, __device_release_driver).
 */
function isVfioHeld(
  root: string,
  driver: string | undefined,
  group: string | undefined,
  what: string,
): boolean {
  if (driver !== undefined && !VFIO_DRIVER.test(driver)) return false;
  if (group === undefined) {
    if (driver === undefined) return false;
    // VFIO without an IOMMU: its nodes have other names, and nothing proves that nobody has one open.
    throw new RangeError(`${what} is bound to ${driver} and has no iommu group`);
  }
  try {
    return isHeld(root, "functionIdleTest", group);
  } catch (error) {
    // No VFIO driver has anything of the group.
    if (driver === undefined && hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Their links from the physical function. */
function virtualFunctions(root: string, device: string): readonly string[] {
  const names = readdirSync(allowedPath(root, "virtualFunctions", { device }));
  return names.filter((name) => KERNEL_FORMS.virtfn.test(name));
}

function findHolders(root: string, device: string): readonly Holder[] {
  const nodes = vfioNodes(
    linkName(root, "functionGroup", { device }),
    orEmpty(() => readdirSync(allowedPath(root, "functionNodes", { device }))),
  );
  const ofVirtual = virtualFunctions(root, device).flatMap((virtfn) =>
    vfioNodes(
      linkName(root, "virtualGroup", { device, virtfn }),
      orEmpty(() => readdirSync(allowedPath(root, "virtualNodes", { device, virtfn }))),
    ),
  );
  return holdersOf(root, new Set([...nodes, ...ofVirtual]));
}

function exists(root: string, device: string): boolean {
  const file = allowedPath(root, "virtualFunctions", { device });
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
