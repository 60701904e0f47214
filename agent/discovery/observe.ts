// One look at the host: the PCI bus, what each backend finds, and libvirt's domains, put together as facts.
import type { DomainId, PciAddress } from "../core/ids.ts";
import { messageOf } from "../core/errors.ts";
import type { Domain, Gpu, Inventory, KernelVgpu, Known } from "../inventory/model.ts";
import { readHostFacts } from "./host-facts.ts";
import type { HostFiles } from "./host-files.ts";
import { findGpus, type PciGpu } from "./pci-gpus.ts";

/** What a backend finds in the kernel. */
export interface SliceSource {
  /** What this GPU can be cut into. */
  describe(gpu: PciGpu): Promise<Pick<Gpu, "mdevParent" | "types">>;
  /** All slices that exist, on every GPU. */
  slices(): Promise<readonly KernelVgpu[]>;
}

/** libvirt's domains as facts. Throws while libvirt is away. */
export interface DomainSource {
  domains(signal: AbortSignal): Promise<readonly Domain[]>;
}

export interface Observer {
  readonly files: HostFiles;
  readonly slices: SliceSource;
  readonly domains: DomainSource;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** A view without a revision: the snapshot gives it one. */
export type Observation = Omit<Inventory, "revision">;

/** Throws when the kernel's facts cannot be read; libvirt's absence is a fact itself (law 5). */
export async function observe(observer: Observer, signal: AbortSignal): Promise<Observation> {
  const observedAt = observer.wall();
  const [host, gpus, vgpus, domains] = await Promise.all([
    readHostFacts(observer.files),
    observeGpus(observer),
    observer.slices.slices(),
    observeDomains(observer.domains, signal),
  ]);
  signal.throwIfAborted();
  return {
    observedAt,
    host,
    gpus,
    vgpus: new Map(vgpus.map((vgpu) => [vgpu.id, vgpu])),
    domains,
  };
}

async function observeGpus({ files, slices }: Observer): Promise<ReadonlyMap<PciAddress, Gpu>> {
  const found = await findGpus(files);
  const gpus = await Promise.all(
    found.map(async (gpu): Promise<Gpu> => ({ ...gpu, ...(await slices.describe(gpu)) })),
  );
  return new Map(gpus.map((gpu) => [gpu.address, gpu]));
}

async function observeDomains(
  source: DomainSource,
  signal: AbortSignal,
): Promise<Known<ReadonlyMap<DomainId, Domain>>> {
  try {
    const domains = await source.domains(signal);
    return { known: true, value: new Map(domains.map((domain) => [domain.id, domain])) };
  } catch (error) {
    return { known: false, why: messageOf(error) };
  }
}
