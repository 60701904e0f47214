// What a process gets that binds PCI functions and makes virtual ones: what the kernel does, unless a fault strikes.
import type { PciAddress } from "../core/ids.ts";
import type { DriverName } from "../hostd/protocol/messages.ts";
import type { FaultBoard, Occasion } from "./faults/board.ts";
import type { Errno } from "./faults/kinds.ts";
import { gpuDirectory } from "./gpu-tree.ts";
import type { SimulatedKernel } from "./kernel.ts";
import { outlives } from "./one-boot.ts";
import { isGiving, type BindErrno, type VfsErrno } from "./pci-functions.ts";

/** A write that the kernel refused; `file` is below the root. */
export interface RefusedWrite {
  readonly errno: Errno | BindErrno | VfsErrno;
  readonly file: string;
}

/** The writer is gone with the boot: nobody hears the errno. */
const GONE_WITH_BOOT = "EIO";

export class FunctionCalls {
  readonly #kernel: SimulatedKernel;
  readonly #faults: FaultBoard;

  constructor(kernel: SimulatedKernel, faults: FaultBoard) {
    this.#kernel = kernel;
    this.#faults = faults;
  }

  /**
   * The writes that bind a function: `driver_override`, which is cleared for a driver of the host, `unbind` and, unless there is
   * to be none, `drivers_probe`. May wait for ever. Undefined when they went through, whichever driver it has now. libvirt does not
   * tell pciback of what it gives back, so that pciback takes it again.
   */
  async bind(
    device: PciAddress,
    driver: DriverName,
    { tellsPciback = true }: { readonly tellsPciback?: boolean } = {},
  ): Promise<RefusedWrite | undefined> {
    const { functions } = this.#kernel;
    const occasion = this.#occasion(device);
    const override = `${gpuDirectory(device)}/driver_override`;
    const failing = this.#faults.strike("BIND_FAILS", occasion);
    if (failing?.errno !== undefined) return { errno: failing.errno, file: override };
    if (!(await outlives(this.#kernel, this.#faults.hold("BIND_HANGS", occasion))))
      return { errno: GONE_WITH_BOOT, file: override };
    if (tellsPciback) functions.setSlot(device, driver === "pciback");
    functions.setOverride(device, driver !== "none" && isGiving(driver) ? driver : undefined);
    const bound = functions.get(device)?.driver ?? "none";
    const unbound = bound === "none" ? undefined : await functions.unbind(device);
    if (unbound !== undefined) return { errno: unbound, file: `sys/bus/pci/drivers/${bound}/unbind` };
    const probed = driver === "none" ? undefined : await functions.probe(device);
    return probed && { errno: probed, file: "sys/bus/pci/drivers_probe" };
  }

  /** A write of `count` to `sriov_numvfs`. May wait for ever. */
  async setVfs(gpu: PciAddress, count: number): Promise<RefusedWrite | undefined> {
    const occasion = this.#occasion(gpu);
    const file = `${gpuDirectory(gpu)}/sriov_numvfs`;
    const failing = this.#faults.strike("SET_VIRTUAL_FUNCTIONS_FAILS", occasion);
    if (failing?.errno !== undefined) return { errno: failing.errno, file };
    if (!(await outlives(this.#kernel, this.#faults.hold("SET_VIRTUAL_FUNCTIONS_BLOCKS", occasion))))
      return { errno: GONE_WITH_BOOT, file };
    const errno = await this.#kernel.functions.setVfs(gpu, count);
    return errno && { errno, file };
  }

  #occasion(device: PciAddress): Occasion {
    const found = this.#kernel.functions.get(device);
    return { gpu: found?.virtual?.of ?? device, object: [device] };
  }
}
