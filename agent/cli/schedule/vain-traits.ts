// Traits that vgpud has, and by which a flavor never has a candidate. Pure.
import { DRAINED, traitOf } from "../../core/placement-names.ts";
import type { Flavor } from "./flavor.ts";

const OF_MODE = traitOf("mode", "");
const XEN_GUEST = traitOf("hypervisor", "xen-guest");

/** What is said of each such trait of the flavor. */
export function vainTraits({
  name,
  vgpu,
  traits,
}: Pick<Flavor, "name" | "vgpu" | "traits">): readonly string[] {
  const own = traitOf("mode", vgpu.mode);
  const required = traits.required.flatMap((trait) => {
    if (trait === DRAINED) return [`requires ${trait}, and of a GPU that is drained nothing is given out`];
    if (trait === XEN_GUEST) return [`requires ${trait}, and on a guest of Xen nothing is given out`];
    const isOther = trait.startsWith(OF_MODE) && trait !== own;
    return isOther ? [`requires ${trait}, and what gives a vGPU of ${vgpu.mode} has ${own}`] : [];
  });
  const forbidden = traits.forbidden.includes(own)
    ? [`forbids ${own}, which all have that give a vGPU of ${vgpu.mode}`]
    : [];
  return [...required, ...forbidden].map((why) => `${name}: no GPU is ever a candidate: it ${why}`);
}
