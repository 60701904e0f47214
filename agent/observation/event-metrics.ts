// Metrics that cannot be read off a snapshot: what happened since the process started. All label sets are closed.
import { reasons, type ErrorKind } from "../core/reasons.ts";
import type { OperationKind } from "../lifecycle/claim.ts";
import type { StepKind } from "../lifecycle/plan.ts";
import type { Described } from "./definition.ts";
import { schedulerEvents } from "./scheduler-events.ts";

/** What wakes the reconciler before its resync is due. */
export type TriggerSource = "libvirt" | "udev";

/** What hostd is asked for, and how it may answer: `held` and `blocked` are answers, `unavailable` is none. */
export const hostdOperations = [
  "create-mdev",
  "remove-mdev",
  "holders",
  "bind-driver",
  "set-virtual-functions",
  "set-function-profile",
  "function-holders",
  "xen-domains",
  "make-vgt-instance",
  "remove-vgt-instance",
  "vgt-resources",
  "vgt-utilization",
  "device-model-log",
  "render-clients",
  "engine-ticks",
] as const;
export const hostdOutcomes = ["ok", "held", "blocked", "refused", "unavailable"] as const;
export type HostdOutcome = (typeof hostdOutcomes)[number];

/** What udev tells us of; anything else counts as `other`, so that no driver can make series. */
export const ueventSubsystems = ["mdev", "pci", "drm", "module", "other"] as const;
export const ueventActions = ["add", "remove", "change", "bind", "unbind", "other"] as const;

const everyOperation = {
  create: true,
  start: true,
  stop: true,
  destroy: true,
  "create-vgpu": true,
  "delete-vgpu": true,
} as const satisfies Record<OperationKind, true>;
export const operations = Object.keys(everyOperation);
/** What becomes of a TLS connection, and the files of the TLS listener that end one day. */
export const tlsOutcomes = ["admitted", "handshake", "certificate", "role", "full", "ended"] as const;
export type TlsOutcome = (typeof tlsOutcomes)[number];
export type TlsFileName = "certificate" | "client_ca" | "revocation_list";
/** In milliseconds since the epoch; undefined where that never comes. */
export interface TlsFileEnds {
  readonly soon: number | undefined;
  readonly first: number | undefined;
  readonly whole: number | undefined;
}
export const triggerSources = ["libvirt", "udev"] as const satisfies readonly TriggerSource[];

const everyStep = {
  "create-vgpu": true,
  "define-domain": true,
  "start-domain": true,
  "resume-domain": true,
  "ask-shutdown": true,
  "force-off": true,
  "remove-vgpu": true,
  "undefine-domain": true,
  settle: true,
  autostart: true,
  restart: true,
  // A wait is not executed.
  wait: false,
} as const satisfies Record<StepKind, boolean>;
export const steps = Object.entries(everyStep).flatMap(([step, executed]) => (executed ? [step] : []));

