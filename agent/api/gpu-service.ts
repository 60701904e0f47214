// GpuService: what there is to share, and what would fit.
import { planOf } from "../capacity/plan.ts";
import type { PlanStock } from "../capacity/plan/site.ts";
import {
  DrainGpuResponse,
  GetGpuResponse,
  ListGpusResponse,
  UndrainGpuResponse,
  type GpuServiceService,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Inventory } from "../inventory/model.ts";
import { drainedOn } from "../lifecycle/drains.ts";
import { holdingsOf } from "../lifecycle/holdings.ts";
import { gpuViews, vgpuViews } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext } from "./context.ts";
import { diagnosedOf } from "./diagnosis.ts";
import { toWireGpu } from "./convert/gpu.ts";
import { gpuNotFound } from "./gpu-not-found.ts";
import { toWirePlan } from "./convert/plan.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { all } from "./validate/fields.ts";
import { parseNote } from "./validate/note.ts";
import { parsePlanRequest } from "./validate/plan-request.ts";
import { parseGpuAddress } from "./validate/vgpu-request.ts";

export function gpuHandlers(context: ApiContext): Partial<Handlers<typeof GpuServiceService>> {
  const views = (): ReturnType<typeof gpuViews> =>
    gpuViews(currentInventory(context), context.ledger, context.rule, context.drains.current);
  const shown = (address: PciAddress): Gpu => {
    const view = views().find(({ gpu }) => gpu.address === address);
    if (!view) throw gpuNotFound(address);
    return toWireGpu(view, diagnosedOf(context, view));
  };
  const found = (address: PciAddress): PciAddress => {
    if (!currentInventory(context).gpus.has(address)) throw gpuNotFound(address);
    return address;
  };
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
      const gpu = shown(parseGpuAddress(request.gpu, "gpu"));
      const observeTime = new Date(currentInventory(context).observedAt);
      return Promise.resolve(GetGpuResponse.fromPartial({ gpu, observeTime }));
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
    drainGpu: async (request) => {
      const { address, note } = all({
        address: () => parseGpuAddress(request.gpu, "gpu"),
        note: () => parseNote(request.note, "note"),
      });
      await context.drains.drainGpu(found(address), note);
      return DrainGpuResponse.fromPartial({ gpu: shown(address) });
    },
    undrainGpu: async (request) => {
      const address = found(parseGpuAddress(request.gpu, "gpu"));
      await context.drains.undrainGpu(address);
      return UndrainGpuResponse.fromPartial({ gpu: shown(address) });
    },
  };
}

function planStock({ ledger, drains, rule, typesAt }: ApiContext, inventory: Inventory): PlanStock {
  const foreign = vgpuViews(inventory, ledger).filter(({ ownership }) => ownership === "foreign");
  return {
    gpus: inventory.gpus.values(),
    ...{ rule, typesAt },
    holdings: holdingsOf(ledger, inventory),
    drained: (gpu) => drainedOn(drains.current, gpu),
    foreign: new Set(foreign.map(({ id }) => id)),
    made: new Set(inventory.vgpus.keys()),
  };
}
