// What a client and hostd say to each other: one JSON object a line over a UNIX socket, hostd greeting first.

import type { EngineTicks, Uncounted } from "./engines.ts";
import type { FunctionProfile, ShareName, WrittenShare } from "./shares.ts";
import type { VgtResources, VgtSizes, VgtUtilization } from "./vgt.ts";

/** Changes with every incompatible change of the messages; both halves refuse another one. */
export const PROTOCOL_VERSION = 1;

/** Bytes of one line to hostd without its newline. */
export const MAX_LINE_BYTES = 16_384;
/** The same of a line from it: the longest names all guests of a Xen host. */
export const MAX_REPLY_BYTES = 131_072;

/** Bounds of `Request.deadlineMs`. */
export const MIN_DEADLINE_MS = 10;
export const MAX_DEADLINE_MS = 60_000;

/** A list of holders is cut here: it is for naming the one to stop, not for accounting. */
export const MAX_HOLDERS = 16;

/** More of libvirt's processes than that do not render on one GPU. */
export const MAX_RENDER_PROCESSES = 256;
/** Opens of a GPU by one process: QEMU makes a few, whatever its guest does. */
export const MAX_RENDER_CLIENTS = 32;

/** More guests than that are none of xenstore's: its directory has room for some hundreds. */
export const MAX_XEN_GUESTS = 512;
/** PCI functions of one guest: an emulated bus of 32 devices with 8 functions each. */
export const MAX_GUEST_DEVICES = 256;

/** Writes a new mdev's UUID into the `create` file of a GPU's vGPU type. */
export interface CreateMdev {
  readonly kind: "create-mdev";
  /** PCI address of the GPU. */
  readonly gpu: string;
  /** Directory name of the type, e.g. `i915-GVTg_V5_4`. */
  readonly type: string;
  readonly vgpuId: string;
}

/** Proves that nobody holds the mdev, then writes its `remove` file. */
export interface RemoveMdev {
  readonly kind: "remove-mdev";
  readonly vgpuId: string;
}

/** Names the processes that have the mdev's VFIO group open. Disturbs nobody: it opens nothing below /dev. */
interface FindHolders {
  readonly kind: "holders";
  readonly vgpuId: string;
}

/** What a PCI function may be bound to; `none` only takes the driver away that it has. */
export const DRIVERS = ["vfio-pci", "xe-vfio-pci", "pciback", "i915", "xe", "none"] as const;
export type DriverName = (typeof DRIVERS)[number];

/**
 * Gives a function of an Intel GPU another driver. One that leaves a VFIO driver or pciback is proved to be held by nobody first;
 * one with mdevs, or with a DRM node that a process has open, is `held`. `done` says that the kernel took the writes, and not which driver
 * it has: one that refuses the device leaves it without any, and of i915 and xe the kernel itself chooses the one that knows it.
 * Read its driver link.
 */
export interface BindDriver {
  readonly kind: "bind-driver";
  /** PCI address. */
  readonly device: string;
  readonly driver: DriverName;
}

/**
 * Makes `count` virtual functions, which the host's drivers are kept from. Where there is another number of them they all go
 * first, once it is proved that nobody holds one.
 */
export interface SetVirtualFunctions {
  readonly kind: "set-virtual-functions";
  /** PCI address of the physical function. */
  readonly gpu: string;
  /** Up to `sriov_totalvfs`. */
  readonly count: number;
}

/**
 * Gives one virtual function its shares, those that the driver has files for. The first that the kernel refuses ends it: those
 * before it have been written. Nobody is asked whether a guest has the function; drivers refuse what must not change then.
 */
export interface SetFunctionProfile {
  readonly kind: "set-function-profile";
  /** PCI address of the physical function. */
  readonly gpu: string;
  /** As drivers count, from 1, up to `sriov_totalvfs`: there is a profile before there is the function. */
  readonly number: number;
  readonly values: FunctionProfile;
}

/** Names the processes that have the VFIO group of the function open, or that of a virtual function of it, and guests of Xen. */
interface FindFunctionHolders {
  readonly kind: "function-holders";
  readonly device: string;
}

/** Lists the guests that Xen has, whoever made them: libvirt does not know those that `xl` made. Reads xenstore, changes nothing. */
interface ListXenDomains {
  readonly kind: "xen-domains";
}

/**
 * Has XenGT make the slice of a guest of Xen. The driver takes any number for the guest's; which sizes it heeds depends on its age,
 * and its errnos mean little since 2017: read `vm<domid>` for what it made.
 */
export interface MakeVgtInstance extends VgtSizes {
  readonly kind: "make-vgt-instance";
  readonly domid: number;
}

/**
 * Has XenGT take the slice of a guest that is gone. While xenstore has the guest, has not even the host, or cannot be asked, nothing is
 * written, nor while a device model of the guest's runs.
 */
export interface RemoveVgtInstance {
  readonly kind: "remove-vgt-instance";
  readonly domid: number;
}