/** What is found out before an operation begins cannot be what it or a step fails with. */
const late: Readonly<Record<ErrorKind, boolean>> = {
  "invalid-argument": false,
  "not-found": false,
  "host-condition": false,
  "already-exists": false,
  unimplemented: false,
  "permission-denied": false,
  "deadline-exceeded": false,
  "out-of-range": false,
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
const durationBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
/** Seconds, for what should never take long: calls to what runs on this host, writes to its disk. */
const quickBuckets = [0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5];

/** Something that is counted here; histograms name their bounds. */
export interface EventMetric extends Described {
  readonly buckets?: readonly number[];
}

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
    buckets: durationBuckets,
  },
  stepDuration: {
    name: "vgpud_lifecycle_step_duration_seconds",
    help: "How long steps took that were done; the count is the number of steps done.",
    type: "histogram",
    labels: ["step"],
    buckets: durationBuckets,
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
  reservationExpirations: {
    name: "vgpud_reservation_expirations_total",
    help: "Reservations that ended because their time did: nobody bound, renewed or released them.",
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
    help: "From the arrival of a gRPC call to its answer; streams, which last as long as their clients like, are not timed.",
    type: "histogram",
    labels: ["method"],
    buckets: durationBuckets,
  },
  watches: {
    name: "vgpud_watches",
    help: "Streams of WatchService that are open.",
    type: "gauge",
    labels: [],
  },
  configReloaded: {
    name: "vgpud_config_last_reload_successful",
    help: "Whether the last reading of the configuration, at the start or on SIGHUP, was taken over (1) or found wrong (0).",
    type: "gauge",
    labels: [],
  },
  configReloadedAt: {
    name: "vgpud_config_last_reload_success_timestamp_seconds",
    help: "When the configuration was last read and taken over.",
    type: "gauge",
    labels: [],
  },
  tlsConnections: {
    name: "vgpud_tls_connections_total",
    help: "TLS connections, by what became of them: let in with a role, or ended for what docs/tls.md says.",
    type: "counter",
    labels: ["outcome"],
  },
  tlsReloaded: {
    name: "vgpud_tls_last_reload_successful",
    help: "Whether the TLS listener uses its files as they were last seen (1), or found them wrong and keeps those before (0).",
    type: "gauge",
    labels: [],
  },
  tlsSoon: {
    name: "vgpud_tls_ends_soon_timestamp_seconds",
    help: "From when on a certificate or CA's list of a file that the TLS listener uses ends soon: within two weeks, and in the last sixth of its time.",
    type: "gauge",
    labels: ["file"],
  },
  tlsExpiry: {
    name: "vgpud_tls_expiry_timestamp_seconds",
    help: "When the first certificate or CA's list of a file that the TLS listener uses is no longer good.",
    type: "gauge",
    labels: ["file"],
  },
  tlsEnd: {
    name: "vgpud_tls_end_timestamp_seconds",
    help: "When nothing of a file that the TLS listener uses serves any more: with the host's own certificate, the last CA, the last CA's list.",
    type: "gauge",
    labels: ["file"],
  },
  reconcileRuns: {
    name: "vgpud_reconcile_runs_total",
    help: "Rounds of the reconciler that ended, those included that failed.",
    type: "counter",
    labels: [],
  },
  reconcileFailures: {
    name: "vgpud_reconcile_failures_total",
    help: "Rounds of the reconciler that failed: the host could not be looked at.",
    type: "counter",
    labels: [],
  },
  reconcileSuccess: {
    name: "vgpud_reconcile_last_success_timestamp_seconds",
    help: "When the last round of the reconciler ended well; 0 before the first.",
    type: "gauge",
    labels: [],
  },
  ledgerWrites: {
    name: "vgpud_ledger_writes_total",
    help: "Records written to the ledger or erased from it, those included that failed.",
    type: "counter",
    labels: [],
  },
  ledgerFailures: {
    name: "vgpud_ledger_write_failures_total",
    help: "Writes to the ledger that failed: nothing was promised for them.",
    type: "counter",
    labels: [],
  },
  ledgerDuration: {
    name: "vgpud_ledger_write_duration_seconds",
    help: "How long writes to the ledger took until they would survive a power cut.",
    type: "histogram",
    labels: [],
    buckets: quickBuckets,
  },
  ledgerWritable: {
    name: "vgpud_ledger_writable",
    help: "Whether the ledger took what was last written to it (1); while not (0), creates are refused, and it is tried every 5 s.",
    type: "gauge",
    labels: [],
  },
  ledgerSetAside: {
    name: "vgpud_ledger_records_set_aside",
    help: "Records of the ledger that could not be read at the start and were set aside.",
    type: "gauge",
    labels: [],
  },
  hostdCalls: {
    name: "vgpud_hostd_calls_total",
    help: "Calls to vgpud-hostd that ended, by what was asked and how it was answered.",
    type: "counter",
    labels: ["operation", "outcome"],
  },
  hostdDuration: {
    name: "vgpud_hostd_call_duration_seconds",
    help: "How long calls to vgpud-hostd took, whatever their answer.",
    type: "histogram",
    labels: ["operation"],
    buckets: quickBuckets,
  },
  statsDuration: {
    name: "vgpud_domain_stats_reading_duration_seconds",
    help: "How long libvirt took to say what domains use, or until it was given up.",
    type: "histogram",
    labels: [],
    buckets: quickBuckets,
  },
  statsFailures: {
    name: "vgpud_domain_stats_reading_failures_total",
    help: "Readings of what domains use that failed or took too long; none is taken while libvirt is away.",
    type: "counter",
    labels: [],
  },
  uevents: {
    name: "vgpud_uevents_total",
    help: "Events of the kernel's devices that udev told of.",
    type: "counter",
    labels: ["subsystem", "action"],
  },
  triggers: {
    name: "vgpud_triggers_total",
    help: "Events that asked for a look at the host before the resync was due; many may share one look.",
    type: "counter",
    labels: ["source"],
  },
  ...schedulerEvents,
} as const satisfies Record<string, EventMetric>;
