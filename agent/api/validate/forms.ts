// The forms and ranges of a domain's fields, as the contract's comments say them.
import { DOMAIN_NAME } from "../../core/domain-name.ts";
import type { Form, Range } from "./fields.ts";

export const NAME: Form = DOMAIN_NAME;
/** libvirt's XML and QEMU's option strings both take a path as text: control characters have no business in either. */
export const PATH: Form = {
  pattern: /^\/[^\x00-\x1f\x7f]+$/,
  maxBytes: 4096,
  described: "an absolute path of 2 to 4096 bytes",
};
export const MODEL: Form = {
  pattern: /^[A-Za-z0-9._-]+$/,
  maxBytes: 64,
  described: "1 to 64 letters, digits and ._-",
};
/** xenfv, microvm and the like have no place for a mediated PCI device. */
export const MACHINE: Form = {
  pattern: /^(q35|pc|pc-(q35|i440fx)-[A-Za-z0-9.-]+)$/,
  maxBytes: 64,
  described: "q35, pc, or a version of one as pc-q35-7.2",
};
export const HOST_CPUS: Form = {
  pattern: /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/,
  maxBytes: 1024,
  described: "host CPUs, as 4 or 4-7,12",
};
export const DISK_SERIAL: Form = {
  pattern: /^[A-Za-z0-9_.-]+$/,
  maxBytes: 36,
  described: "at most 36 letters, digits and _.-",
};
export const NETWORK: Form = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  maxBytes: 64,
  described: "1 to 64 letters, digits and ._- with a letter or digit first",
};
/** The kernel's limit of an interface name (IFNAMSIZ less the end). */
export const BRIDGE: Form = {
  ...NETWORK,
  maxBytes: 15,
  described: "an interface name of 1 to 15 characters",
};
/** The lowest bit of the first byte would make it a group of machines. */
export const MAC: Form = {
  pattern: /^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/,
  maxBytes: 17,
  described: "a unicast address as 52:54:00:12:34:56",
};
export const CMDLINE = /^[\x20-\x7e]{0,2048}$/;
export const LABEL_KEY = /^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/;
export const LABEL_VALUE = /^\P{C}*$/u;

export const VCPUS: Range = { min: 1, max: 256 };
export const MEMORY_MIB: Range = { min: 16, max: 4_194_304 };
export const CONSOLE_PORT: Range = { min: 5900, max: 65_535 };
export const MTU: Range = { min: 68, max: 65_535 };
/** QEMU's own: 52 is all that x86 has (target/i386/cpu.h, TARGET_PHYS_ADDR_SPACE_BITS). */
export const PHYS_BITS: Range = { min: 32, max: 52 };
export const NODE: Range = { min: 0, max: 1023 };
export const PIXELS: Range = { min: 64, max: 16_384 };
export const MAX_DISKS = 32;
export const MAX_NICS = 16;
export const MAX_LABELS = 64;
export const MAX_LABEL_VALUE_CHARACTERS = 255;
export const MAX_MENU_MS = 65_535;
