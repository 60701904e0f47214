// Calls as log lines. One that can change something is told whatever came of it and whatever the level of the log: the audit.
import type { EndedCall } from "../api/call-record.ts";
import type { Log } from "../host/journal.ts";
import { traceFields } from "../host/trace-fields.ts";
import { rpcCodeName } from "../observation/rpc-codes.ts";

const FAULTS: readonly string[] = ["INTERNAL", "UNKNOWN"];

/** The fields, and how to ask for them, are told in docs/security.md. */
export function callLog(log: Log): (call: EndedCall) => void {
  // Its own level: what quietens the log must not quieten the account of changes.
  const audit = log.child({ audit: true }, { level: "info" });
  return (call) => {
    const changes = call.begun.access === "changes";
    const code = rpcCodeName(call.code);
    const to = changes ? audit : log;
    // Of hosts that are asked every few seconds nobody wants to read that all went well.
    const level = FAULTS.includes(code) ? "error" : changes || code !== "OK" ? "info" : "debug";
    if (to.isLevelEnabled(level)) to[level](fieldsOf(call, code), "call");
  };
}

/** What is undefined is left out of the line. */
function fieldsOf(call: EndedCall, code: string): object {
  const { begun, about, reason, message, seconds } = call;
  const { socket, connection, client, method, caller } = begun;
  const { domain, domainUuid, vgpu, gpu, claim, requestId, operation, validateOnly } = about;
  return {
    ...{ socket, connection, client: client?.uri, client_serial: client?.serial, address: client?.address },
    ...{ method, code, reason, ms: Math.round(seconds * 1000) },
    ...{ domain, domain_uuid: domainUuid, vgpu, gpu, claim, operation },
    ...{ request_id: requestId, validate_only: validateOnly, user_agent: caller.userAgent },
    ...traceFields(caller.trace),
    ...(message === "" ? {} : { message }),
  };
}
