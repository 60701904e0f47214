// XenGT's slices with their owners. The kernel knows each by the number of the domain that it was made for, and no more; which domain
// that is xenstore tells, and which vGPU of ours the domain's mark, or the ledger while libvirt is away. Pure.
import type { DomainId, VgpuId } from "../core/ids.ts";
import type { Domain, Gpu, Inventory, KernelVgpu } from "../inventory/model.ts";
import type { SliceSizes } from "../inventory/share.ts";
import type { XenGuest } from "./xen-guests.ts";

/** What a domain was promised. */
export interface PromisedSlice {
  readonly vgpuId: VgpuId;
  readonly type: string;
  readonly sizes: SliceSizes;
}

export interface Owners {
  /** Undefined while xenstore cannot be asked. */
  readonly guests: readonly XenGuest[] | undefined;
  /** What a domain was promised by a claim of ours. */
  readonly promised: (domain: DomainId) => PromisedSlice | undefined;
  /** The slices of the look before, by which they are known while xenstore cannot be asked, and what they take once it has no guest. */
  readonly before: () => Iterable<KernelVgpu>;
  /** What the kernel makes of these sizes: what it takes, and its type where the GPU offers one of them. */
  readonly sliceMade: (
    gpu: Gpu,
    asked: SliceSizes,
  ) => { readonly type: string | undefined; readonly sizes: SliceSizes };
}

type Views = Pick<Inventory, "host" | "gpus" | "vgpus" | "domains">;

/** The same on a host without Xen. On one with it domains name their slices also while its kernel has no XenGT. */
export function withOwners<Seen extends Views>(seen: Seen, owners: Owners): Seen {
  const { host, vgpus, domains } = seen;
  if (host.hypervisor !== "xen") return seen;
  const owned = eachNamed([...vgpus.values()], (vgpu) => ownedBy(vgpu, seen, owners));
  const madeFor = (domain: DomainId): VgpuId[] =>
    owned.flatMap(({ vgpu, owner }) => (owner === domain ? [vgpu.id] : []));
  return {
    ...seen,
    vgpus: new Map(owned.map(({ vgpu }) => [vgpu.id, vgpu])),
    domains: domains.known
      ? {
          known: true,
          value: new Map([...domains.value].map(([id, one]) => [id, naming(one, madeFor(id))])),
        }
      : domains,
  };
}

interface Owned {
  readonly vgpu: KernelVgpu;
  /** Undefined for one of a domain that is gone, or that nobody can tell. */
  readonly owner: DomainId | undefined;
}

/** Of two guests under the UUID of a domain of ours each has a slice, and the claim is for one: the other keeps its own name. */
function eachNamed(vgpus: readonly KernelVgpu[], ownerOf: (vgpu: KernelVgpu) => Owned): readonly Owned[] {
  const named = new Set<VgpuId>();
  return vgpus.map((vgpu) => {
    const owned = ownerOf(vgpu);
    const { id } = named.has(owned.vgpu.id) ? vgpu : owned.vgpu;
    named.add(id);
    return { ...owned, vgpu: { ...owned.vgpu, id } };
  });
}

function ownedBy(
  vgpu: KernelVgpu,
  { gpus, domains }: Views,
  { guests, before, promised, sliceMade }: Owners,
): Owned {
  if (vgpu.domid === undefined) return { vgpu, owner: undefined };
  if (guests === undefined) return { vgpu: asBefore(vgpu, before()), owner: undefined };
  const guest = guests.find(({ domid }) => domid === vgpu.domid);
  if (guest === undefined) return { vgpu: leftBehind(vgpu, before()), owner: undefined };
  const gpu = gpus.get(vgpu.gpu);
  const made = gpu && guest.vgt && sliceMade(gpu, guest.vgt);
  const domain = domains.known ? domains.value.get(guest.id) : undefined;
  const own = (domain && markedSlice(domain)) ?? promised(guest.id);
  if (own) {
    const sizes = made?.sizes ?? own.sizes;
    return { vgpu: { ...vgpu, id: own.vgpuId, type: own.type, sizes }, owner: guest.id };
  }
  if (made === undefined) return { vgpu, owner: guest.id };
  return { vgpu: { ...vgpu, type: made.type ?? vgpu.type, sizes: made.sizes }, owner: guest.id };
}

/** Numbers are not given again for long: what had one then has it now. */
function asBefore(vgpu: KernelVgpu, before: Iterable<KernelVgpu>): KernelVgpu {
  return [...before].find(({ domid }) => domid === vgpu.domid) ?? vgpu;
}

/** What it takes it takes until it is gone, whoever had it. */
function leftBehind(vgpu: KernelVgpu, before: Iterable<KernelVgpu>): KernelVgpu {
  const { id, type, sizes, formerId = id } = asBefore(vgpu, before);
  return { ...vgpu, type, ...(sizes && { sizes }), ...(formerId === vgpu.id ? {} : { formerId }) };
}

/** A slice of XenGT is no device of the definition: a domain of ours names its own by the mark, also while it is off. */
function naming(domain: Domain, made: readonly VgpuId[]): Domain {
  const promised = markedSlice(domain)?.vgpuId;
  const named = promised === undefined ? made : [promised, ...made];
  return named.length === 0 ? domain : { ...domain, vgpuIds: [...new Set([...domain.vgpuIds, ...named])] };
}

/** A mark found on another domain came with a copied definition. */
function markedSlice({ id, mark }: Domain): PromisedSlice | undefined {
  if (mark?.domainId !== id || mark.share.mode !== "gvt-g") return undefined;
  const { type, sizes } = mark.share;
  return { vgpuId: mark.vgpuId, type, sizes };
}
