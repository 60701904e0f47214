// Pure: what the drivers of the simulated kernel count of QEMUs that render on a GPU, in the words of i915's fdinfo and of xe's.
import type { PciAddress } from "../core/ids.ts";
import type { RenderClient, RenderProcess } from "../hostd/protocol/messages.ts";
import type { KernelTraits } from "./kernel-version.ts";
import type { PciDriver } from "./pci-functions.ts";

/** A domain whose QEMU has render nodes open. */
export interface RenderingDomain {
  readonly uuid: string;
  readonly pid: number;
  /** Its number since libvirt was started. */
  readonly id: number;
  /** As its definition names them. */
  readonly nodes: readonly string[];
  /** Since it was started. */
  readonly engineSeconds: Readonly<Record<"render" | "video", number>>;
  /** When that was, seconds of a clock that never steps back. */
  readonly at: number;
}

interface RenderGpu extends Pick<KernelTraits, "countsClients" | "countsClientMemory"> {
  readonly address: PciAddress;
  readonly driver: PciDriver;
  readonly minor: number;
}

/** Of xe's GPU timestamp. */
const CYCLES_PER_SECOND = 19_200_000;
/** What a desktop has in textures and buffers. */
const RESIDENT_KIB = 183_500;

export function renderProcesses(
  gpu: RenderGpu,
  domains: readonly RenderingDomain[],
): readonly RenderProcess[] {
  const nodes = [`/dev/dri/renderD${gpu.minor}`, `/dev/dri/by-path/pci-${gpu.address}-render`];
  const figures = figuresOf(gpu);
  if (figures === undefined) return [];
  return domains
    .filter((domain) => domain.nodes.some((node) => nodes.includes(node)))
    .map((domain) => {
      const { pid, uuid, id } = domain;
      const client: RenderClient = { id, figures: figures(domain).join("\n") };
      return { pid, domain: uuid, clients: [client] };
    });
}

type Figures = (of: RenderingDomain) => readonly string[];

/** Undefined of a driver that counts nothing. */
function figuresOf({ driver, countsClients, countsClientMemory }: RenderGpu): Figures | undefined {
  if (driver === "xe") return xeFigures;
  if (driver !== "i915" || !countsClients) return undefined;
  return ({ engineSeconds }) => i915Figures(engineSeconds, countsClientMemory);
}

/** i915_drm_client.c */
function i915Figures(seconds: RenderingDomain["engineSeconds"], memory: boolean): readonly string[] {
  return [
    ...(memory ? [`drm-resident-system0:\t${RESIDENT_KIB} KiB`] : []),
    ...Object.entries(seconds).map(([engine, busy]) => `drm-engine-${engine}:\t${whole(busy * 1e9)} ns`),
  ];
}

/** xe_drm_client.c; all engines tell of the same clock. */
function xeFigures({ engineSeconds, at }: RenderingDomain): readonly string[] {
  const total = whole(at * CYCLES_PER_SECOND);
  const engines = { rcs: engineSeconds.render, vcs: engineSeconds.video };
  return [
    `drm-resident-gtt:\t${RESIDENT_KIB} KiB`,
    ...Object.entries(engines).flatMap(([engine, busy]) => [
      `drm-cycles-${engine}:\t${whole(busy * CYCLES_PER_SECOND)}`,
      `drm-total-cycles-${engine}:\t${total}`,
    ]),
  ];
}

function whole(value: number): number {
  return Math.max(0, Math.floor(value));
}
