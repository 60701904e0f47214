// Operations on the PCI functions of Intel GPUs: which driver has one, and how many virtual ones there are.
// Documentation/ABI/testing/sysfs-bus-pci of the kernel says what the files take.
import { readdirSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { exists, whyNotOurs } from "./display-functions.ts";
import { driverUsers } from "./driver-users.ts";
import { shareOutAgain } from "./function-profile.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { hasCode, isHeld, linkName, orEmpty, writeTo } from "./kernel-files.ts";
import { guestsHolding, listSlot, PCIBACK, unlistSlot } from "./pciback.ts";
import {
  MAX_HOLDERS,
  type BindDriver,
  type DriverName,
  type Holder,
  type Result,
  type SetVirtualFunctions,
} from "./protocol/messages.ts";

/** vfio-pci, and the variants of it that know how to migrate a device (xe-vfio-pci, i915-vfio-pci). */
const VFIO_DRIVER = /^([a-z0-9]+[-_])?vfio[-_]pci$/;
/** What clears driver_override: an empty text, which write(2) alone cannot say. */
const NO_OVERRIDE = "\n";

/**
 * What takes the function from its driver are three writes. driver_override comes first, so that no driver but the wanted
 * takes it in between; for i915 and xe it is cleared, since with it a driver takes even a device whose id it does not know
 * (drivers/pci/pci-driver.c, pci_match_device). drivers_probe succeeds also when no driver takes the function. pciback has a list
 * beside, of which what is to have another driver, or none, has to go.
 */
export function bindDriver(files: AllowedFiles, { device, driver }: BindDriver): Result {
  if (!exists(files, device)) return { kind: "absent" };
  const stranger = whyNotOurs(files, device);
  if (stranger !== undefined) return { kind: "refused", why: stranger };
  const bound = linkName(files, "driver", { device });
  if (bound === driver) return { kind: "done" };
  // Unbound, a driver of the host takes the virtual functions with it and waits for whoever holds one.
  if (isFunctionHeld(files, device, bound) || isVirtualFunctionHeld(files, device))
    return { kind: "held", holders: findHolders(files, device) };
  const guests = guestsHolding(files, device, virtualFunctions(files, device));
  if (guests.length > 0) return { kind: "held", holders: guests };
  const users = driverUsers(files, device);
  if (users !== undefined) return { kind: "held", holders: users };
  if (driver === PCIBACK) listSlot(files, device);
  else unlistSlot(files, device);
  writeTo(files.resolved("driverOverride", { device }), overrideFor(driver));
  if (bound !== undefined) writeTo(files.resolved("unbind", { device }), device);
  if (driver !== "none") writeTo(files.resolved("probe", {}), device);
  return { kind: "done" };
}

/**
 * The kernel goes from one number to another only by 0 (drivers/pci/iov.c, sriov_numvfs_store: EBUSY), where nobody has decided
 * any more what functions have: the driver is to share out by itself again.
 */
export function setVirtualFunctions(files: AllowedFiles, { gpu, count }: SetVirtualFunctions): Result {
  if (!exists(files, gpu)) return { kind: "absent" };
  const stranger = whyNotOurs(files, gpu);
  if (stranger !== undefined) return { kind: "refused", why: stranger };
  const virtfns = virtualFunctions(files, gpu);
  const present = virtfns.length;
  const mustGo = present > 0 && present !== count;
  if (mustGo && (isVirtualFunctionHeld(files, gpu) || guestsHolding(files, gpu, virtfns).length > 0))
    return { kind: "held", holders: findHolders(files, gpu) };
  const write = (name: "autoprobe" | "numvfs", value: number): void => {
    writeTo(files.resolved(name, { device: gpu }), String(value));
  };
  write("autoprobe", 0);
  if (mustGo) write("numvfs", 0);
  if (mustGo || count === 0) shareOutAgain(files, gpu);
  if (count > 0 && present !== count) write("numvfs", count);
  return { kind: "done" };
}

/** Processes with the VFIO group or device node of the function open, or those of a virtual function of it; guests of Xen with one. */
export function functionHolders(files: AllowedFiles, device: string): Result {
  if (!exists(files, device)) return { kind: "absent" };
  return { kind: "holders", holders: findHolders(files, device) };
}

function overrideFor(driver: DriverName): string {
  return VFIO_DRIVER.test(driver) || driver === PCIBACK ? driver : NO_OVERRIDE;
}

function isFunctionHeld(files: AllowedFiles, device: string, driver: string | undefined): boolean {
  return isVfioHeld(files, driver, linkName(files, "functionGroup", { device }), device);
}

function isVirtualFunctionHeld(files: AllowedFiles, device: string): boolean {
  return virtualFunctions(files, device).some((virtfn) =>
    isVfioHeld(
      files,
      linkName(files, "virtualDriver", { device, virtfn }),
      linkName(files, "virtualGroup", { device, virtfn }),
      `${virtfn} of ${device}`,
    ),
  );
}

/**
 * What a VFIO driver has can be held by a guest, and so can what it is leaving: its link goes first, and then it waits for
 * the holder (drivers/base/dd.c, __device_release_driver).
 */
function isVfioHeld(
  files: AllowedFiles,
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
    return isHeld(files, "functionIdleTest", group);
  } catch (error) {
    // No VFIO driver has anything of the group.
    if (driver === undefined && hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Their links from the physical function. */
function virtualFunctions(files: AllowedFiles, device: string): readonly string[] {
  const names = readdirSync(files.at("virtualFunctions", { device }));
  return names.filter((name) => KERNEL_FORMS.virtfn.test(name));
}

function findHolders(files: AllowedFiles, device: string): readonly Holder[] {
  const nodes = vfioNodes(
    linkName(files, "functionGroup", { device }),
    orEmpty(() => readdirSync(files.at("functionNodes", { device }))),
  );
  const virtfns = virtualFunctions(files, device);
  const ofVirtual = virtfns.flatMap((virtfn) =>
    vfioNodes(
      linkName(files, "virtualGroup", { device, virtfn }),
      orEmpty(() => readdirSync(files.at("virtualNodes", { device, virtfn }))),
    ),
  );
  const processes = holdersOf(files, new Set([...nodes, ...ofVirtual]));
  return [...guestsHolding(files, device, virtfns), ...processes].slice(0, MAX_HOLDERS);
}
