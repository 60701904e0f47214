// What is said of the room on a GPU. The rest of a GPU's conditions comes with the first diagnosis, whenever that is.
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";

const ofRoom: ReadonlySet<string> = new Set(["CAPACITY_DISAGREES", "GM_FRAGMENTED"]);

export function roomConditions(gpu: Gpu | undefined): readonly Condition[] {
  return (gpu?.conditions ?? []).filter(({ reason }) => ofRoom.has(reason));
}
