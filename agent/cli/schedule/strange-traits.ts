// Traits of flavors that look like vgpud's and are none: Placement refuses each request with such a one. Pure.
import { GPU_TRAITS, TRAITS } from "../../core/placement-names.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { Flavor } from "./flavor.ts";

const TYPE = "TYPE_";
const endings = GPU_TRAITS.map((trait) => trait.slice(TRAITS.length));
const kinds = [...new Set(endings.map((ending) => ending.replace(/(?<=_).*/, "")))];

/** What is said of each such trait of the flavor. Those of others are theirs to know. */
export function strangeTraits({ name, traits }: Pick<Flavor, "name" | "traits">): readonly string[] {
  return [...traits.required, ...traits.forbidden].flatMap((trait) => {
    if (!trait.startsWith(TRAITS)) return [];
    const ending = trait.slice(TRAITS.length);
    if (endings.includes(ending)) return [];
    const meant = meantBy(ending);
    // A list of XenServer's may name any.
    if (meant === undefined && ending.startsWith(TYPE)) return [];
    return [
      `${name}: no vgpud has trait ${trait}; ${meant ?? "its traits begin with its kind: " + kinds.join(", ")}`,
    ];
  });
}

/** By the words behind the kind, where that is right: what all have in common makes none alike. */
function meantBy(ending: string): string | undefined {
  const kind = kinds.find((each) => each.endsWith("_") && ending.startsWith(each)) ?? "";
  const among = endings.filter((each) => each.startsWith(kind)).map((each) => each.slice(kind.length));
  const hint = didYouMean(ending.slice(kind.length), among);
  return hint?.replace("did you mean ", `did you mean ${TRAITS}${kind}`);
}
