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
import { parseVgpuId, type VgpuId } from "../core/ids.ts";
import type { ReleaseRequest } from "../lifecycle/adoption.ts";
import type { Caller } from "../lifecycle/caller.ts";
import type { SliceClaim } from "../lifecycle/claim.ts";
import { domainViews, vgpuViews } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext } from "./context.ts";
import { toWireDomain } from "./convert/domain.ts";
import { toWireVgpu } from "./convert/vgpu.ts";
import type { Handlers } from "./unary.ts";
import { all, invalid, printable, required } from "./validate/fields.ts";
import { identityOf, parseClaimIdField } from "./validate/identity.ts";

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
    vgpuId: () => parseId(request.vgpuId, "vgpu_id"),
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
  const wanted = parseRef(vgpu);
  const claim = await context.adoption.release({ ...identify({ vgpu: wanted }), vgpu: wanted }, caller);
  return ReleaseVgpuResponse.fromPartial({ vgpu: shown(context, claim.vgpuId) });
}

function parseRef(vgpu: ReleaseVgpuRequest["vgpu"]): ReleaseRequest["vgpu"] {
  const ref = vgpu?.ref;
  if (!ref) throw required("vgpu");
  return ref.$case === "claimId"
    ? { by: "claim", claimId: parseClaimIdField(ref.value, "vgpu.claim_id") }
    : { by: "id", id: parseId(ref.value, "vgpu.vgpu_id") };
}

function parseId(text: string, field: string): VgpuId {
  if (text === "") throw required(field);
  const id = parseVgpuId(text);
  if (!id) throw invalid(field, `must be a UUID, is ${printable(text)}`);
  return id;
}

/** Undefined when it has gone since. */
function shown(context: ApiContext, id: VgpuId): Vgpu | undefined {
  const inventory = currentInventory(context);
  const view = vgpuViews(inventory, context.ledger).find((vgpu) => vgpu.id === id);
  return view && toWireVgpu(view, { inventory, stalledBy: undefined });
}

function domainOf(context: ApiContext, { domain }: SliceClaim): Domain | undefined {
  const inventory = currentInventory(context);
  const view = domainViews(inventory, context.ledger).find(({ id }) => id === domain?.id);
  return view && toWireDomain(view, { inventory, stalledBy: undefined, withSpec: false });
}
