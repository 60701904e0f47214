// Which PCI functions are hostd's to touch: those of Intel GPUs.
import { lstatSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { readFrom } from "./kernel-files.ts";

const INTEL = "0x8086";
const DISPLAY_CLASS = /^0x03[0-9a-f]{4}$/;

export function exists(files: AllowedFiles, device: string): boolean {
  return lstatSync(files.at("function", { device }), { throwIfNoEntry: false }) !== undefined;
}

/** Undefined for a GPU of Intel's or a virtual function of one, which has the ids of its GPU. */
export function whyNotOurs(files: AllowedFiles, device: string): string | undefined {
  const vendor = readFrom(files.resolved("vendor", { device }));
  const pciClass = readFrom(files.resolved("class", { device }));
  if (vendor === INTEL && DISPLAY_CLASS.test(pciClass)) return undefined;
  return `${device} is of vendor ${vendor.slice(0, 16)} and class ${pciClass.slice(0, 16)}, not an Intel GPU`;
}
