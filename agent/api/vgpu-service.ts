// VgpuService: every slice that exists or is promised, whoever made it.
import {
  GetVgpuResponse,
  ListVgpusResponse,
  type VgpuRef,
  type VgpuServiceService,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { AgentError } from "../core/errors.ts";
import { parseClaimId, parseVgpuId } from "../core/ids.ts";
import { vgpuViews, type VgpuView } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext, type ViewContext } from "./context.ts";
import { toWireVgpu } from "./convert/vgpu.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { CLAIM_ID, invalid, printable, required } from "./validate/fields.ts";

export function vgpuHandlers(context: ApiContext): Partial<Handlers<typeof VgpuServiceService>> {
  return {
    listVgpus: async (request) => {
      const inventory = currentInventory(context);
      const { items, nextPageToken } = pageOf(vgpuViews(inventory, context.ledger), ({ id }) => id, request);
      return Promise.resolve(
        ListVgpusResponse.fromPartial({
          vgpus: items.map((view) => shownVgpu(context, view)),
          nextPageToken,
          resumeToken: context.changes.token(),
          observeTime: new Date(inventory.observedAt),
        }),
      );
    },
    getVgpu: async ({ vgpu }) => {
      const inventory = currentInventory(context);
      const view = vgpuViews(inventory, context.ledger).find(matching(vgpu));
      if (!view)
        throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU ${printable(vgpu?.ref?.value ?? "")}`);
      const observeTime = new Date(inventory.observedAt);
      return Promise.resolve(GetVgpuResponse.fromPartial({ vgpu: shownVgpu(context, view), observeTime }));
    },
  };
}

function matching(vgpu: VgpuRef | undefined): (view: VgpuView) => boolean {
  const ref = vgpu?.ref;
  if (!ref) throw required("vgpu");
  const field = ref.$case === "claimId" ? "vgpu.claim_id" : "vgpu.vgpu_id";
  if (ref.value === "") throw required(field);
  if (ref.$case === "claimId") {
    const claimId = parseClaimId(ref.value);
    if (!claimId) throw invalid(field, `${CLAIM_ID}, is ${printable(ref.value)}`);
    return ({ claim }) => claim?.claimId === claimId;
  }
  const id = parseVgpuId(ref.value);
  if (!id) throw invalid(field, `must be a UUID, is ${printable(ref.value)}`);
  return (view) => view.id === id;
}

export function shownVgpu(context: ViewContext, view: VgpuView): Vgpu {
  const { claim } = view;
  const stalledBy = claim?.operation && context.operations.stalledBy(claim.operation.id);
  return toWireVgpu(view, { inventory: currentInventory(context), stalledBy });
}
