// What one view of the host tells of the next, for GVT-g: the size of the graphics address space, where slices may lie, and
// what the kernel has refused. Pure: a fold from view to view.
import type { PciAddress } from "../../core/ids.ts";
import { fragmentationOf, isAsLarge } from "../../capacity/fragmentation.ts";
import { followed, groundOf, type Newcomer } from "../../capacity/layouts.ts";
import { GGTT_SIZES } from "../../inventory/gvt-g.ts";
import type { GpuMemory, Refusal } from "../../inventory/memory.ts";
import type { Gpu, Inventory, KernelVgpu } from "../../inventory/model.ts";
import type { SliceSizes } from "../../inventory/share.ts";
import type { Remember } from "../../inventory/snapshot.ts";
import { gvtgCapacity, kernelCounts } from "./capacity-rule.ts";

type Observation = Parameters<Remember>[1];

/** The host's own windows come and go without a sign, and with them what the kernel refused. */
const REFUSAL_MS = 10 * 60 * 1000;

export const rememberGvtg: Remember = (before, now) => {
  // Nothing of an earlier boot is where it was.
  const known = before && isOneBoot(before.host.bootId, now.host.bootId) ? before : undefined;
  return new Map([...now.gpus].map(([address, gpu]) => [address, remembering(gpu, { known, now })]));
};

/** An id that cannot be read is no sign of another boot. */
function isOneBoot(id: string, other: string): boolean {
  return id === other || id === "" || other === "";
}

interface Views {
  readonly known: Inventory | undefined;
  readonly now: Observation;
}

function remembering(gpu: Gpu, views: Views): Gpu {
  // Where XenGT's slices lie, and how they are counted, is another matter.
  if (gpu.types.length === 0 || gpu.vgt !== undefined) return gpu;
  const slices = slicesOn(gpu.address, views.now);
  const earlier = views.known?.gpus.get(gpu.address)?.memory;
  const ggttMib = ggttOf(gpu, slices, { release: views.now.host.kernelRelease, earlier });
  const sized: Gpu = { ...gpu, memory: { ...NOTHING, ggttMib } };
  const countsAgree = agree(sized, slices, views.now.host.kernelRelease);
  const refusal = refusalOf(gpu, slices, { ...views, earlier });
  const layouts = layoutsOf(sized, slices, { ...views, earlier });
  return { ...gpu, memory: { ggttMib, layouts, countsAgree, refusal } };
}

const NOTHING: GpuMemory = {
  ggttMib: undefined,
  layouts: undefined,
  countsAgree: false,
  refusal: undefined,
};

function slicesOn(address: PciAddress, { vgpus }: Pick<Inventory, "vgpus">): KernelVgpu[] {
  return [...vgpus.values()].filter(({ gpu }) => gpu === address);
}

/**
 * The largest size that an empty GPU's counts fit. Only ever raised: a count that falls later is of a leaked slice, or a lie,
 * and is to show as a difference.
 */
function ggttOf(
  gpu: Gpu,
  slices: readonly KernelVgpu[],
  { release, earlier }: { readonly release: string; readonly earlier: GpuMemory | undefined },
): number | undefined {
  if (slices.length > 0) return earlier?.ggttMib;
  const fits = GGTT_SIZES.find((ggttMib) => agree({ ...gpu, memory: { ...NOTHING, ggttMib } }, [], release));
  return fits !== undefined && fits > (earlier?.ggttMib ?? 0) ? fits : earlier?.ggttMib;
}

/** Whether every type's count is what the kernel computes from these slices. */
function agree(gpu: Gpu, slices: readonly KernelVgpu[], release: string): boolean {
  const endowment = gvtgCapacity(gpu);
  const sizes = slices.map(({ type }) => sizesOf(gpu, type));
  if (!endowment || sizes.includes(undefined)) return false;
  const taken = sizes.filter((known) => known !== undefined);
  return gpu.types.every(
    (type) =>
      type.sizes !== undefined &&
      type.kernelAvailable !== undefined &&
      kernelCounts(endowment, taken, type.sizes, release).includes(type.kernelAvailable),
  );
}

function layoutsOf(
  gpu: Gpu,
  slices: readonly KernelVgpu[],
  { known, now, earlier }: Views & { readonly earlier: GpuMemory | undefined },
): GpuMemory["layouts"] {
  if (slices.length === 0) return [new Map()];
  const endowment = gvtgCapacity(gpu);
  if (!endowment || !known || !earlier?.layouts) return undefined;
  const before = slicesOn(gpu.address, known).map(({ id }) => id);
  const gone = before.filter((id) => !now.vgpus.has(id));
  // What was refused although it should have fitted: where the slices lie is not what it was taken for.
  if (gone.length > 0 && earlier.refusal && isContradicted(gpu, earlier, earlier.refusal)) return undefined;
  const made = slices.filter(({ id }) => !before.includes(id)).sort(byGroup);
  const came = made.flatMap(({ id, type }): Newcomer[] => {
    const sizes = sizesOf(gpu, type);
    return sizes ? [{ id, sizes }] : [];
  });
  if (came.length < made.length) return undefined;
  const ordered = made.every(({ iommuGroup }) => iommuGroup !== undefined) && !lostAny(known, now);
  return followed(groundOf(endowment), earlier.layouts, { gone, came, ordered });
}

/**
 * The order of their making, since each gets the lowest number that no IOMMU group of the host has (drivers/iommu/iommu.c,
 * iommu_group_alloc), unless a lower one was given back between two of them. A slice that went is seen (lostAny). Not seen are a
 * slice that came and went between the two looks, and any other device that left its group then: a virtual function or a
 * hot-plugged card that was removed, a group of VFIO without an IOMMU.
 */
function byGroup(a: KernelVgpu, b: KernelVgpu): number {
  return (a.iommuGroup ?? 0) - (b.iommuGroup ?? 0);
}

function lostAny(known: Inventory, now: Observation): boolean {
  return [...known.vgpus.keys()].some((id) => !now.vgpus.has(id));
}

function isContradicted(gpu: Gpu, earlier: GpuMemory, { sizes }: Refusal): boolean {
  const endowment = gvtgCapacity(gpu);
  const unrefused = { ...gpu, memory: { ...earlier, refusal: undefined } };
  return endowment !== undefined && fragmentationOf(unrefused, endowment, []).room(sizes) > 0;
}

function sizesOf({ types }: Gpu, name: string): SliceSizes | undefined {
  return types.find((type) => type.name === name)?.sizes;
}

/** Until one of the slices has gone since, or a new one as large shows that there is room again; for ten minutes at most. */
function refusalOf(
  gpu: Gpu,
  slices: readonly KernelVgpu[],
  { known, now, earlier }: Views & { readonly earlier: GpuMemory | undefined },
): Refusal | undefined {
  const refusal = earlier?.refusal;
  // The wall clock may be set, either way.
  if (!known || !refusal || Math.abs(now.observedAt - refusal.at) > REFUSAL_MS) return undefined;
  // What differs from a view before the refusal may have happened before it, too.
  if (known.observedAt < refusal.at) return refusal;
  const hasGone = slicesOn(gpu.address, known).some(({ id }) => !now.vgpus.has(id));
  const isDisproved = slices.some(({ id, type }) => {
    const sizes = sizesOf(gpu, type);
    return !known.vgpus.has(id) && sizes !== undefined && isAsLarge(sizes, refusal.sizes);
  });
  return hasGone || isDisproved ? undefined : refusal;
}
