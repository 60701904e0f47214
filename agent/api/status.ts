// The one place where an agent error becomes a gRPC status with its details (proto/vgpud/v1/errors.proto says the rules).
import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../proto/gen/google/rpc/status.ts";
import { PlacementDecision } from "../../proto/gen/vgpud/v1/placement.ts";
import { NotPlacedError } from "../capacity/place.ts";
import { AgentError } from "../core/errors.ts";
import type { ErrorKind } from "../core/reasons.ts";
import { toWireDecision } from "./convert/placement.ts";
import { cut } from "./cut.ts";

const grpcCode = {
  "invalid-argument": status.INVALID_ARGUMENT,
  "not-found": status.NOT_FOUND,
  "already-exists": status.ALREADY_EXISTS,
  "no-room": status.RESOURCE_EXHAUSTED,
  "failed-precondition": status.FAILED_PRECONDITION,
  "host-condition": status.FAILED_PRECONDITION,
  "permission-denied": status.PERMISSION_DENIED,
  aborted: status.ABORTED,
  "out-of-range": status.OUT_OF_RANGE,
  "deadline-exceeded": status.DEADLINE_EXCEEDED,
  unavailable: status.UNAVAILABLE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorKind, status>;

const ERROR_DOMAIN = "vgpud";
/** Long enough for libvirt to be restarted, short enough that a scheduler still waits. */
const RETRY_DELAY_SECONDS = 2;
/**
 * Of one text. A message goes out three times, and gRPC's core refuses trailers above 16 KiB with a
 * RESOURCE_EXHAUSTED of its own, which would read as "no room".
 */
const MAX_TEXT_BYTES = 1_000;
/** Of the fields at fault, for the same limit; the message tells how many there are in all. */
const MAX_VIOLATIONS = 16;
const MAX_VIOLATION_BYTES = 200;
const TYPE_URL = "type.googleapis.com/";

export function toStatus(caught: unknown): Pick<StatusObject, "code" | "details" | "metadata"> {
  const error = AgentError.from(caught);
  const code = grpcCode[error.kind];
  const message = cut(error.message, MAX_TEXT_BYTES);
  const metadata = new Metadata();
  const body = Status.encode({ code, message, details: detailsOf(error) }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(body));
  return { code, details: message, metadata };
}

function detailsOf(error: AgentError): Status["details"] {
  const metadata = Object.fromEntries(
    Object.entries(error.details).map(([key, value]) => [key, cut(String(value), MAX_TEXT_BYTES)]),
  );
  const details = [
    pack("google.rpc.ErrorInfo", ErrorInfo, { reason: error.reason, domain: ERROR_DOMAIN, metadata }),
  ];
  if (error.violations.length > 0) {
    const limit = error.violations.length === 1 ? MAX_TEXT_BYTES : MAX_VIOLATION_BYTES;
    const fieldViolations = error.violations
      .slice(0, MAX_VIOLATIONS)
      .map(({ field, message }) => ({ field: cut(field, limit), description: cut(message, limit) }));
    details.push(pack("google.rpc.BadRequest", BadRequest, { fieldViolations }));
  }
  if (error.kind === "unavailable")
    details.push(
      pack("google.rpc.RetryInfo", RetryInfo, {
        retryDelay: { seconds: BigInt(RETRY_DELAY_SECONDS), nanos: 0 },
      }),
    );
  if (error instanceof NotPlacedError)
    details.push(pack("vgpud.v1.PlacementDecision", PlacementDecision, toWireDecision(error.decision)));
  return details;
}

interface Encoder<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

function pack<Message>(name: string, type: Encoder<Message>, message: Message): Status["details"][number] {
  return { typeUrl: `${TYPE_URL}${name}`, value: Buffer.from(type.encode(message).finish()) };
}
