// hostd's operations on PCI functions, against the simulated kernel, in the order in which hostd writes.
import path from "node:path";
import { parsePciAddress, type PciAddress } from "../core/ids.ts";
import type { BindDriver, Holder, Result, SetVirtualFunctions } from "../hostd/protocol/messages.ts";
import type { FunctionCalls, RefusedWrite } from "./function-calls.ts";
import type { SimulatedKernel } from "./kernel.ts";
import type { PciFunction } from "./pci-functions.ts";
import type { LibvirtGuest } from "./xen-guests.ts";

const GUEST = "guest of Xen";

interface FunctionFaceOptions {
  readonly kernel: SimulatedKernel;
  readonly functionCalls: FunctionCalls;
  /** Domains of libvirt's that run on Xen. */
  readonly libvirtGuests: () => readonly LibvirtGuest[];
  /** Where the tree is, for paths in answers. */
  readonly root: string;
}

export class FunctionFace {
  readonly #options: FunctionFaceOptions;

  constructor(options: FunctionFaceOptions) {
    this.#options = options;
  }

  async bind({ device, driver }: BindDriver): Promise<Result> {
    const own = this.#find(device);
    if (own === undefined) return { kind: "absent" };
    if (driver !== "none" && own.driver === driver && !own.unbinding) return { kind: "done" };
    const holders = this.#holders(own.address);
    if (holders.length > 0) return { kind: "held", holders };
    // Nobody renders on the nodes of a simulated GPU, so that its mdevs are all that its driver would take with it.
    const mdevs = [...this.#options.kernel.mdevs.values()].filter(({ gpu }) => gpu === own.address);
    if (mdevs.length > 0) return { kind: "held", holders: mdevs.flatMap(({ holder }) => holder ?? []) };
    return this.#answer(await this.#options.functionCalls.bind(own.address, driver));
  }

  async setVirtual({ gpu, count }: SetVirtualFunctions): Promise<Result> {
    const own = this.#find(gpu);
    if (own === undefined) return { kind: "absent" };
    const { functions } = this.#options.kernel;
    const present = this.#linkedFrom(own.address);
    const mustGo = present.length > 0 && present.length !== count;
    const holders = present.flatMap((each) => this.#holdersOf(each));
    if (mustGo && holders.length > 0) return { kind: "held", holders };
    functions.setAutoprobe(own.address, false);
    const set = (to: number): Promise<RefusedWrite | undefined> =>
      this.#options.functionCalls.setVfs(own.address, to);
    const refused = mustGo ? await set(0) : undefined;
    if (refused === undefined && (mustGo || count === 0)) this.#shareOutAgain(own.address);
    if (refused !== undefined || count === 0 || present.length === count) return this.#answer(refused);
    return this.#answer(await set(count));
  }

  /** hostd takes every part away first, since one left would be in the way. */
  #shareOutAgain(gpu: PciAddress): void {
    const { functions, host } = this.#options.kernel;
    const shares = functions.sharesOf(gpu);
    const total = host.gpus.find(({ address }) => address === gpu)?.total_vfs ?? 0;
    if (shares === undefined || shares.isAutomatic || functions.get(gpu)?.driver !== "i915") return;
    for (let number = 1; number <= total; number += 1)
      for (const share of ["ggttBytes", "contexts", "doorbells"] as const)
        functions.setShare(gpu, number, { share, value: 0 });
    functions.shareOutAgain(gpu);
  }

  holders(device: string): Result {
    const own = this.#find(device);
    return own === undefined ? { kind: "absent" } : { kind: "holders", holders: this.#holders(own.address) };
  }

  #answer(refused: RefusedWrite | undefined): Result {
    if (refused === undefined) return { kind: "done" };
    const { errno, file } = refused;
    return { kind: "errno", errno, call: "write", path: path.join(this.#options.root, file) };
  }

  /** Of the function, and of those that a GPU is cut into. */
  #holders(device: PciAddress): readonly Holder[] {
    const { functions } = this.#options.kernel;
    return [functions.get(device), ...this.#linkedFrom(device)].flatMap((each) =>
      each === undefined ? [] : this.#holdersOf(each),
    );
  }

  /** Of what pciback has xenstore tells the guest, be it made by libvirt or by xl. */
  #holdersOf({ address, driver, holder }: PciFunction): readonly Holder[] {
    if (driver !== "pciback") return holder === undefined ? [] : [holder];
    const names = this.#options.kernel.xen
      .withThoseOf(this.#options.libvirtGuests())
      .filter(({ pciDevices }) => pciDevices.includes(address))
      .map(({ name }) => name);
    return names.map((domain) => ({ pid: 0, command: GUEST, domain }));
  }

  /** hostd finds virtual functions by the links of their GPU, which one that is being removed has lost. */
  #linkedFrom(gpu: PciAddress): readonly PciFunction[] {
    return this.#options.kernel.functions.virtualOf(gpu).filter(({ removing }) => !removing);
  }

  #find(device: string): PciFunction | undefined {
    const address = parsePciAddress(device);
    return address === undefined ? undefined : this.#options.kernel.functions.get(address);
  }
}
