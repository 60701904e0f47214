// Counts what happens. Typed methods only: no caller can invent a label, and every known label set starts at zero.
import type { Registry } from "prom-client";
import type { Operation } from "../lifecycle/claim.ts";
import type { LifecycleEvent } from "../lifecycle/driver.ts";
import {
  UNKNOWN_METHOD,
  failureReasons,
  hostdOperations,
  hostdOutcomes,
  operations,
  steps,
  tlsOutcomes,
  triggerSources,
  ueventActions,
  ueventSubsystems,
  type HostdOutcome,
  type TlsFileEnds,
  type TlsFileName,
  type TlsOutcome,
  type TriggerSource,
} from "./event-metrics.ts";
import { registerEvents, type RegisteredEvents } from "./event-registry.ts";
import { rpcCodeName, rpcCodes } from "./rpc-codes.ts";
import { SchedulerRecorder } from "./scheduler-recorder.ts";

export interface RpcCall {
  /** `DomainService/CreateDomain`; one that was not announced is counted as `unknown`. */
  readonly method: string;
  /** The number of the gRPC status. */
  readonly code: number;
  readonly seconds: number;
}

export interface HostdCall {
  readonly operation: (typeof hostdOperations)[number];
  readonly outcome: HostdOutcome;
  readonly seconds: number;
}

/** Something that was tried once and took time. */
export interface Attempt {
  readonly seconds: number;
  readonly failed: boolean;
}

export class Recorder {
  readonly scheduler: SchedulerRecorder;
  readonly #methods = new Set<string>();
  readonly #streams = new Set<string>();
  readonly #events: RegisteredEvents;

  constructor(registry: Registry) {
    this.#events = registerEvents(registry);
    this.scheduler = new SchedulerRecorder(this.#events);
    this.#startAtZero();
  }

  /** For the driver's `onEvent`. */
  lifecycle(event: LifecycleEvent): void {
    switch (event.kind) {
      case "step-done":
        this.#events.stepDuration.observe({ step: event.step }, event.seconds);
        return;
      case "step-failed":
        this.#events.stepFailures.inc({ reason: event.error.reason });
        return;
      // That a claim came to rest is read off the snapshot; the operation that led there is counted when it ends. A
      // reservation has none, and is led nowhere but to its end.
      case "settled":
        if (event.claim.kind === "reservation") this.#events.reservationExpirations.inc();
        return;
    }
  }

  /** Once for each operation that ended; one that still runs is ignored. */
  operation({ kind, startedAt, ended }: Operation): void {
    if (!ended) return;
    this.#events.operations.inc({ operation: kind });
    // Wall-clock times, the only ones that survive a restart; the clock may have been set back.
    this.#events.operationDuration.observe({ operation: kind }, Math.max(0, ended.at - startedAt) / 1000);
    if (ended.failure) this.#events.operationFailures.inc({ operation: kind, reason: ended.failure.reason });
  }

  claimRebuilt(): void {
    this.#events.claimsRebuilt.inc();
  }

  /** The methods served, as `Service/Method`: each gets its series at once. */
  announceMethods(methods: readonly string[]): void {
    for (const method of methods) {
      this.#announce(method);
      this.#events.rpcDuration.zero({ method });
    }
  }

  /** Those that stream: they are counted and not timed. */
  announceStreams(methods: readonly string[]): void {
    for (const method of methods) {
      this.#announce(method);
      this.#streams.add(method);
    }
  }

  rpc({ method, code, seconds }: RpcCall): void {
    const known = this.#methods.has(method) ? method : UNKNOWN_METHOD;
    this.#events.rpcHandled.inc({ method: known, code: rpcCodeName(code) });
    if (!this.#streams.has(method)) this.#events.rpcDuration.observe({ method: known }, seconds);
  }

  /** How many watches are open. */
  watches(count: number): void {
    this.#events.watches.set(count);
  }

  /** A round of the reconciler ended well; `wall` in milliseconds since the epoch. */
  reconciled(wall: number): void {
    this.#events.reconcileRuns.inc();
    this.#events.reconcileSuccess.set(wall / 1000);
  }

  reconcileFailed(): void {
    this.#events.reconcileRuns.inc();
    this.#events.reconcileFailures.inc();
  }

  ledgerWrite({ seconds, failed }: Attempt): void {
    this.#events.ledgerWrites.inc();
    this.#events.ledgerDuration.observe(seconds);
    if (failed) this.#events.ledgerFailures.inc();
  }

  ledgerWritable(writable: boolean): void {
    this.#events.ledgerWritable.set(writable ? 1 : 0);
  }

  recordsSetAside(count: number): void {
    this.#events.ledgerSetAside.set(count);
  }

  hostdCall({ operation, outcome, seconds }: HostdCall): void {
    this.#events.hostdCalls.inc({ operation, outcome });
    this.#events.hostdDuration.observe({ operation }, seconds);
  }

  domainReading({ seconds, failed }: Attempt): void {
    this.#events.statsDuration.observe(seconds);
    if (failed) this.#events.statsFailures.inc();
  }

  /** As udev names them. */
  uevent(subsystem: string, action: string): void {
    this.#events.uevents.inc({
      subsystem: known(ueventSubsystems, subsystem),
      action: known(ueventActions, action),
    });
  }

