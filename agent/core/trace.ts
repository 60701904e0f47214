// The trace that a request belongs to, as its caller names it: the header `traceparent` of W3C Trace Context.

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The span of the caller that asks; 16 hex digits. */
  readonly spanId: string;
}

/** What follows the flags belongs to versions after 00, whose beginning the standard promises to be as that of 00. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** Undefined for a text that is no traceparent to the letter; the standard has it treated as if it had not come. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return version === "00" && more !== undefined ? undefined : { traceId, spanId };
}
