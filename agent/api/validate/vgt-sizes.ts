// Ranges of the three sizes of a flavor. A GGTT maps 4 GiB at most, and a GPU has 32 fences.
import type { Range } from "./fields.ts";

/** Something must be asked for: what takes no aperture is no slice. */
export const LOW_GM_MIB: Range = { min: 1, max: 4096 };
export const GM_MIB: Range = { min: 0, max: 4096 };
export const FENCES: Range = { min: 0, max: 32 };
