// Gives a PCI function another driver through the privileged process, and says what came of it: the driver link alone does.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import { readHypervisor } from "../discovery/host-facts.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import { guestDriversOf, type GuestDriver, type GuestDrivers } from "../inventory/guest-drivers.ts";
import type { BindOutcome } from "../lifecycle/ports.ts";
import {
  asking,
  namedHolder,
  refusalOf,
  type CallOptions,
  type ChangeAnswerOnXen,
  type HolderAnswer,
  type Trouble,
  type XenstoreSilent,
} from "./hostd-answers.ts";

/** What a host lacks that has not loaded a driver: what a retry helps, once it has, and no refusal of the kernel's. */
const NOT_LOADED = {
  "vfio-pci": "VFIO_NOT_LOADED",
  "xe-vfio-pci": "VFIO_NOT_LOADED",
  pciback: "XEN_PCIBACK_MISSING",
  i915: "GPU_WITHOUT_DRIVER",
  xe: "GPU_WITHOUT_DRIVER",
} as const satisfies Record<Exclude<DriverName, "none">, Reason>;

/** Drivers that a function may be given; `none` takes the one away that it has. */
export type DriverName = GuestDriver | "i915" | "xe" | "none";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface DriverWriter {
  bindDriver(
    binding: { readonly device: PciAddress; readonly driver: DriverName },
    options: CallOptions,
  ): Promise<ChangeAnswerOnXen>;
  functionHolders(device: PciAddress, options: CallOptions): Promise<HoldersAnswer>;
}

type HoldersAnswer =
  | { readonly kind: "holders"; readonly holders: readonly HolderAnswer[] }
  | { readonly kind: "absent" }
  | XenstoreSilent
  | Trouble;

/** A driver of the host takes seconds to give a GPU up or to start it. */
const BIND_DEADLINE_MS = 30_000;
const HOLDERS_DEADLINE_MS = 10_000;
const DRIVERS = "sys/bus/pci/drivers";

export class PciBinding {
  readonly #writer: DriverWriter;
  readonly #files: HostFiles;

  constructor(writer: DriverWriter, files: HostFiles) {
    this.#writer = writer;
    this.#files = files;
  }

  /** Undefined when it has none, or is not there. */
  driverOf(device: PciAddress): Promise<string | undefined> {
    return this.#files.linkName(`sys/bus/pci/devices/${device}/driver`);
  }

  /** By which of them guests of this host get functions. */
  async guestDrivers(): Promise<GuestDrivers> {
    return guestDriversOf(await readHypervisor(this.#files));
  }

  /** The address of virtual function `number`, from 1 on; undefined while there is none. */
  async virtualFunction(gpu: PciAddress, number: number): Promise<string | undefined> {
    return this.#files.linkName(`sys/bus/pci/devices/${gpu}/virtfn${number - 1}`);
  }

  async isLoaded(driver: DriverName): Promise<boolean> {
    return (await this.#files.list(DRIVERS)).includes(driver);
  }

  /**
   * Throws VFIO_NOT_LOADED, XEN_PCIBACK_MISSING, GPU_WITHOUT_DRIVER (the host's is not loaded), PCI_FUNCTION_MISSING, KERNEL_REFUSED,
   * HOSTD_UNAVAILABLE. One that is not there has no driver.
   */
  async bind(device: PciAddress, driver: DriverName, signal: AbortSignal): Promise<BindOutcome> {
    const wanted = driver === "none" ? undefined : driver;
    const what = wanted === undefined ? `taking the driver from ${device}` : `binding ${device} to ${wanted}`;
    if (driver !== "none" && !(await this.isLoaded(driver))) throw notLoaded(what, driver);
    let answer: ChangeAnswerOnXen;
    try {
      const options = { signal, deadlineMs: BIND_DEADLINE_MS };
      answer = await asking(() => this.#writer.bindDriver({ device, driver }, options));
    } catch (error) {
      // Who went away may have done it before.
      if ((await this.driverOf(device)) === wanted) return { kind: "bound" };
      throw error;
    }
    if (answer.kind === "held" || answer.kind === "blocked")
      return { kind: answer.kind, holders: answer.holders.map(namedHolder) };
    const has = await this.driverOf(device);
    if (has === wanted) return { kind: "bound" };
    switch (answer.kind) {
      case "done":
        throw notTaken(what, has);
      case "absent":
        throw new AgentError("PCI_FUNCTION_MISSING", `${what}: there is no such PCI function now`, {
          details: { device },
        });
      case "errno":
      case "xenstore-silent":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }

  /** Processes that have the function open through VFIO, and guests of Xen that have it. Throws KERNEL_REFUSED, KERNEL_TIMEOUT or HOSTD_UNAVAILABLE. */
  async holders(device: PciAddress, signal: AbortSignal): Promise<ReturnType<typeof namedHolder>[]> {
    const what = `looking for who holds ${device}`;
    const answer = await asking(() =>
      this.#writer.functionHolders(device, { signal, deadlineMs: HOLDERS_DEADLINE_MS }),
    );
    switch (answer.kind) {
      case "holders":
        return answer.holders.map(namedHolder);
      case "absent":
        return [];
      case "blocked":
        throw new AgentError("KERNEL_TIMEOUT", `${what}: no answer in ${HOLDERS_DEADLINE_MS} ms`);
      case "errno":
      case "xenstore-silent":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }
}

function notLoaded(what: string, driver: keyof typeof NOT_LOADED): AgentError {
  const module = driver === "pciback" ? "xen-pciback" : driver;
  const message = `${what}: that driver is not loaded; modprobe ${module}, and for every boot name it in a file of /etc/modules-load.d`;
  return new AgentError(NOT_LOADED[driver], message, { details: { driver } });
}

/** drivers_probe is no error when no driver takes the function; which one would not, and why, is in the kernel's log. */
function notTaken(what: string, has: string | undefined): AgentError {
  const message = `${what}: the kernel took the request, and the function has ${has ?? "no driver"} now; its log (dmesg) says why`;
  return new AgentError("KERNEL_REFUSED", message, { details: { driver: has ?? "" } });
}
