// The host as a plan supposes it. Pure.
import type { PciAddress, VgpuId } from "../../core/ids.ts";
import type { Gpu, VgpuType } from "../../inventory/model.ts";
import type { Holding } from "../budget.ts";
import { sited, type Site } from "../site.ts";
import type { Stock } from "../stock.ts";

/** The types that the kernel would list with another aperture; none when the GPU cannot be shared, whatever its aperture. */
export type TypesRule = (gpu: Gpu, apertureMib: number) => readonly OfferedType[];

/** A type without the kernel's count of it. */
export type OfferedType = Pick<VgpuType, "name" | "sizes">;

export interface PlanStock extends Stock {
  readonly typesAt: TypesRule;
  /** vGPUs that somebody else made. */
  readonly foreign: ReadonlySet<VgpuId>;
}

/** What to suppose otherwise than it is. Drains and modes stay as they are. */
export interface Supposition {
  readonly withoutGpus: ReadonlySet<PciAddress>;
  /** Of all modes: slices, seats, functions and whole GPUs that others have. */
  readonly withoutForeign: boolean;
  /** Neither vGPUs nor promises of any. */
  readonly empty: boolean;
  /** MiB; of use to slices alone. */
  readonly apertures: ReadonlyMap<PciAddress, number>;
}

/** By PCI address. */
export function sitesOf({ gpus, typesAt, foreign, ...stock }: PlanStock, what: Supposition): Site[] {
  const stays = ({ vgpuId }: Holding): boolean =>
    !what.empty && !(what.withoutForeign && foreign.has(vgpuId));
  const counting = { own: !what.empty, foreign: !what.empty && !what.withoutForeign };
  return [...gpus]
    .filter(({ address }) => !what.withoutGpus.has(address))
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((gpu) => {
      const before = stock.holdings.filter((holding) => holding.gpu === gpu.address);
      const holdings = before.filter(stays);
      const apertureMib = what.apertures.get(gpu.address) ?? gpu.apertureMib;
      const isSame = apertureMib === undefined || apertureMib === gpu.apertureMib;
      const supposed = isSame ? gpu : { ...gpu, apertureMib, types: typesAt(gpu, apertureMib).map(unseen) };
      const isAsSeen = isSame && holdings.length === before.length;
      return sited(supposed, stock, { holdings, isAsSeen, counting });
    });
}

/** Of a type that is only supposed the kernel has told nothing. */
function unseen({ name, sizes }: OfferedType): VgpuType {
  return { name, sizes, weight: undefined, resolution: undefined, kernelAvailable: undefined };
}
