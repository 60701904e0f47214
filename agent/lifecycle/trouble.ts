// What happened to a settled claim's vGPU behind our back, as its failure: never a claim that looks well without one. Pure.
import { sizesText } from "../capacity/wish.ts";
import { isAlive, type Domain, type Inventory } from "../inventory/model.ts";
import { isThere, names, takerOf } from "../inventory/standing.ts";
import { areSameSizes, functionOf, sizesOf } from "../inventory/share.ts";
import type { DomainClaim, Failure } from "./claim.ts";

/** `domain`: the claim's own, as libvirt shows it. Undefined when its vGPU is where the claim says. */
export function troubleOf(claim: DomainClaim, domain: Domain, inventory: Inventory): Failure | undefined {
  const { vgpuId } = claim;
  const alive = isAlive(domain.state);
  const who = `domain ${domain.name} (${domain.id})`;
  if (!names(domain, claim, inventory))
    return {
      reason: "DOMAIN_WITHOUT_VGPU",
      message: `the definition of ${who} does not name its vGPU ${vgpuId} any more, which is still held for it; put the device back (virsh edit), or destroy the domain and create it anew`,
    };
  if (alive && !isThere(claim, inventory))
    return {
      reason: "DOMAIN_WITHOUT_VGPU",
      message: goneText(claim, who),
    };
  const taken = alive ? inventory.vgpus.get(vgpuId)?.sizes : undefined;
  const promised = sizesOf(claim.share);
  if (taken && promised && !areSameSizes(taken, promised))
    return {
      reason: "DOMAIN_WITHOUT_VGPU",
      message: `${who} has taken ${sizesText(taken)}, and its vGPU ${vgpuId} has ${sizesText(promised)}; stop it, put its device model's options -vgt_… back as they were (virsh edit), and start it`,
    };
  // Off, a domain that gave its vGPU back has none that somebody could take.
  const hasNone = alive || claim.domain.onStop === "release";
  const user = hasNone ? undefined : takerOf(claim, { owner: domain.id, inventory });
  if (!user) return undefined;
  return {
    reason: "VGPU_IN_USE",
    message: `vGPU ${vgpuId} of ${who} is used by domain ${user.name} (${user.id}), which vgpud does not touch; it is free again when that domain is off`,
  };
}

function goneText({ vgpuId, gpu, share }: DomainClaim, who: string): string {
  if (share.mode === "gvt-s")
    return `the render node of GPU ${gpu} is gone while ${who} runs, whose guest cannot draw now; its seat is kept: give the GPU its driver back, then stop the domain and start it`;
  const function_ = functionOf({ gpu, share });
  if (function_ !== undefined)
    return `PCI function ${function_} of vGPU ${vgpuId} is gone, or its driver taken away, while ${who} runs, whose guest has no GPU now; its room is kept: stop the domain and start it, which binds the function again`;
  return `vGPU ${vgpuId} is gone from the kernel while ${who} runs, whose guest has no GPU now; its room is kept: stop the domain and start it, which makes the vGPU again`;
}
