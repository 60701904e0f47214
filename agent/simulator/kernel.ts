// The simulated kernel: GPUs, mdevs and who holds them. Behaves as i915, kvmgt and vfio do, errnos included.
import { parseVgpuId, type PciAddress, type VgpuId } from "../core/ids.ts";
import type { Holder } from "../hostd/protocol/messages.ts";
import { GvtResources, type Allocation } from "./gvt-resources.ts";
import type { GpuDescription, HostDescription } from "./host-description.ts";
import { kernelTraits, type KernelTraits } from "./kernel-version.ts";
import { PciFunctions, type PciDriver } from "./pci-functions.ts";
import { XenGuests } from "./xen-guests.ts";
import type { VgtDriver, VgtErrno } from "./xengt/driver.ts";
import { probeVgt } from "./xengt/probe.ts";

export interface Mdev {
  readonly id: VgpuId;
  readonly gpu: PciAddress;
  readonly allocation: Allocation;
  /** Number of its VFIO group. */
  readonly group: number;
  readonly holder: Holder | undefined;
  /** A remove of it waits in the kernel. */
  readonly removing: boolean;
  /** Its driver did not bind: it has no IOMMU group, and nobody can open it. */
  readonly partial: boolean;
}

export interface Gpu {
  readonly description: GpuDescription;
  /** Undefined when GVT-g does not drive it. */
  readonly gvt: GvtResources | undefined;
}

export type CreateErrno = "EINVAL" | "ENOENT" | "EEXIST" | "ENOSPC";
export type OpenErrno = "ENOENT" | "EBUSY" | "EEXIST";
export type Removal = "removed" | "leaked" | "absent";

export interface CreateOptions {
  /** No free piece of the aperture is larger, MiB. */
  readonly largestPieceMib?: number;
  readonly partial?: boolean;
}

export interface RemoveOptions {
  /** What it used stays taken, even if nobody holds it. */
  readonly leaks?: boolean;
  /** What the removal waits for before it looks at the holder. */
  readonly after?: Promise<void>;
}

/** What somebody did to the host since it booted. */
export interface HotState {
  /** GPUs that fell off the bus. */
  readonly gone: ReadonlySet<PciAddress>;
  /** GPUs that are bound to another driver than the host's description says. */
  readonly drivers: ReadonlyMap<PciAddress, PciDriver>;
  readonly kvmgtUnloaded: boolean;
}

/** The IOMMU groups below belong to what is there when the host boots. */
const FIRST_MADE_GROUP = 32;

export class SimulatedKernel {
  /** The GPUs' own PCI functions and their virtual ones. */
  readonly functions: PciFunctions;
  /** Below the kernel, where the host runs Xen. */
  readonly xen = new XenGuests((line) => this.writeVgt(line));
  readonly #newBootId: () => string;
  readonly #listeners = new Set<() => void>();
  #host: HostDescription;
  #traits: KernelTraits;
  #bootId: string;
  #hot: HotState = { gone: new Set(), drivers: new Map(), kvmgtUnloaded: false };
  #gpus: ReadonlyMap<PciAddress, Gpu>;
  #vgt: VgtDriver | undefined;
  #mdevs = new Map<VgpuId, Mdev>();
  #released = new Map<VgpuId, () => void>();

