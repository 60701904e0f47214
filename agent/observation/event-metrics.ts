// Metrics that cannot be read off a snapshot: what happened since the process started. All label sets are closed.
import { reasons, type ErrorKind } from "../core/reasons.ts";
import type { OperationKind } from "../lifecycle/claim.ts";
import type { StepKind } from "../lifecycle/plan.ts";
import type { Described } from "./definition.ts";

/** What wakes the reconciler before its resync is due. */
export type TriggerSource = "libvirt" | "udev";
export type RoundOutcome = "ok" | "failed";

export const operations = ["create", "start", "stop", "destroy"] as const satisfies readonly OperationKind[];
export const triggerSources = ["libvirt", "udev"] as const satisfies readonly TriggerSource[];
export const roundOutcomes = ["ok", "failed"] as const satisfies readonly RoundOutcome[];

const everyStep = {
  "create-vgpu": true,
  "define-domain": true,
  "start-domain": true,
  "ask-shutdown": true,
  "force-off": true,
  "remove-vgpu": true,
  "undefine-domain": true,
  settle: true,
  // A wait is not executed.
  wait: false,
} as const satisfies Record<StepKind, boolean>;
export const steps = Object.entries(everyStep).flatMap(([step, executed]) => (executed ? [step] : []));

/** What is found out before an operation begins cannot be what it or a step fails with. */
const late: Readonly<Record<ErrorKind, boolean>> = {
  "invalid-argument": false,
  "not-found": false,
  "already-exists": false,
  unimplemented: false,
  "permission-denied": false,
  "no-room": true,
  "failed-precondition": true,
  aborted: true,
  unavailable: true,
  internal: true,
};
export const failureReasons = Object.entries<ErrorKind>(reasons).flatMap(([reason, kind]) =>
  late[kind] ? [reason] : [],
);

/** Seconds, from a kernel write on an idle host to a guest that takes its time to shut down. */
export const durationBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

/** The value of the label for a method that was not announced: callers must not be able to make series. */
export const UNKNOWN_METHOD = "unknown";

export const eventMetrics = {
  operations: {
    name: "vgpud_operations_total",
    help: "Operations on claims that ended, whatever their end.",
    type: "counter",
    labels: ["operation"],
  },
  operationFailures: {
    name: "vgpud_operation_failures_total",
    help: "Operations on claims that ended in failure, by the reason that the caller was given.",
    type: "counter",
    labels: ["operation", "reason"],
  },
  operationDuration: {
    name: "vgpud_operation_duration_seconds",
    help: "From the durable intent to the end of an operation, whatever its end.",
    type: "histogram",
    labels: ["operation"],
  },
  stepDuration: {
    name: "vgpud_lifecycle_step_duration_seconds",
    help: "How long steps took that were done; the count is the number of steps done.",
    type: "histogram",
    labels: ["step"],
  },
  stepFailures: {
    name: "vgpud_lifecycle_step_failures_total",
    help: "Steps that failed, those included that are tried again.",
    type: "counter",
    labels: ["reason"],
  },
  claimsRebuilt: {
    name: "vgpud_claims_rebuilt_total",
    help: "Claims that were missing in the ledger and rebuilt from the marks on their domains.",
    type: "counter",
    labels: [],
  },
  rpcHandled: {
    name: "vgpud_rpc_handled_total",
    help: "gRPC calls that ended, by the status they were answered with.",
    type: "counter",
    labels: ["method", "code"],
  },
  rpcDuration: {
    name: "vgpud_rpc_duration_seconds",
    help: "From the arrival of a gRPC call to its answer.",
    type: "histogram",
    labels: ["method"],
  },
  reconcileRounds: {
    name: "vgpud_reconcile_rounds_total",
    help: "Rounds of the reconciler by outcome.",
    type: "counter",
    labels: ["outcome"],
  },
  triggers: {
    name: "vgpud_triggers_total",
    help: "Events that asked for a look at the host before the resync was due; many may share one look.",
    type: "counter",
    labels: ["source"],
  },
} as const satisfies Record<string, Described>;
