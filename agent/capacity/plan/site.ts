// The host as a plan supposes it: each GPU with what it offers and what is free on it. Pure.
import type { PciAddress, VgpuId } from "../../core/ids.ts";
import type { Gpu, VgpuType } from "../../inventory/model.ts";
import type { SliceSizes } from "../../inventory/share.ts";
import { findingPieces, fragmentationOf } from "../fragmentation.ts";
import { budgetOf, type Budget, type Holding } from "../budget.ts";
import { pendingOf } from "../kernel-count.ts";
import { uncounted, type Closed } from "../closed.ts";
import type { Stock } from "../stock.ts";

/** The types that the kernel would list with another aperture; none when the GPU cannot be shared, whatever its aperture. */
export type TypesRule = (gpu: Gpu, apertureMib: number) => readonly OfferedType[];

/** A type without the kernel's count of it. */
export type OfferedType = Pick<VgpuType, "name" | "sizes">;

/** A plan is of slices. */
export interface PlanStock extends Pick<Stock, "gpus" | "rule" | "holdings" | "made" | "closed"> {
  readonly typesAt: TypesRule;
  /** vGPUs that somebody else made. */
  readonly foreign: ReadonlySet<VgpuId>;
}

/** What to suppose otherwise than it is. */
export interface Supposition {
  readonly withoutGpus: ReadonlySet<PciAddress>;
  readonly withoutForeign: boolean;
  /** Neither vGPUs nor promises of any. */
  readonly empty: boolean;
  /** MiB. */
  readonly apertures: ReadonlyMap<PciAddress, number>;
}

export interface Site {
  readonly gpu: Gpu;
  /** Undefined for a GPU that offers no vGPUs. */
  readonly budget: Budget | undefined;
  readonly types: readonly SiteType[];
  /** What is promised and does not exist yet. */
  readonly pending: readonly SliceSizes[];
  /** How many of these, made in this order, find a piece of memory each, as far as is known; not asked before it matters. */
  readonly findingPieces: (next: readonly SliceSizes[]) => number;
}

export interface SiteType extends OfferedType {
  /**
   * How many the kernel would make if nothing but this type were made (`available_instances`). Undefined for a GPU that is
   * supposed otherwise than it is: of that the kernel has said nothing.
   */
  readonly kernelAvailable: number | undefined;
  /** Whether the room for even one is perhaps in no one piece; of a GPU that is supposed otherwise nothing is known of that. */
  readonly doubtful: boolean;
  /** Why none is made here whatever the room; a drain whatever is supposed. */
  readonly closed: Closed | undefined;
}

/** By PCI address. */
export function sitesOf(
  { gpus, rule, holdings, closed, typesAt, foreign, made }: PlanStock,
  what: Supposition,
): Site[] {
  const stays = ({ vgpuId }: Holding): boolean =>
    !what.empty && !(what.withoutForeign && foreign.has(vgpuId));
  return [...gpus]
    .filter(({ address }) => !what.withoutGpus.has(address))
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((gpu) => {
      const apertureMib = what.apertures.get(gpu.address) ?? gpu.apertureMib;
      const before = holdings.filter((holding) => holding.gpu === gpu.address);
      const here = before.filter(stays);
      const same = apertureMib === gpu.apertureMib;
      const types = same || apertureMib === undefined ? gpu.types : typesAt(gpu, apertureMib);
      const counted = same && here.length === before.length;
      const endowment = types.length > 0 ? rule({ ...gpu, apertureMib }) : undefined;
      const pieces = endowment && counted ? fragmentationOf(gpu, endowment, here) : undefined;
      return {
        gpu,
        budget: endowment && budgetOf(endowment, here),
        types: types.map(({ name, sizes }) => {
          const known = counted ? gpu.types.find((type) => type.name === name) : undefined;
          return {
            ...{ name, sizes },
            kernelAvailable: known?.kernelAvailable,
            doubtful: sizes !== undefined && pieces?.room(sizes) === 0,
            closed: closed(gpu.address) ?? (known && uncounted(known)),
          };
        }),
        pending: pendingOf(here, made),
        findingPieces: (next) =>
          endowment && counted ? findingPieces(gpu, { endowment, holdings: here }, next) : next.length,
      };
    });
}
