// Reads `grpc-status-details-bin`: what vgpud says about an error beside its code and message.
import type { Metadata } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "../../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../../proto/gen/google/rpc/status.ts";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";

export interface ErrorDetails {
  /** Absent in a status that the transport made. */
  readonly reason: string | undefined;
  /** What the reason is about, by name; empty in a status that the transport made. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Paths of the fields at fault, from the request message on. */
  readonly fields: readonly string[];
  /** How long to wait before the next try, when vgpud says so. */
  readonly retryMs: number | undefined;
  /** What each GPU lacked, when a vGPU could not be placed. */
  readonly decision: PlacementDecision | undefined;
}

export function readDetails(metadata: Metadata): ErrorDetails {
  const parts = statusParts(metadata);
  const part = <Message>(name: string, type: { decode(bytes: Buffer): Message }): Message | undefined => {
    const found = parts.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
    return found && decoded(type, found.value);
  };
  const info = part("google.rpc.ErrorInfo", ErrorInfo);
  const own = info?.domain === "vgpud" ? info : undefined;
  const delay = part("google.rpc.RetryInfo", RetryInfo)?.retryDelay;
  return {
    reason: own?.reason,
    metadata: own?.metadata ?? {},
    fields: part("google.rpc.BadRequest", BadRequest)?.fieldViolations.map(({ field }) => field) ?? [],
    retryMs: delay && Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1_000_000),
    decision: part("vgpud.v1.PlacementDecision", PlacementDecision),
  };
}

function statusParts(metadata: Metadata): Status["details"] {
  const [bytes] = metadata.get("grpc-status-details-bin");
  return (Buffer.isBuffer(bytes) ? decoded(Status, bytes)?.details : undefined) ?? [];
}

/** Details are an addition: bytes that cannot be read leave the code and the message. */
function decoded<Message>(type: { decode(bytes: Buffer): Message }, bytes: Buffer): Message | undefined {
  try {
    return type.decode(bytes);
  } catch {
    return undefined;
  }
}
