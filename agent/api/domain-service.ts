// DomainService: requests are checked here, field by field, and carried out by the lifecycle.
import {
  CreateDomainResponse,
  DestroyDomainResponse,
  GetDomainResponse,
  ListDomainsResponse,
  StartDomainResponse,
  StopDomainResponse,
  type CreateDomainRequest,
  type DestroyDomainRequest,
  type DomainServiceService,
  type StopDomainRequest,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import type { Domain, DomainRef, DomainUsage } from "../../proto/gen/vgpud/v1/domain.ts";
import { AgentError } from "../core/errors.ts";
import { parseDomainId, type DomainId } from "../core/ids.ts";
import type { Caller } from "../lifecycle/caller.ts";
import type { DomainClaim } from "../lifecycle/claim.ts";
import type { DomainResult, StopRequest } from "../lifecycle/domain-service.ts";
import { domainsAway } from "../lifecycle/domains-away.ts";
import { newestTombstone } from "../lifecycle/owned-domain.ts";
import { reservationIn } from "../lifecycle/room.ts";
import { domainViews, type DomainView } from "../lifecycle/views.ts";
import { currentInventory, type ApiContext, type ViewContext } from "./context.ts";
import { toWireDomain, toWireUsage } from "./convert/domain.ts";
import { toWireIncomplete } from "./convert/incomplete.ts";
import { toWireDecision } from "./convert/placement.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { parseDomainSpec } from "./validate/domain-spec.ts";
import { parseUpToADay } from "./validate/duration.ts";
import { all, invalid, join, printable, required } from "./validate/fields.ts";
import { identityOf, parseClaimIdField } from "./validate/identity.ts";
import { parseRoom } from "./validate/room.ts";

const DEFAULT_GRACE_MS = 60_000;
const AT_ONCE = { ms: 0, said: "0" };

export function domainHandlers(context: ApiContext): Handlers<typeof DomainServiceService> {
  return {
    createDomain: (request, caller) => createDomain(context, request, caller),
    getDomain: async ({ domain, withUsage }) => {
      const id = resolveRef(context, domain, "domain");
      const usage = withUsage ? (await usages(context)).get(id) : undefined;
      const view = viewOf(context, id);
      const observeTime = new Date(currentInventory(context).observedAt);
      const placement = view.claim?.placement;
      const decision = placement && toWireDecision(placement);
      return GetDomainResponse.fromPartial({
        domain: { ...shown(context, view), usage },
        observeTime,
        decision,
      });
    },
    listDomains: async (request) => {
      const usage = request.withUsage ? await usages(context) : undefined;
      const inventory = currentInventory(context);
      const { items, nextPageToken } = pageOf(
        domainViews(inventory, context.ledger, context.modes.current),
        ({ id }) => id,
        request,
      );
      return ListDomainsResponse.fromPartial({
        domains: items.map((view) => ({ ...listedDomain(context, view), usage: usage?.get(view.id) })),
        nextPageToken,
        resumeToken: context.changes.token(),
        observeTime: new Date(inventory.observedAt),
        incomplete: toWireIncomplete(inventory),
      });
    },
    startDomain: async ({ domain, requestId }, caller) => {
      const identify = identityOf("StartDomain", requestId);
      const domainId = resolveRef(context, domain, "domain");
      const result = await context.domains.start({ ...identify({ domainId }), domainId }, caller);
      return StartDomainResponse.fromPartial(answer(context, result));
    },
    stopDomain: async (request, caller) => {
      const result = await context.domains.stop(stopRequest(context, "StopDomain", request), caller);
      return StopDomainResponse.fromPartial(answer(context, result));
    },
    destroyDomain: (request, caller) => destroyDomain(context, request, caller),
  };
}

async function usages({ domainFigures, gpuUse }: ApiContext): Promise<ReadonlyMap<DomainId, DomainUsage>> {
  const [reading, used] = await Promise.all([domainFigures(), gpuUse()]);
  const { domains = [], at = 0 } = reading ?? {};
  return new Map(
    domains.map((figures) => {
      const gpus = used.filter(({ domain }) => domain === figures.id);
      return [figures.id, toWireUsage(figures, { at, gpus })];
    }),
  );
}

async function createDomain(
  context: ApiContext,
  request: CreateDomainRequest,
  caller: Caller,
): Promise<CreateDomainResponse> {
  const { validateOnly, domain, vgpu, reservation } = request;
  const { identify, ...parsed } = all({
    claimId: () => parseClaimIdField(request.claimId, "claim_id"),
    identify: () => identityOf("CreateDomain", request.requestId),
    spec: () =>
      parseDomainSpec(domain, "domain", { hypervisor: context.hypervisor, newId: context.newDomainId }),
    room: () => parseRoom(vgpu, reservation),
  });
  // What the caller said, before defaults and fresh ids: a retry says the same.
  const identity = identify({
    ...{ claimId: parsed.claimId, domain, vgpu },
    reservation: reservationIn(parsed.room),
  });
  const result = await context.domains.create({ ...identity, ...parsed, validateOnly }, caller);
  const { placement } = "claim" in result ? result.claim : result;
  const decision = placement && toWireDecision(placement);
  // The retry of a create that was made is found by validate_only, too, and told where it is.
  if (validateOnly || !("claim" in result)) return CreateDomainResponse.fromPartial({ decision });
  return CreateDomainResponse.fromPartial({ ...answer(context, result), decision });
}

async function destroyDomain(
  context: ApiContext,
  request: DestroyDomainRequest,
  caller: Caller,
): Promise<DestroyDomainResponse> {
  try {
    const result = await context.domains.destroy(stopRequest(context, "DestroyDomain", request), caller);
    return DestroyDomainResponse.fromPartial(answer(context, result));
  } catch (error) {
    const missing = error instanceof AgentError && error.reason === "DOMAIN_NOT_FOUND";
    if (missing && request.allowMissing) return DestroyDomainResponse.create();
    throw error;
  }
}

/** What is wrong whatever the host has is found before the domain is looked for. */
function stopRequest(
  context: ApiContext,
  method: string,
  { domain, requestId, gracePeriod, noForce }: StopDomainRequest,
): StopRequest {
  const identify = identityOf(method, requestId);
  if (noForce && gracePeriod) throw invalid("grace_period", "says when to force, which no_force forbids");
  const graceMs = gracePeriod ? parseUpToADay(gracePeriod, "grace_period", AT_ONCE) : DEFAULT_GRACE_MS;
  const domainId = resolveRef(context, domain, "domain");
  return { ...identify({ domainId, graceMs, noForce }), domainId, graceMs, mayForce: !noForce };
}

/** The UUID behind a reference, whether the domain is still there or only remembered. */
function resolveRef(context: ApiContext, domain: DomainRef | undefined, path: string): DomainId {
  const ref = domain?.ref;
  if (!ref) throw required(path);
  const field = join(path, ref.$case === "claimId" ? "claim_id" : ref.$case);
  if (ref.value === "") throw required(field);
  switch (ref.$case) {
    case "uuid": {
      const id = parseDomainId(ref.value);
      if (!id) throw invalid(field, `must be a UUID, is ${printable(ref.value)}`);
      return id;
    }
    case "claimId": {
      const claimId = parseClaimIdField(ref.value, field);
      const id = context.ledger.byClaimId(claimId)?.domain?.id;
      return found(id, `with claim id ${claimId}`, { claim_id: claimId });
    }
    case "name": {
      const views = domainViews(currentInventory(context), context.ledger, context.modes.current);
      const living = views.find(({ name }) => name === ref.value)?.id;
      // A name may be used again after a destroy: it means what is gone only while no other bears it.
      const gone = newestTombstone(context.ledger, ({ domain }) => domain.name === ref.value)?.domain.id;
      return found(living ?? gone, `named ${printable(ref.value)}`, { domain_name: ref.value });
    }
  }
}

function found(id: DomainId | undefined, described: string, details: AgentError["details"]): DomainId {
  if (id) return id;
  throw new AgentError("DOMAIN_NOT_FOUND", `there is no domain ${described}`, { details });
}

function viewOf(context: ApiContext, id: DomainId): DomainView {
  const inventory = currentInventory(context);
  const view = domainViews(inventory, context.ledger, context.modes.current).find(
    (domain) => domain.id === id,
  );
  const tombstone = newestTombstone(context.ledger, ({ domain }) => domain.id === id);
  if (view) return view;
  if (tombstone) return goneView(tombstone);
  if (!inventory.domains.known)
    throw domainsAway(
      inventory.domains,
      `no claim of this host has domain ${id}, and others cannot be looked for`,
    );
  throw new AgentError("DOMAIN_NOT_FOUND", `there is no domain ${id}`, { details: { domain_uuid: id } });
}

function goneView(claim: DomainClaim): DomainView {
  const { id, name } = claim.domain;
  return { id, name, ownership: "own", claim, ended: undefined, domain: undefined, vgpuIds: [] };
}

function answer(
  context: ApiContext,
  { claim, operation }: DomainResult,
): { domain: Domain; operation: string } {
  const view = domainViews(currentInventory(context), context.ledger, context.modes.current).find(
    ({ id }) => id === claim.domain.id,
  );
  // The claim is the one the operation left, even when somebody has gone on with it since.
  const domain = shown(context, view ? { ...view, claim, ownership: "own" } : goneView(claim));
  return { domain, operation: `operations/${operation.id}` };
}

function shown(context: ViewContext, view: DomainView, withSpec = true): Domain {
  const { claim } = view;
  const stalledBy = claim && context.operations.stalledBy(claim.operation.id);
  return toWireDomain(view, { inventory: currentInventory(context), stalledBy, withSpec });
}

/** As it is in lists and in watches. */
export function listedDomain(context: ViewContext, view: DomainView): Domain {
  return shown(context, view, false);
}