/** Reads what XenGT has left, which only the drivers of 2015 and 2016 tell, and root alone. */
interface ReadVgtResources {
  readonly kind: "vgt-resources";
}

/**
 * Reads how busy the slices of XenGT were, which only the drivers of 2016 tell. They count anew from each reading on, whoever reads:
 * ask for it in one place alone.
 */
interface ReadVgtUtilization {
  readonly kind: "vgt-utilization";
}

/** Reads the end of what the device model of a domain said, where a start that failed says why. */
export interface ReadDeviceModelLog {
  readonly kind: "device-model-log";
  /** The domain's. */
  readonly name: string;
}

/** Lines of a device model's log that are told, and characters of each. */
export const MAX_LOG_LINES = 20;
export const MAX_LOG_LINE_LENGTH = 200;

/**
 * Reads what the drivers count of those of libvirt's QEMU processes that have the GPU's DRM nodes open. Only pids that libvirt wrote
 * down are looked at, and only their figures of this GPU are told. Changes nothing.
 */
interface ReadRenderClients {
  readonly kind: "render-clients";
  /** PCI address. */
  readonly gpu: string;
}

/**
 * Tells how much the virtual functions of an xe GPU have used of its engines since hostd counts them, which it does from the first
 * asking on and for as long as it is asked. Counting keeps the GPU from its deepest sleep. Changes nothing else.
 */
interface ReadEngineTicks {
  readonly kind: "engine-ticks";
  /** PCI address of the physical function. */
  readonly gpu: string;
}

/** The most that `sriov_numvfs` can be told (kernel drivers/pci/iov.c). */
export const MAX_VIRTUAL_FUNCTIONS = 65_535;

export type Operation =
  | CreateMdev
  | RemoveMdev
  | FindHolders
  | BindDriver
  | SetVirtualFunctions
  | SetFunctionProfile
  | FindFunctionHolders
  | ListXenDomains
  | MakeVgtInstance
  | RemoveVgtInstance
  | ReadVgtResources
  | ReadVgtUtilization
  | ReadDeviceModelLog
  | ReadRenderClients
  | ReadEngineTicks;
export type OperationKind = Operation["kind"];

/** What the operation is about: a vGPU, a PCI function, a domain, a database or a driver. */
export function objectOf(operation: Operation): string {
  switch (operation.kind) {
    case "create-mdev":
    case "remove-mdev":
    case "holders":
      return operation.vgpuId;
    case "set-virtual-functions":
    case "set-function-profile":
    case "render-clients":
    case "engine-ticks":
      return operation.gpu;
    case "bind-driver":
    case "function-holders":
      return operation.device;
    case "xen-domains":
      return "xenstore";
    case "make-vgt-instance":
    case "remove-vgt-instance":
      return `vm${operation.domid}`;
    case "vgt-resources":
    case "vgt-utilization":
      return "XenGT";
    case "device-model-log":
      return operation.name;
  }
}

export interface Request {
  /** Chosen by the client, 1 to 2^31 - 1, not in use by another request of the connection. */
  readonly id: number;
  /** The answer arrives within this time; an operation that takes longer is answered `blocked` and goes on. */
  readonly deadlineMs: number;
  readonly operation: Operation;
}

/** A process that has a vGPU or a function open, or a guest of Xen that has one. */
export interface Holder {
  /** 0 for a guest of Xen, which need not be a process of the host's. */
  readonly pid: number;
  /** The kernel's name of the process (15 bytes at most). */
  readonly command: string;
  /** The domain's name, of a guest of Xen or when the process is a QEMU that was told it (`-name guest=`). */
  readonly domain?: string;
}

/** A QEMU process of libvirt's that has a GPU's DRM node open. */
export interface RenderProcess {
  readonly pid: number;
  /** The domain's UUID, as libvirt told it to QEMU (`-uuid`). */
  readonly domain: string;
  /** One for each open of the GPU, however many descriptors of the process share it. */
  readonly clients: readonly RenderClient[];
}

export interface RenderClient {
  /** The driver's `drm-client-id`. */
  readonly id: number;
  /** Lines of the kernel's fdinfo about engines and memory, as they stand there (kernel Documentation/gpu/drm-usage-stats.rst). */
  readonly figures: string;
}

/** A guest of Xen. */
export interface XenGuest {
  /** Its number, which is another after each start. */
  readonly domid: number;
  readonly uuid: string;
  /** Empty when it has none. */
  readonly name: string;
  /** Absent where Xen's tools do not say, as those before 4.10. */
  readonly type?: XenGuestType;
  /** PCI functions of the host that it has. */
  readonly pciDevices: readonly string[];
  /** The slice of XenGT that its device model was started with; absent when it was started without. */
  readonly vgt?: VgtSizes;
}

export const XEN_GUEST_TYPES = ["hvm", "pvh", "pv"] as const;
type XenGuestType = (typeof XEN_GUEST_TYPES)[number];

