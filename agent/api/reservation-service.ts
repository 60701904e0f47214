// ReservationService: room that is held ahead of a create.
import {
  CreateReservationResponse,
  GetReservationResponse,
  ListReservationsResponse,
  ReleaseReservationResponse,
  RenewReservationResponse,
  type CreateReservationRequest,
  type ReservationServiceService,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import type { Duration } from "../../proto/gen/google/protobuf/duration.ts";
import type { Caller } from "../lifecycle/caller.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { currentInventory, type ApiContext } from "./context.ts";
import { toWireDecision } from "./convert/placement.ts";
import { toWireReservation } from "./convert/reservation.ts";
import { pageOf } from "./page.ts";
import type { Handlers } from "./unary.ts";
import { parseUpToADay } from "./validate/duration.ts";
import { all } from "./validate/fields.ts";
import { identityOf, parseClaimIdField } from "./validate/identity.ts";
import { parseVgpuRequest } from "./validate/vgpu-request.ts";

const DEFAULT_TTL_MS = 60_000;
const A_SECOND = { ms: 1000, said: "1 second" };

export function reservationHandlers(context: ApiContext): Handlers<typeof ReservationServiceService> {
  const { reservations } = context;
  const shown = (claim: Claim) => toWireReservation(claim, context.inventory());
  return {
    createReservation: (request, caller) => createReservation(context, request, caller),
    getReservation: async ({ claimId }) => {
      const claim = reservations.get(parseClaimIdField(claimId, "claim_id"));
      // How long it still has depends on when that is asked, and not on when the host was looked at.
      const response = { reservation: shown(claim), observeTime: new Date(context.wall()) };
      return Promise.resolve(GetReservationResponse.fromPartial(response));
    },
    listReservations: async (request) => {
      currentInventory(context);
      const { items, nextPageToken } = pageOf(reservations.list(), ({ claimId }) => claimId, request);
      return Promise.resolve(
        ListReservationsResponse.fromPartial({
          reservations: items.map(shown),
          nextPageToken,
          resumeToken: context.changes.token(),
          observeTime: new Date(context.wall()),
        }),
      );
    },
    renewReservation: async (request, caller) => {
      const { claimId, ttlMs } = all({
        claimId: () => parseClaimIdField(request.claimId, "claim_id"),
        ttlMs: () => parseTtl(request.ttl),
      });
      const renewed = await reservations.renew(claimId, ttlMs, caller);
      return RenewReservationResponse.fromPartial({ reservation: shown(renewed) });
    },
    releaseReservation: async ({ claimId }, caller) => {
      const released = await reservations.release(parseClaimIdField(claimId, "claim_id"), caller);
      return ReleaseReservationResponse.fromPartial({ reservation: shown(released) });
    },
  };
}

async function createReservation(
  { reservations, inventory }: ApiContext,
  request: CreateReservationRequest,
  caller: Caller,
): Promise<CreateReservationResponse> {
  const { vgpu, ttl, validateOnly } = request;
  const { identify, ...parsed } = all({
    claimId: () => parseClaimIdField(request.claimId, "claim_id"),
    identify: () => identityOf("CreateReservation", request.requestId),
    wish: () => parseVgpuRequest(vgpu, "vgpu"),
    ttlMs: () => parseTtl(ttl),
  });
  const { claimId, ttlMs } = parsed;
  const made = await reservations.create(
    { ...identify({ claimId, vgpu, ttlMs }), ...parsed, validateOnly },
    caller,
  );
  const decision = made.placement && toWireDecision(made.placement);
  const reservation = "claimId" in made && !validateOnly ? toWireReservation(made, inventory()) : undefined;
  return CreateReservationResponse.fromPartial({ reservation, decision });
}

function parseTtl(ttl: Duration | undefined): number {
  return ttl ? parseUpToADay(ttl, "ttl", A_SECOND) : DEFAULT_TTL_MS;
}
