// The simulated kernel: GPUs, mdevs and who holds them. Behaves as i915, kvmgt and vfio do, errnos included.
import { parseVgpuId, type PciAddress, type VgpuId } from "../core/ids.ts";
import type { Holder } from "../hostd/protocol/messages.ts";
import { GvtResources, type Allocation } from "./gvt-resources.ts";
import type { GpuDescription, HostDescription } from "./host-description.ts";
import { kernelTraits, type KernelTraits } from "./kernel-version.ts";

export interface Mdev {
  readonly id: VgpuId;
  readonly gpu: PciAddress;
  readonly allocation: Allocation;
  /** Number of its VFIO group. */
  readonly group: number;
  readonly holder: Holder | undefined;
  /** A remove of it waits for the holder. */
  readonly removing: boolean;
}

export interface Gpu {
  readonly description: GpuDescription;
  /** Undefined when GVT-g does not drive it. */
  readonly gvt: GvtResources | undefined;
}

export type CreateErrno = "EINVAL" | "ENOENT" | "EEXIST" | "ENOSPC";
export type OpenErrno = "ENOENT" | "EBUSY" | "EEXIST";
export type Removal = "removed" | "leaked" | "absent";

/** The IOMMU groups below belong to PCI devices. */
const FIRST_MDEV_GROUP = 32;

export class SimulatedKernel {
  readonly host: HostDescription;
  readonly traits: KernelTraits;
  readonly #newBootId: () => string;
  readonly #listeners = new Set<() => void>();
  #bootId: string;
  #gpus: ReadonlyMap<PciAddress, Gpu>;
  #mdevs = new Map<VgpuId, Mdev>();
  #released = new Map<VgpuId, () => void>();

  constructor(host: HostDescription, newBootId: () => string) {
    this.host = host;
    this.traits = kernelTraits(host.kernel);
    this.#newBootId = newBootId;
    this.#bootId = newBootId();
    this.#gpus = this.#probe();
  }

  get bootId(): string {
    return this.#bootId;
  }

  get gpus(): ReadonlyMap<PciAddress, Gpu> {
    return this.#gpus;
  }

  get mdevs(): ReadonlyMap<VgpuId, Mdev> {
    return this.#mdevs;
  }

  /** Called after every change, before the call that made it returns. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A write of `text` to the type's `create` file. */
  create(gpu: PciAddress, type: string, text: string): CreateErrno | undefined {
    const gvt = this.#gpus.get(gpu)?.gvt;
    const found = gvt?.types.find(({ directory }) => directory === type);
    if (gvt === undefined || found === undefined) return "ENOENT";
    const id = parseVgpuId(text.replace(/\n$/, ""));
    if (id === undefined) return "EINVAL";
    if (this.#mdevs.has(id)) return "EEXIST";
    const allocation = gvt.allocate(found);
    if (allocation === undefined) return "ENOSPC";
    this.#mdevs.set(id, {
      id,
      gpu,
      allocation,
      group: this.#freeGroup(),
      holder: undefined,
      removing: false,
    });
    this.#changed();
    return undefined;
  }

  /** A write of `1` to the mdev's `remove` file by somebody who did not look whether it is held. May wait for ever. */
  async remove(id: VgpuId): Promise<Removal> {
    const mdev = this.#mdevs.get(id);
    if (mdev === undefined || mdev.removing) return "absent";
    if (mdev.holder !== undefined && this.traits.removeWhileHeld === "leaks") {
      this.#mdevs.delete(id);
      this.#changed();
      return "leaked";
    }
    if (mdev.holder !== undefined) {
      this.#mdevs.set(id, { ...mdev, removing: true });
      this.#changed();
      await new Promise<void>((resolve) => this.#released.set(id, resolve));
      this.#released.delete(id);
    }
    this.#mdevs.delete(id);
    this.#gpus.get(mdev.gpu)?.gvt?.release(mdev.allocation);
    this.#changed();
    return "removed";
  }

  /** A process opens the mdev's group. One guest can hold one vGPU of a GPU (kvmgt.c, __kvmgt_vgpu_exist). */
  open(id: VgpuId, holder: Holder): OpenErrno | undefined {
    const mdev = this.#mdevs.get(id);
    if (mdev === undefined || mdev.removing) return "ENOENT";
    if (mdev.holder !== undefined) return "EBUSY";
    const others = [...this.#mdevs.values()].filter((other) => other.gpu === mdev.gpu);
    if (others.some((other) => other.holder?.pid === holder.pid)) return "EEXIST";
    this.#mdevs.set(id, { ...mdev, holder });
    this.#changed();
    return undefined;
  }

  /** The process ends: all it held is free. */
  close(pid: number): void {
    for (const mdev of this.#mdevs.values()) {
      if (mdev.holder?.pid !== pid) continue;
      this.#mdevs.set(mdev.id, { ...mdev, holder: undefined });
      this.#released.get(mdev.id)?.();
    }
    this.#changed();
  }

  /** mdevs do not survive a reboot; what old kernels leaked is free again. */
  reboot(): void {
    this.#bootId = this.#newBootId();
    this.#gpus = this.#probe();
    this.#mdevs = new Map();
    this.#released = new Map();
    this.#changed();
  }

  #probe(): ReadonlyMap<PciAddress, Gpu> {
    return new Map(this.host.gpus.map((description) => [description.address, this.#probeGpu(description)]));
  }

  #probeGpu(description: GpuDescription): Gpu {
    const { hypervisor, enable_gvt: enabled, kvmgt } = this.host;
    if (description.driver !== "i915" || hypervisor !== "kvm" || enabled !== true || !kvmgt) {
      return { description, gvt: undefined };
    }
    const gvt = new GvtResources({
      device: description.device,
      apertureMib: description.aperture_mib,
      ggttMib: description.ggtt_mib,
      hostRanges: description.host_ranges.map((range) => ({ start: range.start_mib, size: range.size_mib })),
      countsFencesAtFirst: this.traits.countsFencesAtFirst,
    });
    return { description, gvt };
  }

  #freeGroup(): number {
    const used = new Set([...this.#mdevs.values()].map(({ group }) => group));
    let group = FIRST_MDEV_GROUP;
    while (used.has(group)) group += 1;
    return group;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