  /** The configuration was read, at the start or again; `at` in milliseconds since the epoch. */
  configReload({ ok, at }: { readonly ok: boolean; readonly at: number }): void {
    this.#events.configReloaded.set(ok ? 1 : 0);
    if (ok) this.#events.configReloadedAt.set(at / 1000);
  }

  tlsConnection(outcome: TlsOutcome): void {
    this.#events.tlsConnections.inc({ outcome });
  }

  /** The files of the TLS listener were read; undefined where the old ones still hold. */
  tlsReload(ends: ReadonlyMap<TlsFileName, TlsFileEnds> | undefined): void {
    const { tlsReloaded, tlsSoon, tlsExpiry, tlsEnd } = this.#events;
    tlsReloaded.set(ends ? 1 : 0);
    if (!ends) return;
    for (const gauge of [tlsSoon, tlsExpiry, tlsEnd]) gauge.reset();
    for (const [file, { soon, first, whole }] of ends) {
      if (soon !== undefined) tlsSoon.set({ file }, soon / 1000);
      if (first !== undefined) tlsExpiry.set({ file }, first / 1000);
      if (whole !== undefined) tlsEnd.set({ file }, whole / 1000);
    }
  }

  trigger(source: TriggerSource): void {
    this.#events.triggers.inc({ source });
  }

  #announce(method: string): void {
    this.#methods.add(method);
    for (const code of rpcCodes) this.#events.rpcHandled.inc({ method, code }, 0);
  }

  /** A counter that appears with its first increment hides that increment from `increase()`. */
  #startAtZero(): void {
    const events = this.#events;
    events.ledgerWritable.set(1);
    for (const operation of operations) {
      events.operations.inc({ operation }, 0);
      events.operationDuration.zero({ operation });
      for (const reason of failureReasons) events.operationFailures.inc({ operation, reason }, 0);
    }
    for (const step of steps) events.stepDuration.zero({ step });
    for (const reason of failureReasons) events.stepFailures.inc({ reason }, 0);
    events.tlsReloaded.set(1);
    for (const outcome of tlsOutcomes) events.tlsConnections.inc({ outcome }, 0);
    for (const source of triggerSources) events.triggers.inc({ source }, 0);
    for (const operation of hostdOperations) {
      events.hostdDuration.zero({ operation });
      for (const outcome of hostdOutcomes) events.hostdCalls.inc({ operation, outcome }, 0);
    }
    for (const subsystem of ueventSubsystems)
      for (const action of ueventActions) events.uevents.inc({ subsystem, action }, 0);
  }
}

function known(values: readonly string[], value: string): string {
  return values.includes(value) ? value : "other";
}
