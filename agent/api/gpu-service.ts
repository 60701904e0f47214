// GpuService: what there is to share.
import {
  GetGpuResponse,
  ListGpusResponse,
  type GpuServiceService,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { AgentError } from "../core/errors.ts";
import { parsePciAddress } from "../core/ids.ts";
import { gpuViews } from "../lifecycle/views.ts";
import { currentInventory, resumeToken, type ApiContext } from "./context.ts";
import { diagnosedOf } from "./diagnosis.ts";
import { toWireGpu } from "./convert/gpu.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { invalid, printable, required } from "./validate/fields.ts";

export function gpuHandlers(context: ApiContext): Partial<Handlers<typeof GpuServiceService>> {
  const views = (): ReturnType<typeof gpuViews> =>
    gpuViews(currentInventory(context), context.ledger, context.rule);
  return {
    listGpus: async (request) => {
      const inventory = currentInventory(context);
      const { items, nextPageToken } = pageOf(views(), ({ gpu }) => gpu.address, request);
      return Promise.resolve(
        ListGpusResponse.fromPartial({
          gpus: items.map((view) => toWireGpu(view, diagnosedOf(context, view.gpu.address))),
          nextPageToken,
          resumeToken: resumeToken(context, inventory),
          observeTime: new Date(inventory.observedAt),
        }),
      );
    },
    getGpu: async (request) => {
      if (request.gpu === "") throw required("gpu");
      const address = parsePciAddress(request.gpu);
      if (!address)
        throw invalid("gpu", `must be a PCI address as 0000:00:02.0, is ${printable(request.gpu)}`);
      const view = views().find(({ gpu }) => gpu.address === address);
      if (!view)
        throw new AgentError("GPU_NOT_FOUND", `this host has no Intel GPU ${address}`, {
          details: { gpu: address },
        });
      const observeTime = new Date(currentInventory(context).observedAt);
      return Promise.resolve(
        GetGpuResponse.fromPartial({ gpu: toWireGpu(view, diagnosedOf(context, address)), observeTime }),
      );
    },
  };
}
