// A trace as the fields of a log line, under the names that OpenTelemetry gives them in logs that are no OTLP.
import type { TraceContext } from "../core/trace.ts";

export function traceFields(trace: TraceContext | undefined): Readonly<Record<string, string>> {
  return trace ? { trace_id: trace.traceId, span_id: trace.spanId } : {};
}
