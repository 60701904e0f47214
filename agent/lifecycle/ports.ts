// What the lifecycle needs done to the host. Errors are AgentErrors whose reason tells what to do next.
import type { Holder } from "../core/errors.ts";
import type { DomainId, PciAddress, VgpuId } from "../core/ids.ts";
import type { ClaimMark } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import type { Companion, FunctionValues, ProfileOutcome, ProfileShare } from "./function-profile.ts";

/** What is made and removed: a vGPU by its name, and what it has of its GPU. */
export interface Slice<Kind extends Share = Share> {
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly share: Kind;
  /** The domain that it is for; undefined when that was not said. */
  readonly domainId: DomainId | undefined;
}

export type RemoveOutcome =
  | { readonly kind: "removed" }
  /** Open somewhere; nothing was written. */
  | { readonly kind: "held"; readonly holders: readonly Holder[] }
  /** Written, and the kernel has not come back; it may yet. */
  | { readonly kind: "blocked"; readonly holders: readonly Holder[] };

/** Makes and removes slices. A backend implements it. */
export interface Slices<Kind extends Share = Share> {
  /**
   * Resolves when the slice is there, also when it was before. Throws one of the no-room reasons, what is missing of the host
   * (as RENDER_NODE_MISSING), VGPU_IN_USE, KERNEL_REFUSED, KERNEL_TIMEOUT, HOSTD_UNAVAILABLE or READBACK_MISMATCH.
   */
  create(slice: Slice<Kind>, signal: AbortSignal): Promise<void>;
  /** Never removes what is held: tests for holders right before. Resolves with `removed` when it was not there. */
  remove(slice: Slice<Kind>, signal: AbortSignal): Promise<RemoveOutcome>;
}

/** What came of giving a PCI function another driver. */
export type BindOutcome =
  | { readonly kind: "bound" }
  /** Somebody has it, or what stands on it, open; nothing was written. */
  | { readonly kind: "held"; readonly holders: readonly Holder[] }
  /** Written, and the kernel has not come back; it may yet. */
  | { readonly kind: "blocked"; readonly holders: readonly Holder[] };

/** GPUs as PCI functions: given to guests whole, or cut into virtual functions. Backends implement it. */
export interface GpuFunctions {
  /**
   * Resolves with `bound` when a guest can be given the GPU, also when that was so before. Throws VFIO_NOT_LOADED,
   * XEN_PCIBACK_MISSING, PCI_FUNCTION_MISSING, KERNEL_REFUSED or HOSTD_UNAVAILABLE.
   */
  giveAway(gpu: PciAddress, signal: AbortSignal): Promise<BindOutcome>;
  /** The same for the host's driver of that name. Throws GPU_WITHOUT_DRIVER where it is not loaded. */
  takeBack(gpu: PciAddress, driver: string, signal: AbortSignal): Promise<BindOutcome>;
  /**
   * Resolves with `bound` when it has so many virtual functions, which the host's drivers are kept from; from one number to
   * another by none. Throws KERNEL_REFUSED, HOSTD_UNAVAILABLE or READBACK_MISMATCH.
   */
  cut(gpu: PciAddress, count: number, signal: AbortSignal): Promise<BindOutcome>;
  /**
   * Tells the driver what virtual function `number` (from 1) is to have, whether it was made yet or not. Resolves with what the
   * driver made of that. Throws KERNEL_REFUSED, KERNEL_TIMEOUT or HOSTD_UNAVAILABLE.
   */
  setProfile(
    gpu: PciAddress,
    number: number,
    values: FunctionValues,
    signal: AbortSignal,
  ): Promise<ProfileOutcome>;
  /** How many virtual functions it has; 0 for a GPU that is not there. */
  cutInto(gpu: PciAddress): Promise<number>;
  /** What its driver does about the shares of virtual functions; nothing of a GPU that is not there. */
  driverShares(gpu: PciAddress): Promise<DriverShares>;
}

export interface DriverShares {
  /** Whether it gives them by itself; undefined where it has no switch for that. */
  readonly automatic: boolean | undefined;
  /** What it lets be set. */
  readonly settable: ReadonlySet<ProfileShare>;
  /** What it has left of what it leaves functions without once it is told of another part; undefined where it does not tell. */
  readonly left: Readonly<Record<Companion, number | undefined>>;
}

/** How a guest is asked: by its agent, and by ACPI where none answers; by ACPI alone; or as the hypervisor chooses. */
export type ShutdownBy = "agent" | "acpi" | "any";

/** The program that makes XenGT's slices for Xen's guests, and is their QEMU. */
export interface DeviceModel {
  /** Absolute. */
  readonly path: string;
  /** Throws DEVICE_MODEL_MISSING. */
  check(): Promise<void>;
  /** To be called once a domain is defined with the program of `path`: of one from before, another may have been configured. */
  defined(id: DomainId): void;
  /** To be called once the domain's claim has come to an end or to rest, whatever came of its start: it is new no more. */
  settled(id: DomainId): void;
  /** To be called right before a domain is started: what is said of a start is told from what was said of those before. */
  starting(domain: StartingDomain): Promise<DeviceModelStart>;
}

export interface StartingDomain {
  readonly id: DomainId;
  readonly name: string;
}

/** One start of a domain that has a device model. */
export interface DeviceModelStart {
  /** To be called once libvirt has started it. */
  succeeded(): void;
  /** What came of it by the device model's own log, once libvirt has said that it failed. */
  lastWords(signal: AbortSignal): Promise<LastWords>;
}

/** `help`: what is to be done where the words show that. `silent`: it said nothing since the start began. `unread`: where its words would stand, and why they cannot be read. */
export type LastWords =
  | { readonly kind: "said"; readonly words: string; readonly help?: string }
  | { readonly kind: "silent" }
  | { readonly kind: "unread"; readonly file: string; readonly why: string };

/**
 * Domains of libvirt. Each call throws LIBVIRT_UNAVAILABLE or LIBVIRT_TIMEOUT when the outcome is unknown, LIBVIRT_REFUSED
 * when libvirt said no. What is already so is no error: starting what runs, stopping what is off, undefining what is gone.
 */
export interface Domains {
  define(xml: string, signal: AbortSignal): Promise<void>;
  /** `paused`: its guest runs from when it is resumed. */
  start(id: DomainId, how: { readonly paused: boolean }, signal: AbortSignal): Promise<void>;
  resume(id: DomainId, signal: AbortSignal): Promise<void>;
  /** Asks the guest; resolves when it was asked, not when it is off. */
  shutdown(id: DomainId, by: ShutdownBy, signal: AbortSignal): Promise<void>;
  /** Pulls the plug. */
  destroy(id: DomainId, signal: AbortSignal): Promise<void>;
  /** NVRAM, managed save and snapshot metadata included; disks are never touched. */
  undefine(id: DomainId, signal: AbortSignal): Promise<void>;
}

/**
 * The marks of domains that exist, on or off. Each call throws as those of `Domains`, and a mark for a domain that is not
 * defined LIBVIRT_REFUSED; where there is none to take off, that is no error.
 */
export interface DomainMarks {
  mark(id: DomainId, mark: ClaimMark, signal: AbortSignal): Promise<void>;
  unmark(id: DomainId, signal: AbortSignal): Promise<void>;
}
