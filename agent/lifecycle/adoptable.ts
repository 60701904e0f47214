// Whether a vGPU can be taken over, and with which domain. Pure.
import { AgentError } from "../core/errors.ts";
import type { ClaimId, VgpuId } from "../core/ids.ts";
import { sizesText } from "../capacity/wish.ts";
import { isAlive, type Domain, type Inventory, type KernelVgpu } from "../inventory/model.ts";
import type { Share, SliceSizes } from "../inventory/share.ts";
import { sizesOfSlice } from "../inventory/slice-sizes.ts";
import type { SliceClaim } from "./claim.ts";
import type { ModeRecord } from "./gpu-modes.ts";
import type { Ledger } from "./ledger.ts";
import { othersVgpus, type OthersVgpu } from "./others.ts";
import type { RequestIdentity } from "./requests.ts";

/** What is to be taken over, and as what. */
export interface Wanted extends RequestIdentity {
  readonly vgpuId: VgpuId;
  readonly claimId: ClaimId;
  readonly withDomain: boolean;
}

/** What can be. */
export interface Adoptable {
  readonly kernel: KernelVgpu;
  readonly share: Share;
  /** Set when it is taken over, too. */
  readonly domain: Domain | undefined;
  /** The domain that names it, whoever manages it. */
  readonly user: Domain | undefined;
}

/** What the same request made before; undefined for a new one. Throws when the vGPU or the claim id is another's. */
export function refuseAnothers(ledger: Ledger, { vgpuId, claimId, digest }: Wanted): SliceClaim | undefined {
  const details = { claim_id: claimId, vgpu_id: vgpuId };
  const earlier = ledger.byClaimId(claimId) ?? ledger.byReservation(claimId);
  const holder = ledger.get(vgpuId);
  if (!earlier) {
    if (holder && holder.state !== "gone")
      throw new AgentError("CLAIM_STATE", `vGPU ${vgpuId} is own already, by claim ${holder.claimId}`, {
        details: { ...details, holder: holder.claimId },
      });
    return undefined;
  }
  if (earlier.kind === "reservation" || earlier !== holder || earlier.requestDigest !== digest)
    throw new AgentError("CLAIM_REUSED", `claim id ${claimId} stands for another request`, { details });
  if (earlier.goal === "absent")
    throw new AgentError("CLAIM_ENDED", `claim ${claimId} has ended; ask with a new claim id`, { details });
  return earlier;
}

/** What stands on this host already. */
interface Standing {
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly modes: ModeRecord;
}

/** Throws VGPU_NOT_FOUND, DOMAIN_NOT_FOUND, CLAIM_STATE, MODE_UNSUPPORTED or DOMAIN_NOT_ADOPTABLE. */
export function adoptable({ vgpuId, withDomain }: Wanted, { inventory, ledger, modes }: Standing): Adoptable {
  const kernel = inventory.vgpus.get(vgpuId);
  const details = { vgpu_id: vgpuId };
  if (!kernel) {
    refuseNoSlice(vgpuId, othersVgpus({ inventory, ledger, modes }));
    throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU ${vgpuId}`, { details });
  }
  if (kernel.isLeaving) throw new AgentError("CLAIM_STATE", `vGPU ${vgpuId} is being removed`, { details });
  const mode = modes.get(kernel.gpu)?.mode ?? "gvt-g";
  if (mode !== "gvt-g")
    throw new AgentError(
      "MODE_UNSUPPORTED",
      `vGPU ${vgpuId} cannot be taken over while GPU ${kernel.gpu} is in mode ${mode}`,
      { details: { ...details, gpu: kernel.gpu, mode } },
    );
  const sizes = sizesOfSlice(kernel, inventory.gpus.get(kernel.gpu));
  if (!sizes || kernel.type === "")
    throw new AgentError("CLAIM_STATE", `vGPU ${vgpuId} ${withoutType(kernel, sizes)}`, { details });
  const named = namersOf(vgpuId, inventory);
  if (kernel.domid !== undefined && named.length === 0)
    throw new AgentError(
      "CLAIM_STATE",
      `vGPU ${vgpuId} was made for the domain with number ${kernel.domid}, which is gone: it is of use to nobody, and is removed`,
      { details },
    );
  const user = named.find(({ state }) => isAlive(state)) ?? named[0];
  const domain = withDomain ? adoptableDomain(vgpuId, { named, user, ledger }) : undefined;
  return { kernel, share: { mode: "gvt-g", type: kernel.type, sizes }, domain, user };
}

/** What is a part of the definition of a domain of others goes with that: there is nothing that a claim could keep. */
function refuseNoSlice(vgpuId: VgpuId, others: readonly OthersVgpu[]): void {
  const vgpu = others.find(({ id }) => id === vgpuId);
  if (!vgpu) return;
  const { gpu, share, domain } = vgpu;
  const whose = domain ? `domain ${domain.name} (${domain.id}) has it` : "its driver keeps it for a guest";
  const message = `vGPU ${vgpuId} on GPU ${gpu} is of mode ${share.mode}, and ${whose}: only slices of mode gvt-g can be taken over`;
  throw new AgentError("MODE_UNSUPPORTED", message, { details: { vgpu_id: vgpuId, gpu, mode: share.mode } });
}

/** Why a claim cannot say what it takes. Goes on from the vGPU's name. */
function withoutType({ gpu, type }: KernelVgpu, sizes: SliceSizes | undefined): string {
  if (type !== "") return `is of type ${type}, which the kernel does not describe`;
  return sizes
    ? `was made with ${sizesText(sizes)}, of which GPU ${gpu} has no type`
    : "was made by nobody who tells with which sizes";
}

function namersOf(vgpuId: VgpuId, { domains }: Inventory): Domain[] {
  const all = domains.known ? [...domains.value.values()] : [];
  return all.filter(({ vgpuIds }) => vgpuIds.includes(vgpuId));
}

function adoptableDomain(
  vgpuId: VgpuId,
  {
    named,
    user,
    ledger,
  }: { readonly named: readonly Domain[]; readonly user: Domain | undefined; readonly ledger: Ledger },
): Domain {
  if (!user)
    throw new AgentError("DOMAIN_NOT_FOUND", `no domain of this host names vGPU ${vgpuId}`, {
      details: { vgpu_id: vgpuId },
    });
  const unfit = (why: string): AgentError =>
    new AgentError("DOMAIN_NOT_ADOPTABLE", `domain ${user.name} (${user.id}) cannot be taken over: ${why}`, {
      details: { domain_uuid: user.id, domain_name: user.name },
    });
  if (named.length > 1)
    throw unfit(`vGPU ${vgpuId} is also named by ${others(named, user)}; take the device out of all but one`);
  if (!user.persistent)
    throw unfit("it is transient, so that libvirt would forget it when it is off; define it first");
  if (user.vgpuIds.length > 1) throw unfit(`it has ${user.vgpuIds.length} vGPUs, and a claim is for one`);
  const claim = ledger.byDomainId(user.id);
  if (claim && claim.vgpuId !== vgpuId) throw unfit(`it belongs to claim ${claim.claimId}`);
  return user;
}

function others(named: readonly Domain[], user: Domain): string {
  return named
    .filter((domain) => domain !== user)
    .map(({ name }) => name)
    .join(", ");
}