  constructor(host: HostDescription, newBootId: () => string) {
    this.#host = host;
    this.#traits = kernelTraits(host.kernel);
    this.#newBootId = newBootId;
    this.#bootId = newBootId();
    this.functions = new PciFunctions(host, this.#traits, {
      onChange: () => {
        this.#changed();
      },
      onRebound: (gpu) => {
        this.#reprobe([gpu]);
      },
      isIdle: (gpu) => this.#isIdle(gpu),
      freeGroup: () => this.#freeGroup(),
    });
    this.#gpus = this.#probe();
    this.#vgt = probeVgt(host, this.#present());
  }

  get host(): HostDescription {
    return this.#host;
  }

  get traits(): KernelTraits {
    return this.#traits;
  }

  get bootId(): string {
    return this.#bootId;
  }

  /** Whether the module is loaded. */
  get kvmgt(): boolean {
    return this.host.kvmgt && !this.#hot.kvmgtUnloaded;
  }

  get gpus(): ReadonlyMap<PciAddress, Gpu> {
    return this.#gpus;
  }

  /** XenGT, where the host has it. */
  get vgt(): VgtDriver | undefined {
    return this.#vgt;
  }

  get mdevs(): ReadonlyMap<VgpuId, Mdev> {
    return this.#mdevs;
  }

  /** Called after every change, before the call that made it returns. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A write to XenGT's create_vgt_instance; ENOENT where there is none. */
  writeVgt(text: string): VgtErrno | undefined {
    if (this.#vgt === undefined) return "ENOENT";
    const errno = this.#vgt.write(text);
    this.#changed();
    return errno;
  }

  /** A write of `text` to the type's `create` file. */
  create(
    gpu: PciAddress,
    type: string,
    text: string,
    { largestPieceMib = Infinity, partial = false }: CreateOptions = {},
  ): CreateErrno | undefined {
    const gvt = this.#gpus.get(gpu)?.gvt;
    const found = gvt?.types.find(({ directory }) => directory === type);
    if (gvt === undefined || found === undefined) return "ENOENT";
    const id = parseVgpuId(text.replace(/\n$/, ""));
    if (id === undefined) return "EINVAL";
    if (this.#mdevs.has(id)) return "EEXIST";
    const allocation = found.lowMib > largestPieceMib ? undefined : gvt.allocate(found);
    if (allocation === undefined) return "ENOSPC";
    this.#mdevs.set(id, {
      id,
      gpu,
      allocation,
      group: this.#freeGroup(),
      holder: undefined,
      removing: false,
      partial,
    });
    this.#changed();
    return undefined;
  }

  /** A write of `1` to the mdev's `remove` file by somebody who did not look whether it is held. May wait for ever. */
  async remove(id: VgpuId, { leaks = false, after }: RemoveOptions = {}): Promise<Removal> {
    const mdev = this.#mdevs.get(id);
    if (mdev === undefined || mdev.removing) return "absent";
    if (after !== undefined) {
      this.#put({ ...mdev, removing: true });
      await after;
    }
    if (!this.#isThere(mdev)) return "removed";
    const { holder } = this.#mdevs.get(id) ?? mdev;
    if (leaks || (holder !== undefined && this.traits.removeWhileHeld === "leaks")) {
      this.#forget(mdev);
      return "leaked";
    }
    if (holder !== undefined) {
      this.#put({ ...mdev, holder, removing: true });
      await new Promise<void>((resolve) => this.#released.set(id, resolve));
      this.#released.delete(id);
    }
    if (!this.#isThere(mdev)) return "removed";
    this.#gpus.get(mdev.gpu)?.gvt?.release(mdev.allocation);
    this.#forget(mdev);
    return "removed";
  }

  /** Its device goes away as it is, held or not: as a removal does, but without waiting for anybody. */
  vanish(id: VgpuId): void {
    const mdev = this.#mdevs.get(id);
    if (mdev === undefined) return;
    const isLeaked = mdev.holder !== undefined && this.traits.removeWhileHeld === "leaks";
    if (!isLeaked) this.#gpus.get(mdev.gpu)?.gvt?.release(mdev.allocation);
    this.#forget(mdev);
    this.#released.get(id)?.();
  }

  /** A process opens the mdev's group. One guest can hold one vGPU of a GPU (kvmgt.c, __kvmgt_vgpu_exist). */
  open(id: VgpuId, holder: Holder): OpenErrno | undefined {
    const mdev = this.#mdevs.get(id);
    if (mdev === undefined || mdev.removing || mdev.partial) return "ENOENT";
    if (mdev.holder !== undefined) return "EBUSY";
    const others = [...this.#mdevs.values()].filter((other) => other.gpu === mdev.gpu);
    if (others.some((other) => other.holder?.pid === holder.pid)) return "EEXIST";
    this.#put({ ...mdev, holder });
    return undefined;
  }

  /** The process ends: all it held is free. */
  close(pid: number): void {
    for (const mdev of this.#mdevs.values()) {
      if (mdev.holder?.pid !== pid) continue;
      this.#mdevs.set(mdev.id, { ...mdev, holder: undefined });
      this.#released.get(mdev.id)?.();
    }
    this.functions.close(pid);
    this.#changed();
  }

  /** GPUs that are another thing from now on lose their mdevs, held or not; one that is back is empty. */
  setHot(hot: HotState): void {
    const before = new Map(this.#present().map((gpu) => [gpu.address, this.#standing(gpu)]));
    this.#hot = hot;
    this.functions.setHot(hot.gone, hot.drivers);
    const now = new Map(this.#present().map((gpu) => [gpu.address, this.#standing(gpu)]));
    const moved = this.host.gpus
      .map(({ address }) => address)
      .filter((address) => before.get(address) !== now.get(address));
    if (moved.length === 0) return;
    for (const gpu of moved) this.functions.lose(gpu);
    this.#reprobe(moved);
  }

  /** Boots, as another host if one is given. mdevs do not survive it; what old kernels leaked is free again. */
  reboot(host = this.#host): void {
    this.#host = host;
    this.#traits = kernelTraits(host.kernel);
    this.#bootId = this.#newBootId();
    this.functions.boot(host, this.#traits);
    this.xen.reboot();
    this.#gpus = this.#probe();
    this.#vgt = probeVgt(host, this.#present());
    this.#mdevs = new Map();
    this.#released = new Map();
    this.#changed();
  }

  #probe(): ReadonlyMap<PciAddress, Gpu> {
    return new Map(this.#present().map((gpu) => [gpu.address, this.#probeGpu(gpu)]));
  }

  /** These GPUs are another thing from now on: their mdevs are gone, held or not. */
  #reprobe(moved: readonly PciAddress[]): void {
    for (const { id, gpu } of [...this.#mdevs.values()]) {
      if (!moved.includes(gpu)) continue;
      this.#mdevs.delete(id);
      this.#released.get(id)?.();
    }
    const driven = this.#vgt?.gpu.address;
    if (driven === undefined || moved.includes(driven)) this.#vgt = probeVgt(this.host, this.#present());
    const probed = this.#probe();
    this.#gpus = new Map(
      [...probed].map(([address, gpu]) => [
        address,
        moved.includes(address) ? gpu : (this.#gpus.get(address) ?? gpu),
      ]),
    );
    this.#changed();
  }

  /** Old kernels take a GPU's mdevs away from whoever holds them. */
  #isIdle(gpu: PciAddress): boolean {
    if (this.traits.removeWhileHeld === "leaks") return true;
    return ![...this.#mdevs.values()].some((mdev) => mdev.gpu === gpu && mdev.holder !== undefined);
  }

  /** The GPUs on the bus, each with the driver that it is bound to. */
  #present(): readonly GpuDescription[] {
    return this.host.gpus.flatMap((gpu) => {
      const found = this.functions.get(gpu.address);
      return found === undefined ? [] : [{ ...gpu, driver: found.driver }];
    });
  }

  /** What a GPU's mdevs stand on. */
  #standing({ driver }: GpuDescription): string {
    return driver === "i915" && this.kvmgt ? "kvmgt" : driver;
  }

  #probeGpu(description: GpuDescription): Gpu {
    const { hypervisor, enable_gvt: enabled } = this.host;
    if (description.driver !== "i915" || hypervisor !== "kvm" || enabled !== true || !this.kvmgt) {
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

  #put(mdev: Mdev): void {
    this.#mdevs.set(mdev.id, mdev);
    this.#changed();
  }

  /** One that has gone and come again meanwhile is another one. */
  #isThere({ id, allocation }: Mdev): boolean {
    return this.#mdevs.get(id)?.allocation === allocation;
  }

  #forget({ id }: Mdev): void {
    this.#mdevs.delete(id);
    this.functions.recheck();
    this.#changed();
  }

  #freeGroup(): number {
    const used = new Set([...this.#mdevs.values(), ...this.functions.all].map(({ group }) => group));
    let group = FIRST_MADE_GROUP;
    while (used.has(group)) group += 1;
    return group;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
