// Who has anything of a GPU, in words: what stands in the way of another mode, and of another number of virtual functions. Pure.
import { counted } from "../core/counted.ts";
import type { PciAddress } from "../core/ids.ts";
import { isAlive, type Domain, type Gpu, type Inventory, type Known } from "../inventory/model.ts";
import { rendersOn } from "../inventory/standing.ts";
import type { Claim } from "./claim.ts";
import type { Cut } from "./cut.ts";
import { takesMemory } from "./function-profile.ts";
import type { Ledger } from "./ledger.ts";

/** All that has anything of the GPU in any mode. What nobody tells of while libvirt is away is not among them. */
export function usersOf(address: PciAddress, ledger: Ledger, inventory: Inventory): string[] {
  const { gpus, vgpus } = inventory;
  const gpu = gpus.get(address);
  const claims = claimsOn(address, ledger);
  const claimed = new Set(claims.map(({ vgpuId }) => vgpuId));
  const others = [...vgpus.values()].filter(({ id, gpu: on }) => on === address && !claimed.has(id));
  const functions = gpu?.sriov?.functions.length ?? 0;
  const guests = domainsOfOthers(claims, inventory).filter(
    (domain) => domain.pciDevices.includes(address) || (gpu && rendersNow(domain, gpu)),
  );
  return [
    ...claims.map(claimText),
    ...others.map(({ id }) => `vGPU ${id} of others`),
    ...(functions > 0 ? [counted(functions, "virtual function")] : []),
    ...guests.map(domainText),
  ];
}

/**
 * Who would lose what they have of the GPU's virtual functions by this cut; undefined while nobody can say whose domains name one.
 * Of those that a boot took away some are promised still.
 */
export function usersCutOff(
  gpu: Gpu,
  { count, profile, anew }: Omit<Cut, "gpu">,
  ledger: Ledger,
  inventory: Inventory,
): Known<readonly string[]> {
  const has = gpu.sriov?.functions.length ?? 0;
  if (has === 0) return { known: true, value: claimsBeyond(count, gpu.address, ledger) };
  if (has === count && anew !== true && !takesMemory(profile)) return { known: true, value: [] };
  const { domains } = inventory;
  return domains.known ? { known: true, value: functionUsersOf(gpu, ledger, inventory) } : domains;
}

/** Those that have virtual functions of the GPU: claims, and running domains of others. */
function functionUsersOf(gpu: Gpu, ledger: Ledger, inventory: Inventory): string[] {
  const claims = claimsOn(gpu.address, ledger).filter(({ share }) => share.mode === "sriov");
  const functions = new Set(gpu.sriov?.functions.map(({ address }) => address));
  const guests = domainsOfOthers(claims, inventory).filter(
    ({ state, pciDevices }) => isAlive(state) && pciDevices.some((address) => functions.has(address)),
  );
  return [...claims.map(claimText), ...guests.map(domainText)];
}

/** Claims with virtual functions of higher numbers. */
function claimsBeyond(count: number, address: PciAddress, ledger: Ledger): string[] {
  return claimsOn(address, ledger)
    .filter(({ share }) => share.mode === "sriov" && share.number > count)
    .map(claimText);
}

/** In one order, also after a restart, which reads them in another. */
function claimsOn(address: PciAddress, ledger: Ledger): Claim[] {
  return ledger
    .living()
    .filter(({ gpu }) => gpu === address)
    .sort((one, other) => (one.claimId < other.claimId ? -1 : 1));
}

function domainsOfOthers(claims: readonly Claim[], { domains }: Inventory): Domain[] {
  const owned = new Set(claims.map(({ domain }) => domain?.id));
  return domains.known ? [...domains.value.values()].filter(({ id }) => !owned.has(id)) : [];
}

function rendersNow({ state, renderNodes }: Domain, gpu: Gpu): boolean {
  return isAlive(state) && renderNodes.some((node) => rendersOn(gpu, node));
}

function claimText({ claimId, domain }: Claim): string {
  return domain ? `domain ${domain.name} (claim ${claimId})` : `claim ${claimId}`;
}

function domainText({ name, id }: Domain): string {
  return `domain ${name} (${id})`;
}
