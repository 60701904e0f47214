// The types of XenGT's slices. Kernels of 2015 and 2016 know none and take any sizes; those since 2017 know GVT-g's and choose by the
// exact low GM that they are told, whatever else they are told (gvt/xengt.c). An operator may bring XenServer's list. Pure.
import { KNOWN_TYPES } from "../../core/gvtg-types.ts";
import { typesVersionOf } from "../../inventory/gvt-g.ts";
import type { Gpu, VgpuType, VgtInterface } from "../../inventory/model.ts";
import { platformOf } from "../../inventory/platforms.ts";
import { areSameSizes, type SliceSizes } from "../../inventory/share.ts";
import type { ListedType } from "./whitelist.ts";

/** A type as it can be made on a GPU. */
export type XengtType = Pick<VgpuType, "name" | "resolution"> & { readonly sizes: SliceSizes };

/** GVT-g's own of 2017 and later (gvt/vgpu.c); the smallest shows less. */
const RESOLUTIONS: Readonly<Record<string, string>> = { "8": "1024x768" };
const USUAL_RESOLUTION = "1920x1200";

/** All that XenGT ever drove had the table of Broadwell before it had one of its own. */
const OLDEST_VERSION = "V4";

/**
 * What may be asked for, largest apertures included: whether there is room for one is for the capacity rule to say. The names
 * without a list are those of GVT-g on KVM, so that a request suits hosts of both.
 */
export function xengtTypes(
  deviceId: string,
  { vgt, listed }: { readonly vgt: VgtInterface; readonly listed: readonly ListedType[] | undefined },
): readonly XengtType[] {
  if (listed === undefined) return namedAsOnKvm(deviceId);
  const own = listed.filter((type) => type.deviceId === deviceId);
  const types = own.map(({ name, sizes, resolution }) => ({ name, sizes, resolution }));
  return vgt === "2015" ? types : types.flatMap(asTheKernelHas);
}

function namedAsOnKvm(deviceId: string): XengtType[] {
  const version = typesVersionOf(platformOf(deviceId)?.name ?? "") ?? OLDEST_VERSION;
  return KNOWN_TYPES.map(({ suffix, sizes }) => ({
    name: `i915-GVTg_${version}_${suffix}`,
    sizes,
    resolution: RESOLUTIONS[suffix] ?? USUAL_RESOLUTION,
  }));
}

/** None for a low GM that the kernel has no type of: it would refuse each. */
function asTheKernelHas(type: XengtType): XengtType[] {
  const sizes = kernelSizes(type.sizes);
  return sizes ? [{ ...type, sizes }] : [];
}

/** Those of the type that kernels since 2017 choose; undefined where they have none. */
function kernelSizes({ lowGmMib }: SliceSizes): SliceSizes | undefined {
  return KNOWN_TYPES.find(({ sizes }) => sizes.lowGmMib === lowGmMib)?.sizes;
}

/** What the kernel takes for a slice whose maker asks for these sizes. */
export function sizesTaken(vgt: VgtInterface | undefined, asked: SliceSizes): SliceSizes {
  // Of a low GM without a type none can have been made: what was asked is all that is known of what is there.
  return (vgt === "2017" ? kernelSizes(asked) : undefined) ?? asked;
}

/** The slice that came of being asked for in these sizes: what it takes, and its type where the GPU offers one of them. */
export function sliceMade(
  { types, vgt }: Pick<Gpu, "types" | "vgt">,
  asked: SliceSizes,
): { readonly type: string | undefined; readonly sizes: SliceSizes } {
  const sizes = sizesTaken(vgt, asked);
  const found = types.find((type) => type.sizes && areSameSizes(type.sizes, sizes));
  return { type: found?.name, sizes };
}
