// XenGT as a module of GVT-g, 2017 and later (gvt-linux, gvt/xengt.c): slices of GVT-g's types, which the low GM alone names.
import type { GpuDescription } from "../host-description.ts";
import { GvtResources, type Allocation } from "../gvt-resources.ts";
import type { VgtDriver, VgtErrno, VgtSlice } from "./driver.ts";
import { readLine, type Wish } from "./line.ts";

export class TypedVgt implements VgtDriver {
  readonly gpu: GpuDescription;
  readonly generation = "2017";
  readonly resources = undefined;
  readonly #gvt: GvtResources;
  readonly #allocations = new Map<number, Allocation>();

  constructor(gpu: GpuDescription) {
    this.gpu = gpu;
    this.#gvt = new GvtResources({
      device: gpu.device,
      apertureMib: gpu.aperture_mib,
      ggttMib: gpu.ggtt_mib,
      hostRanges: gpu.host_ranges.map((range) => ({ start: range.start_mib, size: range.size_mib })),
      countsFencesAtFirst: true,
    });
  }

  get slices(): readonly VgtSlice[] {
    return [...this.#allocations].map(([domid, { id, type, low }]) => ({
      ...{ domid, number: id, lowStartMib: low.start },
      ...{ lowMib: type.lowMib, highMib: type.highMib, fences: type.fences },
    }));
  }

  /** Whatever a make fails for, it is EINVAL; a removal never fails. */
  write(text: string): VgtErrno | undefined {
    const line = readLine(text);
    if (line.kind === "wrong") return "EINVAL";
    if (line.kind === "make") return this.#make(line.wish) ? undefined : "EINVAL";
    const allocation = this.#allocations.get(line.domid);
    if (allocation !== undefined) this.#gvt.release(allocation);
    this.#allocations.delete(line.domid);
    return undefined;
  }

  /** High GM and fences are those of the type, whatever the line asks for. */
  #make({ domid, lowMib }: Wish): boolean {
    const type = this.#gvt.types.find((offered) => offered.lowMib === lowMib);
    if (type === undefined || this.#allocations.has(domid)) return false;
    const allocation = this.#gvt.allocate(type);
    if (allocation === undefined) return false;
    this.#allocations.set(domid, allocation);
    return true;
  }
}
