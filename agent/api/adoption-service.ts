// The part of VgpuService that takes vGPUs of others over, and gives own ones up.
import {
  AdoptVgpuResponse,
  ReleaseVgpuResponse,
  type AdoptVgpuRequest,
  type ReleaseVgpuRequest,
  type VgpuServiceService,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import type { VgpuId } from "../core/ids.ts";
import type { Caller } from "../lifecycle/caller.ts";
import type { SliceClaim } from "../lifecycle/claim.ts";
import { idGivenUp } from "../lifecycle/others.ts";
import { domainViews, vgpuViews } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext } from "./context.ts";
import { toWireDomain } from "./convert/domain.ts";
import { toWireVgpu } from "./convert/vgpu.ts";
import type { Handlers } from "./unary.ts";
import { all } from "./validate/fields.ts";
import { identityOf, parseClaimIdField } from "./validate/identity.ts";
import { parseVgpuIdField, parseVgpuRef } from "./validate/vgpu-ref.ts";

type Adopting = Pick<Handlers<typeof VgpuServiceService>, "adoptVgpu" | "releaseVgpu">;

export function adoptionHandlers(context: ApiContext): Adopting {
  return {
    adoptVgpu: (request, caller) => adopt(context, request, caller),
    releaseVgpu: (request, caller) => release(context, request, caller),
  };
}

async function adopt(
  context: ApiContext,
  request: AdoptVgpuRequest,
  caller: Caller,
): Promise<AdoptVgpuResponse> {
  const { validateOnly, withDomain } = request;
  const { identify, vgpuId, claimId } = all({
    vgpuId: () => parseVgpuIdField(request.vgpuId, "vgpu_id"),
    claimId: () => parseClaimIdField(request.claimId, "claim_id"),
    identify: () => identityOf("AdoptVgpu", request.requestId),
  });
  const identity = identify({ vgpuId, claimId, withDomain });
  const wanted = { ...identity, vgpuId, claimId, withDomain, validateOnly };
  const claim = await context.adoption.adopt(wanted, caller);
  if (!claim || validateOnly) return AdoptVgpuResponse.create();
  return AdoptVgpuResponse.fromPartial({
    vgpu: shown(context, claim.vgpuId),
    domain: claim.domain && domainOf(context, claim),
  });
}

async function release(
  context: ApiContext,
  { vgpu, requestId }: ReleaseVgpuRequest,
  caller: Caller,
): Promise<ReleaseVgpuResponse> {
  const identify = identityOf("ReleaseVgpu", requestId);
  const wanted = parseVgpuRef(vgpu);
  const claim = await context.adoption.release({ ...identify({ vgpu: wanted }), vgpu: wanted }, caller);
  const id = idGivenUp(claim, currentInventory(context));
  return ReleaseVgpuResponse.fromPartial({ vgpu: shown(context, id) });
}

/** Undefined when it has gone since. */
function shown(context: ApiContext, id: VgpuId): Vgpu | undefined {
  const inventory = currentInventory(context);
  const view = vgpuViews(inventory, context.ledger, context.modes.current).find((vgpu) => vgpu.id === id);
  return view && toWireVgpu(view, { inventory, stalledBy: undefined });
}

function domainOf(context: ApiContext, { domain }: SliceClaim): Domain | undefined {
  const inventory = currentInventory(context);
  const view = domainViews(inventory, context.ledger, context.modes.current).find(
    ({ id }) => id === domain?.id,
  );
  return view && toWireDomain(view, { inventory, stalledBy: undefined, withSpec: false });
}
