// What the host has. Plain readonly data: no methods, no I/O, safe to share between readers.
// A fact that could not be read is `undefined` where absence is normal; a whole source that is away is `unknown` with the reason.
import type { HypervisorName } from "../core/hypervisors.ts";
import type { DomainId, PciAddress, VgpuId } from "../core/ids.ts";
import type { GpuMemory } from "./memory.ts";
import type { Share, SliceSizes } from "./share.ts";
import type { Sriov } from "./virtual-functions.ts";

/** A size of vGPU that a GPU offers. */
export interface VgpuType {
  /** The kernel's directory name: `i915-GVTg_V5_4`. */
  readonly name: string;
  /** From the type's `description`; undefined when the kernel gives none that can be read. */
  readonly sizes: SliceSizes | undefined;
  /** Scheduling weight, 2 to 16; undefined as above. */
  readonly weight: number | undefined;
  /** The largest guest display, `1920x1200`; undefined as above. */
  readonly resolution: string | undefined;
  /**
   * What the kernel says it would still make; undefined when that could not be read. Not additive over types, and no promise
   * (gvt-linux#164).
   */
  readonly kernelAvailable: number | undefined;
  /** The kernel keeps no count of it (XenGT of 2017): by our arithmetic alone is said what may be made. */
  readonly uncounted?: true;
}

/** A physical Intel display function. */
export interface Gpu {
  readonly address: PciAddress;
  /** PCI ids as four lower-case hex digits. */
  readonly vendorId: string;
  readonly deviceId: string;
  /** PCI class as six lower-case hex digits: 030000 VGA, 038000 other display controller. */
  readonly pciClass: string;
  /** The bound kernel driver; undefined when none is. */
  readonly driver: string | undefined;
  /** Undefined where the host has one node, or does not say. */
  readonly numaNode: number | undefined;
  readonly iommuGroup: number | undefined;
  /** DRM node names: `card0`, `renderD128`. They may change at a reboot. */
  readonly drmCard: string | undefined;
  readonly drmRender: string | undefined;
  /** Whether the firmware's display is on this GPU. */
  readonly bootVga: boolean | undefined;
  /** The size of BAR 2, which i915 maps as the aperture, MiB; undefined when the BAR is not assigned. */
  readonly apertureMib: number | undefined;
  /** Connectors with a screen, as `HDMI-A-1`; undefined when it could not be read whether there is one. */
  readonly screens: readonly string[] | undefined;
  /** Undefined for a GPU without SR-IOV. */
  readonly sriov: Sriov | undefined;
  /** Whether the kernel offers the GPU as a parent of mediated devices. */
  readonly mdevParent: boolean;
  /** Which of XenGT's interfaces dom0's kernel has for it; absent: none. */
  readonly vgt?: VgtInterface;
  readonly types: readonly VgpuType[];
  /** What earlier looks tell; absent where nobody remembers. */
  readonly memory?: GpuMemory;
}

/**
 * The files below /sys/kernel/vgt, by the year of the kernels that had them first: those of 2015 and 2016 count what they give
 * out and take any sizes, those since 2017 know types and count for themselves (backends/xengt).
 */
export type VgtInterface = "2015" | "2017";

/** A slice that exists in the kernel, whoever made it: a mediated device, or XenGT's instance for a domain. */
export interface KernelVgpu {
  readonly id: VgpuId;
  readonly gpu: PciAddress;
  /** Empty where the kernel does not tell it: of one that was leaving when it was first seen, and of XenGT's. */
  readonly type: string;
  /** Its removal waits for a holder; what it takes is not given back yet. */
  readonly isLeaving: boolean;
  /** The number behind `/dev/vfio/N`; undefined while no vfio driver is bound. */
  readonly iommuGroup: number | undefined;
  /** XenGT: what the kernel took for it, by what its maker asked for or, where nobody tells that, by its claim. */
  readonly sizes?: SliceSizes;
  /** XenGT: the number of the domain that it was made for, which may be gone. Absent for a mediated device. */
  readonly domid?: number;
  /** XenGT: the vGPU of a claim that it was while its domain was there; absent while that is, and where nobody has seen it then. */
  readonly formerId?: VgpuId;
}

/**
 * libvirt's states of a domain (virDomainState); and of one that libvirt does not list, or takes for off, that Xen has it:
 * whether it runs or stands still xenstore does not tell.
 */
