// GpuService: what there is to share, and what would fit.
import { planOf } from "../capacity/plan.ts";
import type { PlanStock } from "../capacity/plan/site.ts";
import {
  GetGpuResponse,
  ListGpusResponse,
  type GpuServiceService,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Inventory } from "../inventory/model.ts";
import { holdingsOf } from "../lifecycle/holdings.ts";
import { gpuViews, vgpuViews } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext } from "./context.ts";
import { diagnosedOf } from "./diagnosis.ts";
import { toWireGpu } from "./convert/gpu.ts";
import { gpuNotFound } from "./gpu-not-found.ts";
import { toWirePlan } from "./convert/plan.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { parsePlanRequest } from "./validate/plan-request.ts";
import { parseGpuAddress } from "./validate/vgpu-request.ts";

export function gpuHandlers(context: ApiContext): Partial<Handlers<typeof GpuServiceService>> {
  const views = (): ReturnType<typeof gpuViews> =>
    gpuViews(currentInventory(context), context.ledger, context.rule);
  return {
    listGpus: async (request) => {
      const inventory = currentInventory(context);
      const { items, nextPageToken } = pageOf(views(), ({ gpu }) => gpu.address, request);
      return Promise.resolve(
        ListGpusResponse.fromPartial({
          gpus: items.map((view) => toWireGpu(view, diagnosedOf(context, view))),
          nextPageToken,
          resumeToken: context.changes.token(),
          observeTime: new Date(inventory.observedAt),
        }),
      );
    },
    getGpu: async (request) => {
      const address = parseGpuAddress(request.gpu, "gpu");
      const view = views().find(({ gpu }) => gpu.address === address);
      if (!view) throw gpuNotFound(address);
      const observeTime = new Date(currentInventory(context).observedAt);
      return Promise.resolve(
        GetGpuResponse.fromPartial({ gpu: toWireGpu(view, diagnosedOf(context, view)), observeTime }),
      );
    },
    plan: async (request) => {
      const { requests, what } = parsePlanRequest(request);
      const inventory = currentInventory(context);
      const named = [...requests.map(({ wish }) => wish.gpu), ...what.withoutGpus, ...what.apertures.keys()];
      const missing = named.find((gpu) => gpu !== undefined && !inventory.gpus.has(gpu));
      if (missing !== undefined) throw gpuNotFound(missing);
      const plan = planOf(requests, planStock(context, inventory), what);
      return Promise.resolve(toWirePlan(plan, new Date(inventory.observedAt)));
    },
  };
}

function planStock({ ledger, rule, typesAt }: ApiContext, inventory: Inventory): PlanStock {
  const foreign = vgpuViews(inventory, ledger).filter(({ ownership }) => ownership === "foreign");
  return {
    gpus: inventory.gpus.values(),
    ...{ rule, typesAt },
    holdings: holdingsOf(ledger, inventory),
    foreign: new Set(foreign.map(({ id }) => id)),
    made: new Set(inventory.vgpus.keys()),
  };
}
