// What differs from backend to backend where all must behave alike: one of these for each, and nothing else in the suite knows
// which it has before it.
import type { Backend, Gpu, Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { BackendName } from "../../../scripts/conformance-page.ts";
import type { Draft } from "../harness/requests.ts";
import type { ForeignDomain, LibvirtUri } from "../harness/somebody-else.ts";
import type { World } from "../harness/world.ts";
import type { HostTruth } from "./host-truth.ts";

/** Who has how many vGPUs of the GPU. */
export interface Taken {
  readonly own: number;
  readonly foreign: number;
}

/** What some cases need, and what some backends have not. */
export type Ability =
  /** A create makes something in the kernel, and a destroy removes it. */
  | "makes something in the kernel"
  /** A vGPU can be handed over without a domain of ours. */
  | "stands without a domain"
  /** What a create makes stays in the kernel while the domain is off. */
  | "is there while its domain is off"
  /** After a boot the kernel has to be asked through vgpud-hostd before a domain can run. */
  | "needs hostd"
  /** Several domains share a GPU. */
  | "is shared";

export interface Subject {
  /** Its name in the table. */
  readonly backend: BackendName;
  /** As the contract names it and its mode. */
  readonly shown: { readonly backend: Backend; readonly mode: Mode };
  /** HOST.yaml of a host with this GPU and no other. */
  readonly host: string;
  /** Of which libvirt is asked there; that of QEMU, unless it is said. */
  readonly libvirtUri?: LibvirtUri;
  /** What a request needs to be one for guests of the host. */
  readonly adapt?: (draft: Draft, images: string) => void;
  readonly gpu: string;
  /** Lines of the configuration beside those of the suite. */
  readonly settings?: string;
  /** Of the configuration's section `limits`, beside those of the suite. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The type that a vGPU is shown with. */
  readonly type: string;
  /** Whether it is asked for by that type, since its mode has more than one, or by its mode alone. */
  readonly askedBy: "type" | "mode";
  /** How many there are to be had on the GPU when nobody has any. */
  readonly room: number;
  /** The reasons for which one more is refused; each means that there is no room. */
  readonly exhausted: readonly string[];
  /** A mode that the GPU can be given instead while nobody uses it. */
  readonly otherMode: Mode;
  /** What has to be done before that, once nobody uses it. */
  readonly makeWhole?: (world: World) => Promise<unknown>;
  /** Gives the GPU the mode, with `room` to be had, whatever it was in. */
  readonly bringIntoMode: (world: World) => Promise<unknown>;
  /** What is in the kernel for vGPUs and stays until it is removed, each named as its BackendRef names it. */
  readonly made: (truth: HostTruth) => readonly string[];
  /** What a domain's definition gives it of Intel's, each named as its BackendRef names it. */
  readonly given: (definition: string) => readonly string[];
  /** The account of the mode, as the GPU shows it. */
  readonly account: (gpu: Gpu) => Taken & { readonly free: number };
  /** The lines of /metrics that tell it. */
  readonly series: (taken: Taken) => readonly string[];
  /** What somebody else's domain has to name to take one; makes it where it has to be made. */
  readonly takeForOthers: (world: World) => Promise<Omit<ForeignDomain, "name" | "uuid">>;
  /** Why it lacks what it lacks, in words that follow "impossible: ". */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
}
