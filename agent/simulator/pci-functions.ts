// The PCI functions of the simulated kernel's GPUs: their drivers, their virtual functions, and who holds one by VFIO or has it by
// pciback. Behaves as the kernel's drivers/pci/iov.c, drivers/pci/pci-driver.c, drivers/base, vfio and xen-pciback do, errnos included.
import type { PciAddress } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Holder } from "../hostd/protocol/messages.ts";
import type { AmountName } from "../hostd/protocol/shares.ts";
import { FunctionShares, type ShareErrno } from "./function-shares.ts";
import type { GpuDescription, HostDescription } from "./host-description.ts";
import type { KernelTraits } from "./kernel-version.ts";
import { virtualAddress } from "./pci-address.ts";

export type PciDriver = GpuDescription["driver"];

export interface PciFunction {
  readonly address: PciAddress;
  /** Undefined for a GPU itself. */
  readonly virtual: { readonly of: PciAddress; readonly number: number } | undefined;
  /** Number of its IOMMU group. */
  readonly group: number;
  readonly driver: PciDriver;
  /** The only driver that it may be bound to. */
  readonly override: PciDriver | undefined;
  /** The process that has its VFIO group open, or the guest of Xen that has it by pciback. */
  readonly holder: Holder | undefined;
  /** Its driver lets go of it and waits for a holder; the driver's link is gone, the VFIO group is not. */
  readonly unbinding: boolean;
  /** A virtual function that is being removed: it and its GPU do not know each other any more. */
  readonly removing: boolean;
}

export type BindErrno = "ENODEV";
export type VfsErrno = "ENOENT" | "ERANGE" | "EBUSY" | "ENOKEY";
type FunctionOpenErrno = "ENOENT" | "EBUSY";

/** What the rest of the kernel has to do with it. */
export interface FunctionsOptions {
  /** Called after every change. */
  readonly onChange: () => void;
  /** A GPU has another driver from now on. */
  readonly onRebound: (gpu: PciAddress) => void;
  /** Whether nobody holds what a GPU's driver has made of it. */
  readonly isIdle: (gpu: PciAddress) => boolean;
  /** The number of an IOMMU group that there is not. */
  readonly freeGroup: () => number;
}

export function isVfio(driver: PciDriver): boolean {
  return driver === "vfio-pci" || driver === "xe-vfio-pci";
}

/** Whether a guest can have what has this driver. */
export function isGiving(driver: PciDriver): boolean {
  return isVfio(driver) || driver === "pciback";
}

export class PciFunctions {
  readonly #options: FunctionsOptions;
  #gpus: ReadonlyMap<PciAddress, GpuDescription> = new Map();
  #traits: KernelTraits;
  /** Of GPUs, as long as each has its driver. */
  #shares = new Map<PciAddress, FunctionShares>();
  #functions = new Map<PciAddress, PciFunction>();
  /** GPUs that are not bound as they are by themselves, as long as a fault wants it. */
  #drivers: ReadonlyMap<PciAddress, PciDriver> = new Map();
  #gone: ReadonlySet<PciAddress> = new Set();
  /** GPUs whose virtual functions no driver takes by itself. */
  #withoutAutoprobe = new Set<PciAddress>();
  #loaded = new Set<PciDriver>();
  /** What pciback takes whenever it is asked: it is asked before all others. */
  #slots = new Set<PciAddress>();
  /** Of each function's device, which whoever binds it or counts its virtual ones holds. */
  #locks = new KeyedLock<PciAddress>();
  #waiting = new Set<() => void>();

  constructor(host: HostDescription, traits: KernelTraits, options: FunctionsOptions) {
    this.#options = options;
    this.#traits = traits;
    this.boot(host, traits);
  }