export type Result =
  | { readonly kind: "done" }
  /** All that the driver takes was written, and read again. `notOffered`: it has no file for them, or one that is only read. */
  | {
      readonly kind: "profile";
      readonly written: readonly WrittenShare[];
      readonly notOffered: readonly ShareName[];
    }
  /** Every process found with the group open; empty when there is none. */
  | { readonly kind: "holders"; readonly holders: readonly Holder[] }
  /** Every guest; without the host itself, and without the domains that run other guests' device models. */
  | { readonly kind: "xen-domains"; readonly domains: readonly XenGuest[] }
  | ({ readonly kind: "vgt-resources" } & VgtResources)
  /** Of every slice whose driver tells. */
  | { readonly kind: "vgt-utilization"; readonly slices: readonly VgtUtilization[] }
  /** The last lines, oldest first, and when the file was written last: milliseconds since the epoch. */
  | { readonly kind: "log"; readonly lines: readonly string[]; readonly writtenAt: number }
  /** `left`: how many more there are than an answer has room for. */
  | {
      readonly kind: "render-clients";
      readonly processes: readonly RenderProcess[];
      readonly left: number;
    }
  /**
   * Empty without virtual functions, until something has been counted of them, and while the GPU's driver or their number changes.
   * `left`: how many virtual functions there are more than an answer has room for.
   */
  | { readonly kind: "engine-ticks"; readonly ticks: readonly EngineTicks[]; readonly left: number }
  /** `said`: by perf, cut to a line. */
  | { readonly kind: "uncounted"; readonly because: Uncounted; readonly said: string }
  /** The kernel refused. `path` is what `call` was made on, below the real root. */
  | { readonly kind: "errno"; readonly errno: string; readonly call: string; readonly path: string }
  /**
   * Somebody has the vGPU or the function open, the function has mdevs, or the guest of the slice is still there, so nothing was
   * written. `holders` is empty when no process was found.
   */
  | { readonly kind: "held"; readonly holders: readonly Holder[] }
  /** Child `childPid` still waits in the kernel, `elapsedMs` after it began. Asking again joins it; a look that hangs is given up for a new one. */
  | {
      readonly kind: "blocked";
      readonly elapsedMs: number;
      readonly childPid: number;
      readonly holders: readonly Holder[];
    }
  /**
   * xenstored, which tells whether a guest of Xen has it, has not answered within `waitedMs` when asked for the node `asked`: nothing was
   * written.
   */
  | { readonly kind: "xenstore-silent"; readonly asked: string; readonly waitedMs: number }
  /** There is no such mdev, PCI function, slice or file. */
  | { readonly kind: "absent" }
  /** Malformed or not in the allowlist: nothing was done and the same request will be refused again. */
  | { readonly kind: "refused"; readonly why: string }
  /** hostd itself is in trouble (too many children, a child lost): the outcome is unknown, look at the kernel. */
  | { readonly kind: "failed"; readonly why: string };

/** `id` 0 answers a line whose id could not be read; the connection ends after it. */
export interface Reply {
  readonly id: number;
  readonly result: Result;
}

/** The first line on every connection, from the server. */
export interface Hello {
  readonly hello: string;
  readonly protocol: number;
}

/** What any operation may be answered with. */
const ANY = ["errno", "blocked", "refused", "failed"] as const;
/** And one that takes something away, or gives it to somebody else. */
const TAKING = [...ANY, "done", "held", "absent"] as const;

/** What each operation may be answered with. A reply outside of it is a broken server. */
const ANSWERS = {
  "create-mdev": [...ANY, "done"],
  "remove-mdev": TAKING,
  holders: [...ANY, "holders", "absent"],
  "bind-driver": [...TAKING, "xenstore-silent"],
  "set-virtual-functions": [...TAKING, "xenstore-silent"],
  "set-function-profile": [...ANY, "profile", "absent"],
  "function-holders": [...ANY, "holders", "absent", "xenstore-silent"],
  "xen-domains": [...ANY, "xen-domains", "xenstore-silent"],
  "make-vgt-instance": [...ANY, "done"],
  "remove-vgt-instance": [...TAKING, "xenstore-silent"],
  "vgt-resources": [...ANY, "vgt-resources", "absent"],
  "vgt-utilization": [...ANY, "vgt-utilization"],
  "device-model-log": [...ANY, "log", "absent"],
  "render-clients": [...ANY, "render-clients", "absent"],
  "engine-ticks": [...ANY, "engine-ticks", "uncounted", "absent"],
} as const satisfies Record<OperationKind, readonly Result["kind"][]>;

export type ResultOf<Kind extends OperationKind> = Extract<Result, { kind: (typeof ANSWERS)[Kind][number] }>;

export function answers<Kind extends OperationKind>(kind: Kind, result: Result): result is ResultOf<Kind> {
  const allowed: readonly Result["kind"][] = ANSWERS[kind];
  return allowed.includes(result.kind);
}
