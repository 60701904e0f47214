// hostd's operations on XenGT, and on what device models said, against the simulated host.
import path from "node:path";
import type {
  MakeVgtInstance,
  ReadDeviceModelLog,
  RemoveVgtInstance,
  Result,
} from "../../hostd/protocol/messages.ts";
import type { DeviceModelLogs } from "../device-model-logs.ts";
import type { SimulatedKernel } from "../kernel.ts";
import type { VgtCalls } from "./calls.ts";
import { BUSY_PERCENT } from "./driver.ts";
import { CREATE_FILE } from "./tree.ts";

export interface VgtFaceOptions {
  readonly kernel: SimulatedKernel;
  readonly vgtCalls: VgtCalls;
  readonly deviceModelLogs: DeviceModelLogs;
  /** Numbers of the guests that xenstore has; undefined on a host without one. */
  readonly guests: () => ReadonlySet<number> | undefined;
  /** Where the tree is, for paths in answers. */
  readonly root: string;
}

export class VgtFace {
  readonly #options: VgtFaceOptions;

  constructor(options: VgtFaceOptions) {
    this.#options = options;
  }

  async make({ domid, lowGmMib, highGmMib, fences }: MakeVgtInstance): Promise<Result> {
    return await this.#write([domid, lowGmMib, highGmMib, fences, -1, 0].join(","));
  }

  async remove({ domid }: RemoveVgtInstance): Promise<Result> {
    const { kernel, guests, root } = this.#options;
    if (!kernel.vgt?.slices.some((slice) => slice.domid === domid)) return { kind: "absent" };
    const known = guests();
    if (known === undefined)
      return { kind: "errno", errno: "ENOENT", call: "open", path: path.join(root, "dev/xen/xenbus") };
    if (known.has(domid)) return { kind: "held", holders: [] };
    const result = await this.#write(`-${domid}`);
    return result.kind === "errno" && result.errno === "ENODEV" ? { kind: "absent" } : result;
  }

  resources(): Result {
    const [first] = this.#options.kernel.vgt?.resources?.split("\n") ?? [];
    if (first === undefined) return { kind: "absent" };
    const figures = first.split(", ").map(Number);
    const [low = 0, lowFree = 0, high = 0, highFree = 0, fences = 0, fencesFree = 0] = figures;
    return {
      kind: "vgt-resources",
      ...{ lowTotalMib: low, lowFreeMib: lowFree, highTotalMib: high, highFreeMib: highFree },
      ...{ fencesTotal: fences, fencesFree },
    };
  }

  utilization(): Result {
    const { vgt } = this.#options.kernel;
    const slices = vgt?.generation === "2015" ? vgt.slices : [];
    const told = slices.map(({ domid }) => ({ domid, percent: BUSY_PERCENT }));
    return { kind: "vgt-utilization", slices: told };
  }

  log({ name }: ReadDeviceModelLog): Result {
    const log = this.#options.deviceModelLogs.of(name);
    return log === undefined ? { kind: "absent" } : { kind: "log", ...log };
  }

  async #write(line: string): Promise<Result> {
    const errno = await this.#options.vgtCalls.write(line);
    if (errno === undefined) return { kind: "done" };
    const file = path.join(this.#options.root, CREATE_FILE);
    return { kind: "errno", errno, call: errno === "ENOENT" ? "lstat" : "write", path: file };
  }
}