  /** What waited is gone. */
  boot(host: HostDescription, traits: KernelTraits): void {
    this.#gpus = new Map(host.gpus.map((gpu) => [gpu.address, gpu]));
    this.#traits = traits;
    this.#shares = new Map();
    const physical = host.gpus.map(({ address, driver }, index) => newFunction(address, index, driver));
    this.#functions = new Map(physical.map((made) => [made.address, made]));
    this.#withoutAutoprobe = new Set();
    const vfio = ["vfio-pci", ...(traits.hasXeVfioPci ? (["xe-vfio-pci"] as const) : [])] as const;
    // A host of Xen gives devices away by pciback.
    const hasVfio = host.vfio_pci && host.hypervisor !== "xen";
    const hasPciback = host.pciback && host.hypervisor === "xen";
    this.#loaded = new Set([
      ...(hasVfio ? vfio : []),
      ...(hasPciback ? (["pciback"] as const) : []),
      ...host.gpus.map(({ driver }) => driver),
    ]);
    this.#slots = new Set(
      physical.filter(({ driver }) => driver === "pciback").map(({ address }) => address),
    );
    this.#locks = new KeyedLock();
    this.#waiting = new Set();
  }

  /** Those on the bus. */
  get all(): readonly PciFunction[] {
    return [...this.#functions.keys()].flatMap((address) => this.get(address) ?? []);
  }

  /** Drivers that are loaded: one stays when its last device is unbound. */
  get loaded(): ReadonlySet<PciDriver> {
    return new Set([...this.#loaded, ...this.#drivers.values()]);
  }

  get(address: PciAddress): PciFunction | undefined {
    const found = this.#functions.get(address);
    if (found === undefined || this.#gone.has(found.virtual?.of ?? address)) return undefined;
    return { ...found, driver: this.#drivers.get(address) ?? found.driver };
  }

  /** Its virtual functions, the first one first. */
  virtualOf(gpu: PciAddress): readonly PciFunction[] {
    return this.all.filter(({ virtual }) => virtual?.of === gpu);
  }

  /** What the GPU's driver gives them, for as long as it is bound. */
  sharesOf(gpu: PciAddress): FunctionShares | undefined {
    const described = this.#gpus.get(gpu);
    const driver = this.get(gpu)?.driver;
    if (described === undefined || driver === undefined) return undefined;
    const shares = this.#shares.get(gpu) ?? new FunctionShares({ ...described, driver }, this.#traits);
    this.#shares.set(gpu, shares);
    return shares;
  }

  autoprobes(gpu: PciAddress): boolean {
    return !this.#withoutAutoprobe.has(gpu);
  }

  /** What faults make of the GPUs. */
  setHot(gone: ReadonlySet<PciAddress>, drivers: ReadonlyMap<PciAddress, PciDriver>): void {
    this.#gone = gone;
    this.#drivers = drivers;
  }

  /** A GPU is another thing from now on: what was made of it is gone, held or not. */
  lose(gpu: PciAddress): void {
    for (const { address, virtual } of [...this.#functions.values()])
      if (virtual?.of === gpu) this.#functions.delete(address);
    const own = this.#functions.get(gpu);
    if (own !== undefined) this.#functions.set(gpu, { ...own, holder: undefined, unbinding: false });
    this.#shares.delete(gpu);
    this.recheck();
  }

  /** A write to `driver_override`; undefined clears it. */
  setOverride(address: PciAddress, override: PciDriver | undefined): void {
    const own = this.#functions.get(address);
    if (own !== undefined) this.#put({ ...own, override });
  }

  /** A write to pciback's `new_slot` or `remove_slot`. */
  setSlot(address: PciAddress, isListed: boolean): void {
    if (isListed) this.#slots.add(address);
    else this.#slots.delete(address);
  }

  /** A write to the driver's `unbind`. Waits for whoever holds the function or what was made of it, but for pciback's guests. */
  async unbind(address: PciAddress): Promise<BindErrno | undefined> {
    return await this.#locks.run(address, async () => {
      if ((this.get(address)?.driver ?? "none") === "none") return "ENODEV";
      // xe and i915 take their virtual functions with them (xe_sriov_pf.c, devm actions).
      await this.#removeVirtual(address);
      const waits = this.get(address)?.driver !== "pciback";
      const isFree = (): boolean =>
        !waits || (this.#functions.get(address)?.holder === undefined && this.#options.isIdle(address));
      if (!isFree()) this.#change(address, { unbinding: true });
      await this.#until(isFree);
      // pciback takes it from its guest, with no more than a warning in the log (pci_stub.c, pcistub_remove).
      this.#change(address, { driver: "none", unbinding: false, ...(!waits && { holder: undefined }) });
      this.#rebound(address);
      return undefined;
    });
  }

  /** A write to `drivers_probe`. It succeeds as well when no driver takes the function. */
  async probe(address: PciAddress): Promise<BindErrno | undefined> {
    return await this.#locks.run(address, () => {
      const found = this.get(address);
      if (found === undefined) return Promise.resolve("ENODEV" as const);
      const driver = found.driver === "none" ? this.#taker(found) : "none";
      if (driver !== "none") {
        this.#loaded.add(driver);
        if (driver === "pciback") this.#slots.add(address);
        this.#change(address, { driver });
        this.#rebound(address);
      }
      return Promise.resolve(undefined);
    });
  }

  /** A write to `sriov_drivers_autoprobe`. */
  setAutoprobe(gpu: PciAddress, isOn: boolean): void {
    if (isOn) this.#withoutAutoprobe.delete(gpu);
    else this.#withoutAutoprobe.add(gpu);
    this.#options.onChange();
  }

  /** A write to `sriov_numvfs` (sriov_numvfs_store). To remove functions waits for whoever holds one. */
  async setVfs(gpu: PciAddress, count: number): Promise<VfsErrno | undefined> {
    return await this.#locks.run(gpu, async () => {
      const total = this.get(gpu) === undefined ? 0 : (this.#gpus.get(gpu)?.total_vfs ?? 0);
      if (total === 0) return "ENOENT";
      if (count > total) return "ERANGE";
      const present = this.virtualOf(gpu).length;
      if (count === present) return undefined;
      if (!this.#enables(gpu)) return "ENOENT";
      if (count > 0 && present > 0) return "EBUSY";
      if (count > 0) return this.#addVirtual(gpu, count);
      await this.#removeVirtual(gpu);
      return undefined;
    });
  }

  /** A write to the file of a share that the driver of the GPU has for its virtual function. */
  setShare(
    gpu: PciAddress,
    number: number,
    { share, value }: { readonly share: AmountName; readonly value: number },
  ): ShareErrno | undefined {
    const errno = this.sharesOf(gpu)?.write(number, share, value);
    this.#options.onChange();
    return errno;
  }

  /** A write of 1 to `pf/auto_provisioning`, where the driver of the GPU has that. */
  shareOutAgain(gpu: PciAddress): ShareErrno | undefined {
    const errno = this.sharesOf(gpu)?.shareOutAgain();
    this.#options.onChange();
    return errno;
  }

  /** A process opens the function's VFIO group, or a guest of Xen gets what pciback has, which one can at a time. */
  open(address: PciAddress, holder: Holder): FunctionOpenErrno | undefined {
    const found = this.get(address);
    if (found === undefined || !isGiving(found.driver) || found.unbinding) return "ENOENT";
    if (found.holder !== undefined) return "EBUSY";
    this.#change(address, { holder });
    return undefined;
  }

  /** The process ends: what it held is free. Tells nobody. */
  close(pid: number): void {
    for (const own of [...this.#functions.values()])
      if (own.holder?.pid === pid) this.#functions.set(own.address, { ...own, holder: undefined });
    this.recheck();
  }

  /** What waits for a holder looks whether there still is one. */
  recheck(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** What the GPU's own driver is, when no other is wanted. */
  #native(gpu: PciAddress): PciDriver {
    return this.#gpus.get(gpu)?.driver === "xe" ? "xe" : "i915";
  }

  /** Which driver takes a function that has none (pci_match_device, pci_device_can_probe). */
  #taker({ address, virtual, override }: PciFunction): PciDriver {
    const gpu = virtual?.of ?? address;
    const native = this.#native(gpu);
    if (override === undefined) {
      if (virtual !== undefined && !this.autoprobes(gpu)) return "none";
      return this.#slots.has(address) && this.#loaded.has("pciback") ? "pciback" : native;
    }
    return override === native || this.#loaded.has(override) ? override : "none";
  }

  /** Whether the driver makes virtual functions: xe where the hardware has them, i915 only from outside of the kernel. */
  #enables(gpu: PciAddress): boolean {
    const driver = this.get(gpu)?.driver;
    return driver === "xe" || (driver === "i915" && this.#gpus.get(gpu)?.iov !== "none");
  }

  #addVirtual(gpu: PciAddress, count: number): VfsErrno | undefined {
    const errno = this.sharesOf(gpu)?.provision(count);
    if (errno !== undefined) return errno;
    for (let number = 1; number <= count; number += 1) {
      const address = virtualAddress(gpu, number);
      const made = newFunction(address, this.#options.freeGroup(), "none", { of: gpu, number });
      this.#functions.set(address, { ...made, driver: this.#taker(made) });
    }
    this.#options.onChange();
    return undefined;
  }

  /** One after the other: what comes after a held one stays until that is free. */
  async #removeVirtual(gpu: PciAddress): Promise<void> {
    for (const { address, holder } of this.virtualOf(gpu)) {
      if (holder !== undefined) this.#change(address, { unbinding: true, removing: true });
      await this.#until(() => this.#functions.get(address)?.holder === undefined);
      this.#functions.delete(address);
    }
    this.#shares.get(gpu)?.release();
    this.#options.onChange();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #rebound(address: PciAddress): void {
    this.#shares.delete(address);
    if (this.#gpus.has(address)) this.#options.onRebound(address);
  }

  #change(address: PciAddress, change: Partial<PciFunction>): void {
    const own = this.#functions.get(address);
    if (own !== undefined) this.#put({ ...own, ...change });
  }

  #put(own: PciFunction): void {
    this.#functions.set(own.address, own);
    this.#options.onChange();
  }
}

function newFunction(
  address: PciAddress,
  group: number,
  driver: PciDriver,
  virtual?: PciFunction["virtual"],
): PciFunction {
  const idle = { override: undefined, holder: undefined, unbinding: false, removing: false };
  return { address, group, driver, virtual, ...idle };
}
