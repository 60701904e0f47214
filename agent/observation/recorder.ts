// Counts what happens. Typed methods only: no caller can invent a label, and every known label set starts at zero.
import { Counter, Histogram, type Registry } from "prom-client";
import type { Operation } from "../lifecycle/claim.ts";
import type { LifecycleEvent } from "../lifecycle/driver.ts";
import type { Described } from "./definition.ts";
import {
  UNKNOWN_METHOD,
  durationBuckets,
  eventMetrics,
  failureReasons,
  operations,
  roundOutcomes,
  steps,
  triggerSources,
  type RoundOutcome,
  type TriggerSource,
} from "./event-metrics.ts";
import { rpcCodeName, rpcCodes } from "./rpc-codes.ts";

export interface RpcCall {
  /** `DomainService/CreateDomain`; one that was not announced is counted as `unknown`. */
  readonly method: string;
  /** The number of the gRPC status. */
  readonly code: number;
  readonly seconds: number;
}

export class Recorder {
  readonly #methods = new Set<string>();
  readonly #operations: Counter;
  readonly #operationFailures: Counter;
  readonly #operationDuration: Histogram;
  readonly #stepDuration: Histogram;
  readonly #stepFailures: Counter;
  readonly #claimsRebuilt: Counter;
  readonly #rpcHandled: Counter;
  readonly #rpcDuration: Histogram;
  readonly #rounds: Counter;
  readonly #triggers: Counter;

  constructor(registry: Registry) {
    const { counter, histogram } = factories(registry);
    this.#operations = counter(eventMetrics.operations);
    this.#operationFailures = counter(eventMetrics.operationFailures);
    this.#operationDuration = histogram(eventMetrics.operationDuration);
    this.#stepDuration = histogram(eventMetrics.stepDuration);
    this.#stepFailures = counter(eventMetrics.stepFailures);
    this.#claimsRebuilt = counter(eventMetrics.claimsRebuilt);
    this.#rpcHandled = counter(eventMetrics.rpcHandled);
    this.#rpcDuration = histogram(eventMetrics.rpcDuration);
    this.#rounds = counter(eventMetrics.reconcileRounds);
    this.#triggers = counter(eventMetrics.triggers);
    this.#startAtZero();
  }

  /** For the driver's `onEvent`. */
  lifecycle(event: LifecycleEvent): void {
    switch (event.kind) {
      case "step-done":
        this.#stepDuration.observe({ step: event.step }, event.seconds);
        return;
      case "step-failed":
        this.#stepFailures.inc({ reason: event.error.reason });
        return;
      // That a claim came to rest is read off the snapshot; the operation that led there is counted when it ends.
      case "settled":
        return;
    }
  }

  /** Once for each operation that ended; one that still runs is ignored. */
  operation({ kind, startedAt, ended }: Operation): void {
    if (!ended) return;
    this.#operations.inc({ operation: kind });
    // Wall-clock times, the only ones that survive a restart; the clock may have been set back.
    this.#operationDuration.observe({ operation: kind }, Math.max(0, ended.at - startedAt) / 1000);
    if (ended.failure) this.#operationFailures.inc({ operation: kind, reason: ended.failure.reason });
  }

  claimRebuilt(): void {
    this.#claimsRebuilt.inc();
  }

  /** The methods served, as `Service/Method`: each gets its series at once. */
  announceMethods(methods: readonly string[]): void {
    for (const method of methods) {
      this.#methods.add(method);
      this.#rpcDuration.zero({ method });
      for (const code of rpcCodes) this.#rpcHandled.inc({ method, code }, 0);
    }
  }

  rpc({ method, code, seconds }: RpcCall): void {
    const known = this.#methods.has(method) ? method : UNKNOWN_METHOD;
    this.#rpcHandled.inc({ method: known, code: rpcCodeName(code) });
    this.#rpcDuration.observe({ method: known }, seconds);
  }

  reconcileRound(outcome: RoundOutcome): void {
    this.#rounds.inc({ outcome });
  }

  trigger(source: TriggerSource): void {
    this.#triggers.inc({ source });
  }

  /** A counter that appears with its first increment hides that increment from `increase()`. */
  #startAtZero(): void {
    for (const operation of operations) {
      this.#operations.inc({ operation }, 0);
      this.#operationDuration.zero({ operation });
      for (const reason of failureReasons) this.#operationFailures.inc({ operation, reason }, 0);
    }
    for (const step of steps) this.#stepDuration.zero({ step });
    for (const reason of failureReasons) this.#stepFailures.inc({ reason }, 0);
    for (const outcome of roundOutcomes) this.#rounds.inc({ outcome }, 0);
    for (const source of triggerSources) this.#triggers.inc({ source }, 0);
  }
}

function factories(registry: Registry): {
  readonly counter: (described: Described) => Counter;
  readonly histogram: (described: Described) => Histogram;
} {
  const registers = [registry];
  return {
    counter: ({ name, help, labels }) => new Counter({ name, help, labelNames: [...labels], registers }),
    histogram: ({ name, help, labels }) =>
      new Histogram({ name, help, labelNames: [...labels], registers, buckets: durationBuckets }),
  };
}
