// Puts the table of what is counted into prom-client's registry, each kind as what it is.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { eventMetrics, type EventMetric } from "./event-metrics.ts";

type Kinds = { readonly counter: Counter; readonly gauge: Gauge; readonly histogram: Histogram };
type Events = typeof eventMetrics;

/** By the names of the table. */
export type RegisteredEvents = { readonly [Name in keyof Events]: Kinds[Events[Name]["type"]] };

export function registerEvents(registry: Registry): RegisteredEvents {
  const registers = [registry];
  const plain = ({ name, help, labels }: EventMetric) => ({ name, help, labelNames: [...labels], registers });
  const counter = (metric: EventMetric): Counter => new Counter(plain(metric));
  const gauge = (metric: EventMetric): Gauge => new Gauge(plain(metric));
  const histogram = (metric: EventMetric & { readonly buckets: readonly number[] }): Histogram =>
    new Histogram({ ...plain(metric), buckets: [...metric.buckets] });
  const of = eventMetrics;
  return {
    operations: counter(of.operations),
    operationFailures: counter(of.operationFailures),
    operationDuration: histogram(of.operationDuration),
    stepDuration: histogram(of.stepDuration),
    stepFailures: counter(of.stepFailures),
    claimsRebuilt: counter(of.claimsRebuilt),
    reservationExpirations: counter(of.reservationExpirations),
    rpcHandled: counter(of.rpcHandled),
    rpcDuration: histogram(of.rpcDuration),
    watches: gauge(of.watches),
    configReloaded: gauge(of.configReloaded),
    configReloadedAt: gauge(of.configReloadedAt),
    tlsConnections: counter(of.tlsConnections),
    tlsReloaded: gauge(of.tlsReloaded),
    tlsSoon: gauge(of.tlsSoon),
    tlsExpiry: gauge(of.tlsExpiry),
    tlsEnd: gauge(of.tlsEnd),
    reconcileRuns: counter(of.reconcileRuns),
    reconcileFailures: counter(of.reconcileFailures),
    reconcileSuccess: gauge(of.reconcileSuccess),
    ledgerWrites: counter(of.ledgerWrites),
    ledgerFailures: counter(of.ledgerFailures),
    ledgerDuration: histogram(of.ledgerDuration),
    ledgerWritable: gauge(of.ledgerWritable),
    ledgerSetAside: gauge(of.ledgerSetAside),
    hostdCalls: counter(of.hostdCalls),
    hostdDuration: histogram(of.hostdDuration),
    statsDuration: histogram(of.statsDuration),
    statsFailures: counter(of.statsFailures),
    uevents: counter(of.uevents),
    triggers: counter(of.triggers),
    schedulerRounds: counter(of.schedulerRounds),
    schedulerFailures: counter(of.schedulerFailures),
    schedulerRequests: counter(of.schedulerRequests),
    schedulerDuration: histogram(of.schedulerDuration),
    schedulerVerifications: counter(of.schedulerVerifications),
    schedulerGivenBack: counter(of.schedulerGivenBack),
  };
}
