// Whether what a vGPU is made of is on the host, and which domains name it, in whatever mode. Pure.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import { renderNodeAt } from "../core/render-node.ts";
import { isGivenByDriver } from "./guest-drivers.ts";
import { isAlive, type Domain, type Gpu, type Inventory } from "./model.ts";
import { functionOf, type Share } from "./share.ts";
import type { VirtualFunction } from "./virtual-functions.ts";
import { isXengt } from "./xengt.ts";

/** A vGPU as a claim promises it. */
export interface PromisedVgpu {
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly share: Share;
}

/** Whether the kernel makes it for a domain that is there, and not before: so does XenGT. */
export function isMadeForDomain(
  { share }: Pick<PromisedVgpu, "share">,
  inventory: Pick<Inventory, "host">,
): boolean {
  return share.mode === "gvt-g" && isXengt(inventory);
}

/** Whether a domain could be started with it now. */
export function isThere({ vgpuId, gpu, share }: PromisedVgpu, { vgpus, gpus }: Inventory): boolean {
  switch (share.mode) {
    case "gvt-g":
      return vgpus.has(vgpuId);
    case "gvt-s":
      return gpus.get(gpu)?.drmRender !== undefined;
    case "gvt-d":
      return isGivenByDriver(gpus.get(gpu)?.driver);
    case "sriov":
      return isGivenByDriver(functionAt(share.address, gpus.get(gpu))?.driver);
  }
}

/** Whether the kernel has something that was made for it, and that stays until it is removed. */
export function isMade({ vgpuId, gpu, share }: PromisedVgpu, { vgpus, gpus }: Inventory): boolean {
  switch (share.mode) {
    case "gvt-g":
      return vgpus.has(vgpuId);
    case "sriov":
      return isGivenByDriver(functionAt(share.address, gpus.get(gpu))?.driver);
    // A GPU stays with the driver that gives it to guests for as long as it is in that mode.
    case "gvt-d":
    case "gvt-s":
      return false;
  }
}

function functionAt(address: PciAddress, gpu: Gpu | undefined): VirtualFunction | undefined {
  return gpu?.sriov?.functions.find((each) => each.address === address);
}

/** Whether the domain's definition gives it the vGPU. Of a seat that cannot be told while its GPU's node is not known. */
export function names(domain: Domain, vgpu: PromisedVgpu, { gpus }: Inventory): boolean {
  const { vgpuId, gpu, share } = vgpu;
  switch (share.mode) {
    case "gvt-g":
      return domain.vgpuIds.includes(vgpuId);
    case "gvt-s":
      return domain.renderNodes.some((node) => isNodeAt(gpu, gpus.get(gpu)?.drmRender, node));
    case "gvt-d":
    case "sriov":
      return domain.pciDevices.includes(functionOf({ gpu, share }));
  }
}

/** Another domain that runs with what only one can have. */
export function takerOf(
  vgpu: PromisedVgpu,
  { owner, inventory }: { readonly owner: Domain["id"]; readonly inventory: Inventory },
): Domain | undefined {
  if (vgpu.share.mode === "gvt-s" || !inventory.domains.known) return undefined;
  return [...inventory.domains.value.values()].find(
    (domain) => domain.id !== owner && isAlive(domain.state) && names(domain, vgpu, inventory),
  );
}

export function rendersOn({ address, drmRender }: Gpu, node: string): boolean {
  return isNodeAt(address, drmRender, node);
}

/** The node may be named by where its GPU is, which card numbers do not tell (systemd rules.d/60-drm.rules). */
function isNodeAt(address: PciAddress, drmRender: string | undefined, node: string): boolean {
  if (node === renderNodeAt(address)) return true;
  return drmRender !== undefined && node === `/dev/dri/${drmRender}`;
}