export type DomainState =
  | ("no-state" | "running" | "blocked" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended")
  | "exists";

/** The claim that a domain's metadata names: the ownership mark that survives a lost ledger. */
export interface ClaimMark {
  readonly claimId: string;
  readonly vgpuId: VgpuId;
  /** The domain that the mark was written for; a mark found on another domain is a copy and means nothing. */
  readonly domainId: DomainId;
  readonly gpu: PciAddress;
  readonly share: Share;
  readonly onStop: OnStop;
  /** Of the canonical request, so that a retry is recognised after the ledger is lost. */
  readonly requestDigest: string;
  readonly labels: Labels;
  /** Whether vgpud starts the domain once the host has booted. */
  readonly autostart: boolean;
}

/** A caller's own words about a domain. */
export type Labels = Readonly<Record<string, string>>;

/** What happens to the slice while its domain is off. */
export type OnStop = "hold" | "release";

/** A domain that libvirt or Xen knows, whoever made it. */
export interface Domain {
  readonly id: DomainId;
  readonly name: string;
  readonly state: DomainState;
  readonly persistent: boolean;
  readonly vcpus: number | undefined;
  readonly memoryMib: number | undefined;
  /** Whether it has less memory than it may have, so that Xen gives an HVM guest the rest as it asks. */
  readonly growsOnDemand?: true;
  /** Of a guest of Xen that is not HVM and so has no device model; absent also where nobody tells, as of guests of `xl`. */
  readonly paravirtual?: "pv" | "pvh";
  /** The mediated devices its definition names. */
  readonly vgpuIds: readonly VgpuId[];
  /** The PCI functions that its definition gives it. */
  readonly pciDevices: readonly PciAddress[];
  /** Where it renders, as its definition names it: `/dev/dri/renderD128`. libvirt chooses when a domain starts that does not. */
  readonly renderNodes: readonly string[];
  /** Where it listens, which for what libvirt chooses is known while it runs. */
  readonly consoles: readonly Console[];
  readonly mark: ClaimMark | undefined;
  /** Its number with Xen, another after each start; absent while it is off, and on KVM. */
  readonly domid?: number;
  /** Its guest has ended and asked to be started again: what is left of it keeps its number until somebody destroys it. */
  readonly awaitsRestart?: true;
  /** What its disks and logs are on, as its definition names them: links are not followed. */
  readonly files: readonly DomainFile[];
}

/** A server of the hypervisor that shows a domain's screen. */
export interface Console {
  readonly kind: "vnc" | "spice";
  readonly at:
    | {
        readonly on: "address";
        /** As libvirt tells it; undefined where it does not, as the ports. */
        readonly address: string | undefined;
        readonly port: number | undefined;
        readonly tlsPort: number | undefined;
        readonly websocketPort: number | undefined;
      }
    | { readonly on: "socket"; readonly path: string | undefined }
    /** Reached only by a client that libvirt connects itself. */
    | { readonly on: "nowhere" };
}

/** A file or block device that a domain names. */
export interface DomainFile {
  readonly path: string;
  readonly writable: boolean;
}

/** A source that answered, or did not. */
export type Known<T> = { readonly known: true; readonly value: T } | Unknown;

export interface Unknown {
  readonly known: false;
  readonly why: string;
  /** Who did not answer: libvirt, or hostd, which asks xenstore on a Xen host. */
  readonly away: "libvirt" | "hostd";
}

/** Facts of the machine that do not change while the agent runs. */
export interface HostFacts {
  readonly hostname: string;
  /** Empty when it could not be read, as the other texts here. */
  readonly bootId: string;
  readonly kernelRelease: string;
  readonly hypervisor: HypervisorName;
  /** By number; absent where the host does not say. */
  readonly numaNodes?: readonly NumaNode[];
}

/** A node of the host's memory, with the CPUs that are on it. */
export interface NumaNode {
  readonly node: number;
  /** As the kernel lists them: `0-3,8-11`. Empty for memory without CPUs. */
  readonly cpus: string;
}

/** A file of the kernel's that is there and could not be read or understood: what it tells is unknown. */
export interface Unread {
  /** Below the host's root, without a leading slash. */
  readonly path: string;
  /** `EIO: i/o error`, `is not UTF-8`, `says "…"`. */
  readonly why: string;
}

/** One immutable view of the host. */
export interface Inventory {
  /** Grows by one with every view that differs from the one before; starts at 1. */
  readonly revision: number;
  /** When the look began, milliseconds since the epoch. */
  readonly observedAt: number;
  readonly host: HostFacts;
  readonly gpus: ReadonlyMap<PciAddress, Gpu>;
  readonly vgpus: ReadonlyMap<VgpuId, KernelVgpu>;
  /** Unknown while libvirt is away (law 5), and on a Xen host while xenstore cannot be asked. */
  readonly domains: Known<ReadonlyMap<DomainId, Domain>>;
  /** By path. Facts that depend on one of these files are undefined. */
  readonly unread: readonly Unread[];
}

/** Whether a domain in this state has a process, or is with Xen, that may hold a slice. */
export function isAlive(state: DomainState): boolean {
  return state !== "shut-off" && state !== "crashed" && state !== "no-state";
}
