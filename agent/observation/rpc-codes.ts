// The closed list of gRPC status codes as label values, in the order of their numbers (grpc.io, "Status codes").
export const rpcCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The name of a status code; a number that is none counts as UNKNOWN, as clients of gRPC take it. */
export function rpcCodeName(code: number): (typeof rpcCodes)[number] {
  return rpcCodes[code] ?? "UNKNOWN";
}
