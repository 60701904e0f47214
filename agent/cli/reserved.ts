// What the commands that change a reservation have in common.
import type { Reservation } from "../../proto/gen/vgpud/v1/reservation.ts";
import type { Duration } from "../../proto/gen/google/protobuf/duration.ts";
import type { Answer, Flag, Operand } from "./command.ts";
import type { Arguments } from "./line/arguments.ts";
import { toDuration } from "./line/duration.ts";
import { messageJson } from "./view/json.ts";
import { reservationDetail } from "./view/reservation-view.ts";

export const ttlFlag: Flag = {
  name: "ttl",
  value: "DURATION",
  help: "for how long from now, 1s to 24h (default 60s)",
  field: "ttl",
};

export const reservationOperand: Operand = {
  name: "CLAIM_ID",
  required: true,
  help: "the reservation, by its claim id",
  field: "claim_id",
  offer: { kind: "live", what: "reservations" },
};

export function ttlOf(args: Arguments): Duration | undefined {
  const ms = args.durationMs("ttl");
  return ms === undefined ? undefined : toDuration(ms);
}

export function reservationAnswer(response: { readonly reservation: Reservation | undefined }): Answer {
  const { reservation } = response;
  const json = messageJson(response);
  if (reservation === undefined) return { json, text: [] };
  return { json, text: reservationDetail(reservation), names: [reservation.claimId] };
}
