// Slices of XenGT, each for one guest of Xen by its number.
import { lstatSync, readdirSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { deviceModelsOf } from "./holders.ts";
import { hasCode, orEmpty, readFrom, writeTo } from "./kernel-files.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import type { MakeVgtInstance, RemoveVgtInstance, Result } from "./protocol/messages.ts";
import { MAX_VGT_SLICES, VGT_RESOURCES, type VgtResources, type VgtUtilization } from "./protocol/vgt.ts";
import { askXenstore } from "./xenbus.ts";
import type { Xenstore } from "./xenstore.ts";

/**
 * The driver is left to choose which display the guest has (-1), and its share of the GPU's time is not capped (0). Both are told:
 * drivers that know a cap check it also when the line ends before it, and then find there what was on their stack.
 */
const UNSPECIFIED_PRIMARY = -1;
const NO_CAP = 0;

export function makeVgtInstance(files: AllowedFiles, asked: MakeVgtInstance): Result {
  const { domid, lowGmMib, highGmMib, fences } = asked;
  const line = [domid, lowGmMib, highGmMib, fences, UNSPECIFIED_PRIMARY, NO_CAP].join(",");
  writeTo(files.resolved("vgtInstances", {}), line);
  return { kind: "done" };
}

/**
 * The driver would take the slice from under a running guest, so xenstore is asked whether there is one. A xenstored that was started
 * anew has lost every guest, and may not have lost the host, which Xen's tools tell it of again: a guest is there, too, while the
 * process that makes its slice is.
 */
export function removeVgtInstance(files: AllowedFiles, { domid }: RemoveVgtInstance): Result {
  const instance = files.at("vgtInstance", { vm: `vm${domid}` });
  if (lstatSync(instance, { throwIfNoEntry: false }) === undefined) return { kind: "absent" };
  const guest = askXenstore(files, (store) => guestNodeOf(store, domid));
  if (guest !== undefined) return { kind: "held", holders: [] };
  const models = deviceModelsOf(files, domid);
  if (models.length > 0) return { kind: "held", holders: models };
  return removalBy(() => {
    writeTo(files.resolved("vgtInstances", {}), `-${domid}`);
  });
}

function guestNodeOf(store: Xenstore, domid: number): string | undefined {
  if (store.value("/local/domain/0") === undefined)
    throw new Error(
      `xenstore has lost what it knew, the host itself (/local/domain/0), too: it cannot tell whether guest ${domid} is there`,
    );
  return store.value(`/local/domain/${domid}`);
}

/** What the driver has made of the line. @throws the kernel's error where it refused */
export function removalBy(write: () => void): Result {
  try {
    write();
  } catch (error) {
    // Xen's tools with Intel's patches remove it, too, and were faster; drivers since 2017 say nothing of it.
    if (hasCode(error, "ENODEV")) return { kind: "absent" };
    throw error;
  }
  return { kind: "done" };
}

export function vgtResources(files: AllowedFiles): Result {
  let text: string;
  try {
    text = readFrom(files.resolved("vgtResources", {}));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { kind: "absent" };
    throw error;
  }
  const resources = resourcesIn(text);
  if (resources !== undefined) return { kind: "vgt-resources", ...resources };
  return { kind: "failed", why: `available_resource does not begin with ${VGT_RESOURCES.length} numbers` };
}

/** The host's own `vm0` is none of the slices. */
export function vgtUtilization(files: AllowedFiles): Result {
  const vms = orEmpty(() => readdirSync(files.at("vgtSlices", {}))).filter((name) =>
    KERNEL_FORMS.vm.test(name),
  );
  const slices: VgtUtilization[] = [];
  for (const vm of vms.slice(0, MAX_VGT_SLICES)) {
    const text = utilizationOf(files, vm);
    if (text === undefined) continue;
    if (!/^\d{1,9}$/.test(text)) return { kind: "failed", why: `vgpu_hw_utilization of ${vm} is no number` };
    slices.push({ domid: Number(vm.slice("vm".length)), percent: Number(text) });
  }
  return { kind: "vgt-utilization", slices };
}

/** Undefined for a slice that has gone since, and of drivers that do not tell. */
function utilizationOf(files: AllowedFiles, vm: string): string | undefined {
  try {
    return readFrom(files.resolved("vgtUtilization", { vm }));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Six hexadecimal numbers in the first line; bitmaps follow. */
function resourcesIn(text: string): VgtResources | undefined {
  const [first = ""] = text.split("\n");
  const numbers = first.split(",").map((word) => word.trim());
  const told = VGT_RESOURCES.map((name, index) => [name, numbers[index] ?? ""] as const);
  if (!told.every(([, number]) => /^0x[0-9a-f]{1,8}$/.test(number))) return undefined;
  return Object.fromEntries(told.map(([name, number]) => [name, Number(number)])) as Record<
    keyof VgtResources,
    number
  >;
}
