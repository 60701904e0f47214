// VgpuService: every slice that exists or is promised, whoever made it, and those for domains that somebody else manages.
import {
  CreateVgpuResponse,
  DeleteVgpuResponse,
  GetVgpuResponse,
  ListVgpusResponse,
  type CreateVgpuRequest,
  type DeleteVgpuRequest,
  type VgpuServiceService,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { AgentError } from "../core/errors.ts";
import { typeOf } from "../inventory/share.ts";
import { parseDomainId, type ClaimId, type DomainId, type VgpuId } from "../core/ids.ts";
import type { Caller } from "../lifecycle/caller.ts";
import { reservationIn } from "../lifecycle/room.ts";
import type { VgpuResult } from "../lifecycle/vgpu-service.ts";
import { vgpuViews, type VgpuView } from "../lifecycle/views.ts";
import { adoptionHandlers } from "./adoption-service.ts";
import { currentInventory, type ApiContext, type ViewContext } from "./context.ts";
import { toWireIncomplete } from "./convert/incomplete.ts";
import { toWireDecision } from "./convert/placement.ts";
import { toWireVgpu } from "./convert/vgpu.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { parseLabels } from "./validate/domain-spec.ts";
import { all, invalid, printable } from "./validate/fields.ts";
import { identityOf, parseClaimIdField } from "./validate/identity.ts";
import { parseRoom } from "./validate/room.ts";
import { parseVgpuRef } from "./validate/vgpu-ref.ts";

export function vgpuHandlers(context: ApiContext): Handlers<typeof VgpuServiceService> {
  return {
    ...adoptionHandlers(context),
    listVgpus: async (request) => {
      const inventory = currentInventory(context);
      const { items, nextPageToken } = pageOf(
        vgpuViews(inventory, context.ledger, context.modes.current),
        ({ id }) => id,
        request,
      );
      return Promise.resolve(
        ListVgpusResponse.fromPartial({
          vgpus: items.map((view) => shownVgpu(context, view)),
          nextPageToken,
          resumeToken: context.changes.token(),
          observeTime: new Date(inventory.observedAt),
          incomplete: toWireIncomplete(inventory),
        }),
      );
    },
    getVgpu: async ({ vgpu }) => {
      const inventory = currentInventory(context);
      const named = parseVgpuRef(vgpu);
      const view = vgpuViews(inventory, context.ledger, context.modes.current).find(({ id, claim }) =>
        named.by === "id" ? id === named.id : claim?.claimId === named.claimId,
      );
      if (!view)
        throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU ${printable(vgpu?.ref?.value ?? "")}`);
      const observeTime = new Date(inventory.observedAt);
      return Promise.resolve(GetVgpuResponse.fromPartial({ vgpu: shownVgpu(context, view), observeTime }));
    },
    createVgpu: (request, caller) => createVgpu(context, request, caller),
    deleteVgpu: (request, caller) => deleteVgpu(context, request, caller),
  };
}

async function createVgpu(
  context: ApiContext,
  request: CreateVgpuRequest,
  caller: Caller,
): Promise<CreateVgpuResponse> {
  const { validateOnly, vgpu, reservation, domainUuid, labels } = request;
  const { identify, ...parsed } = all({
    claimId: () => parseClaimIdField(request.claimId, "claim_id"),
    identify: () => identityOf("CreateVgpu", request.requestId),
    room: () => parseRoom(vgpu, reservation),
    forDomain: () => parseForDomain(domainUuid),
    labels: () => parseLabels(labels, "labels"),
  });
  const { claimId, room, forDomain } = parsed;
  const identity = identify({ claimId, vgpu, reservation: reservationIn(room), forDomain, labels });
  const result = await context.vgpus.create({ ...identity, ...parsed, validateOnly }, caller);
  const { placement } = "claim" in result ? result.claim : result;
  const decision = placement && toWireDecision(placement);
  if (validateOnly || !("claim" in result)) return CreateVgpuResponse.fromPartial({ decision });
  return CreateVgpuResponse.fromPartial({ ...answer(context, result), decision });
}

async function deleteVgpu(
  context: ApiContext,
  { vgpu, requestId, allowMissing }: DeleteVgpuRequest,
  caller: Caller,
): Promise<DeleteVgpuResponse> {
  const identify = identityOf("DeleteVgpu", requestId);
  const named = parseVgpuRef(vgpu);
  try {
    const vgpuId = named.by === "id" ? named.id : vgpuOfClaim(context, named.claimId);
    const result = await context.vgpus.delete({ ...identify({ vgpuId }), vgpuId }, caller);
    return DeleteVgpuResponse.fromPartial(answer(context, result));
  } catch (error) {
    const missing = error instanceof AgentError && error.reason === "VGPU_NOT_FOUND";
    if (missing && allowMissing) return DeleteVgpuResponse.create();
    throw error;
  }
}

function vgpuOfClaim({ ledger }: ApiContext, claimId: ClaimId): VgpuId {
  const claim = ledger.byClaimId(claimId);
  if (claim) return claim.vgpuId;
  const details = { claim_id: claimId };
  throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU with claim id ${claimId}`, { details });
}

/** The claim is the one the operation left, even when somebody has gone on with it since. */
function answer(
  context: ApiContext,
  { claim, operation }: VgpuResult,
): { readonly vgpu: Vgpu; readonly operation: string } {
  const { vgpuId: id, gpu, share } = claim;
  const inventory = currentInventory(context);
  const view = vgpuViews(inventory, context.ledger, context.modes.current).find((vgpu) => vgpu.id === id);
  const gone = {
    id,
    gpu,
    share,
    type: typeOf(share),
    present: false,
    kernel: undefined,
    domain: undefined,
    inUse: undefined,
  };
  const vgpu = shownVgpu(context, { ...(view ?? gone), claim, ownership: "own" });
  return { vgpu, operation: `operations/${operation.id}` };
}

/** Undefined when it is empty. */
function parseForDomain(text: string): DomainId | undefined {
  if (text === "") return undefined;
  const id = parseDomainId(text);
  if (!id) throw invalid("domain_uuid", `must be a UUID, is ${printable(text)}`);
  return id;
}

export function shownVgpu(context: ViewContext, view: VgpuView): Vgpu {
  const { claim } = view;
  const stalledBy = claim?.operation && context.operations.stalledBy(claim.operation.id);
  return toWireVgpu(view, { inventory: currentInventory(context), stalledBy });
}
