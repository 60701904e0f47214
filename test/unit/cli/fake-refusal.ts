// A call that a fake vgpud refuses, in the form of a real one: a status with an ErrorInfo and its companions.
import { Metadata, type status } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "../../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../../proto/gen/google/rpc/status.ts";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";

/** How a call is refused, as vgpud says it. */
export interface Refusal {
  readonly code: status;
  readonly message: string;
  readonly reason?: string;
  readonly field?: string;
  /** What the reason is about. */
  readonly about?: Record<string, string>;
  readonly retrySeconds?: number;
  readonly decision?: PlacementDecision;
}

export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export function statusOf(refusal: Refusal): { code: status; details: string; metadata: Metadata } {
  const { code, message, reason, field, about = {}, retrySeconds, decision } = refusal;
  const metadata = new Metadata();
  const details: Status["details"] = [];
  const pack = (name: string, bytes: Uint8Array): void => {
    details.push({ typeUrl: `type.googleapis.com/${name}`, value: Buffer.from(bytes) });
  };
  if (reason !== undefined)
    pack("google.rpc.ErrorInfo", ErrorInfo.encode({ reason, domain: "vgpud", metadata: about }).finish());
  if (field !== undefined)
    pack(
      "google.rpc.BadRequest",
      BadRequest.encode({ fieldViolations: [{ field, description: message }] }).finish(),
    );
  if (retrySeconds !== undefined)
    pack(
      "google.rpc.RetryInfo",
      RetryInfo.encode({ retryDelay: { seconds: BigInt(retrySeconds), nanos: 0 } }).finish(),
    );
  if (decision !== undefined) pack("vgpud.v1.PlacementDecision", PlacementDecision.encode(decision).finish());
  if (details.length > 0)
    metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}
