// What others have of the GPUs beside slices, which the kernel lists itself: virtual functions, whole GPUs and seats. It is what the
// accounts of the modes count as foreign, one by one. Pure.
import { foreignSeats } from "../capacity/accounts/render-seats.ts";
import type { DomainUses } from "../capacity/accounts/domain-use.ts";
import type { DomainId, PciAddress, VgpuId } from "../core/ids.ts";
import { foreignVgpuId } from "../core/vgpu-mark.ts";
import type { Domain, Gpu, HostFacts, Inventory } from "../inventory/model.ts";
import { functionOf, type Share, type SliceShare } from "../inventory/share.ts";
import type { SliceClaim } from "./claim.ts";
import type { ModeRecord } from "./gpu-modes.ts";
import type { Ledger } from "./ledger.ts";
import { domainUses, functionsOf, wholeOf } from "./mode-accounts.ts";

export interface OthersVgpu {
  readonly id: VgpuId;
  readonly gpu: PciAddress;
  readonly share: Exclude<Share, SliceShare>;
  /** Undefined where only the driver that keeps it for a guest tells that somebody has it. */
  readonly domain: Domain | undefined;
}

/** What the host is seen by, and what of it is promised. */
interface Seen {
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly modes: ModeRecord;
}

/** While libvirt is away those alone that their driver tells of. */
export function othersVgpus({ inventory, ledger, modes }: Seen): OthersVgpu[] {
  const uses = domainUses(inventory, ledger);
  return [...inventory.gpus.values()].flatMap((gpu) =>
    heldByOthers(gpu, { ledger, modes, uses }).map(({ share, domain }) => ({
      id: othersVgpuId({ gpu: gpu.address, share, domain }, inventory.host),
      gpu: gpu.address,
      share,
      domain: domain && inventory.domains.known ? inventory.domains.value.get(domain) : undefined,
    })),
  );
}

/** Whether it is seen whatever claims say: a slice that the kernel lists, or what others have. */
export function isSeen(id: VgpuId, seen: Seen): boolean {
  return seen.inventory.vgpus.has(id) || othersVgpus(seen).some((vgpu) => vgpu.id === id);
}

/** By which what a claim had is shown once it is given up as it is. */
export function idGivenUp(
  { vgpuId, gpu, share, domain }: Pick<SliceClaim, "vgpuId" | "gpu" | "share" | "domain">,
  { host }: Pick<Inventory, "host">,
): VgpuId {
  return share.mode === "gvt-g" ? vgpuId : othersVgpuId({ gpu, share, domain: domain?.id }, host);
}

interface Held extends Pick<OthersVgpu, "share"> {
  readonly domain: DomainId | undefined;
}

function heldByOthers(
  gpu: Gpu,
  by: { readonly ledger: Ledger; readonly modes: ModeRecord; readonly uses: DomainUses },
): readonly Held[] {
  const functions = functionsOf(gpu, by)?.functions ?? [];
  const whole = wholeOf(gpu, by);
  const seats = foreignSeats(gpu, by.uses) ?? [];
  return [
    ...functions
      .filter(({ holder }) => holder === "foreign")
      .map(({ function: { number, address }, domain }) => ({
        ...{ share: { mode: "sriov", number, address } as const, domain },
      })),
    ...(whole.holder === "foreign" ? [{ share: { mode: "gvt-d" } as const, domain: whole.domain }] : []),
    ...seats.map(({ domain }) => ({ share: { mode: "gvt-s" } as const, domain })),
  ];
}

/** A function is the same whoever has it; a seat is nothing without its domain. */
function othersVgpuId(
  { gpu, share, domain }: Held & Pick<OthersVgpu, "gpu">,
  { hostname, bootId }: Pick<HostFacts, "hostname" | "bootId">,
): VgpuId {
  const ref = functionOf({ gpu, share }) ?? `${gpu} ${domain ?? ""}`;
  return foreignVgpuId({ hostname, bootId, ref });
}
