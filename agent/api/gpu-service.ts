// GpuService: what there is to share, and what would fit.
import { planOf } from "../capacity/plan.ts";
import type { PlanStock } from "../capacity/plan/suppose.ts";
import {
  DrainGpuResponse,
  GetGpuResponse,
  ListGpusResponse,
  SetGpuModeResponse,
  SetVirtualFunctionsResponse,
  UndrainGpuResponse,
  type GpuServiceService,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode, type Gpu as WireGpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Inventory } from "../inventory/model.ts";
import { stockOf } from "../lifecycle/stock.ts";
import { gpuViews, vgpuViews } from "../lifecycle/views.ts";
import { currentInventory, termsOf, type ApiContext } from "./context.ts";
import { diagnosedOf } from "./diagnosis.ts";
import { toWireGpu } from "./convert/gpu.ts";
import { gpuNotFound } from "./gpu-not-found.ts";
import { toWirePlan } from "./convert/plan.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { all } from "./validate/fields.ts";
import { parseFunctionCount } from "./validate/function-count.ts";
import { parseKnownMode } from "./validate/modes.ts";
import { parseNote } from "./validate/note.ts";
import { parsePlanRequest } from "./validate/plan-request.ts";
import { parseVfProfile } from "./validate/vf-profile.ts";
import { parseGpuAddress } from "./validate/vgpu-request.ts";

export function gpuHandlers(context: ApiContext): Handlers<typeof GpuServiceService> {
  const views = (): ReturnType<typeof gpuViews> =>
    gpuViews(currentInventory(context), context.ledger, termsOf(context));
  const shown = (address: PciAddress): WireGpu => {
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
    setGpuMode: async ({ gpu, mode, validateOnly }, caller) => {
      const request = all({
        gpu: () => parseGpuAddress(gpu, "gpu"),
        mode: () => (mode === Mode.UNSPECIFIED ? undefined : parseKnownMode(mode, "mode")),
      });
      const warnings = await context.gpuModes.set({ ...request, validateOnly }, caller);
      return SetGpuModeResponse.fromPartial({ gpu: shown(request.gpu), warnings: [...warnings] });
    },
    setVirtualFunctions: async (request, caller) => {
      const wanted = all({
        gpu: () => parseGpuAddress(request.gpu, "gpu"),
        count: () => parseFunctionCount(request.count, "count"),
        profile: () => parseVfProfile(request.profile, "profile"),
      });
      const { validateOnly } = request;
      const warnings = await context.virtualFunctions.set({ ...wanted, validateOnly }, caller);
      return SetVirtualFunctionsResponse.fromPartial({ gpu: shown(wanted.gpu), warnings: [...warnings] });
    },
  };
}

function planStock(context: ApiContext, inventory: Inventory): PlanStock {
  const views = vgpuViews(inventory, context.ledger, context.modes.current);
  const foreign = views.filter(({ ownership }) => ownership === "foreign");
  return {
    ...stockOf(inventory, context),
    typesAt: context.typesAt,
    foreign: new Set(foreign.map(({ id }) => id)),
  };
}
