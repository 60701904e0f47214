// Plans as the contract shows them.
import { PlanResponse } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Plan } from "../../capacity/plan.ts";
import { toWireAmounts, toWireSizes } from "./gpu.ts";

export function toWirePlan({ planned, unplanned, exact, warnings }: Plan, observeTime: Date): PlanResponse {
  return PlanResponse.fromPartial({
    fits: unplanned.length === 0,
    planned: planned.map(({ item, gpu, type, sizes }) => ({
      ...{ item, gpu, type },
      sizes: sizes && toWireSizes(sizes),
    })),
    unplanned: unplanned.map(({ item, count, reason, shortfalls }) => ({
      ...{ item, count, reason },
      shortfalls: shortfalls.map(({ gpu, reason: lost, why, missing }) => ({
        ...{ gpu, reason: lost, message: why },
        missing: missing && toWireAmounts(missing),
      })),
    })),
    ...{ exact, observeTime },
    warnings: [...warnings],
  });
}
