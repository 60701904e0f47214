// What happens to claims and GPUs, as log lines: one for each change and each failure, nothing while all is well.
import { typeOf } from "../inventory/share.ts";
import type { Log } from "./journal.ts";
import type { PlacementEvent } from "../lifecycle/admission.ts";
import type { Claim, Operation } from "../lifecycle/claim.ts";
import type { LifecycleEvent } from "../lifecycle/driver.ts";
import type { Mended } from "../lifecycle/setting-keeper.ts";
import { traceFields } from "./trace-fields.ts";

export function logLifecycle(log: Log, event: LifecycleEvent): void {
  const { claimId, vgpuId, gpu, domain } = event.claim;
  const about = { claim: claimId, vgpu: vgpuId, gpu, domain: domain?.name, ...causeOf(event) };
  switch (event.kind) {
    case "step-done":
      if (event.step !== "settle")
        log.info({ ...about, step: event.step, ms: Math.round(event.seconds * 1000) }, "step done");
      return;
    case "step-failed":
      log.warn({ ...about, step: event.step, reason: event.error.reason, err: event.error }, "step failed");
      return;
    case "settled":
      logSettled(log, event.claim, about);
      return;
  }
}

/** Of one that failed, as of a guest that is gone, nothing else says why. */
function logSettled(log: Log, { state, failure }: Claim, about: object): void {
  if (state === "failed")
    log.warn({ ...about, state, reason: failure?.reason, why: failure?.message }, "claim settled");
  else log.info({ ...about, state }, "claim settled");
}

/** Where a vGPU goes, with what every GPU scored or lacked: one line for each decision, whatever came of it. */
export function logPlacement(log: Log, event: PlacementEvent): void {
  const { decision, claimId, domainName, trace, validateOnly } = event;
  const candidates = decision.candidates.map(({ gpu, type, score, lost, why }) => ({
    ...{ gpu, type, score, reason: lost, why },
  }));
  const outcome = decision.ok
    ? {
        gpu: decision.gpu,
        type: typeOf(decision.share),
        policy: decision.policy,
        warnings: decision.warnings,
      }
    : { reason: decision.reason };
  const about = { claim: claimId, domain: domainName, ...(validateOnly ? { validate_only: true } : {}) };
  const message = decision.ok ? "vGPU placed" : "vGPU not placed";
  log.info({ ...about, ...outcome, candidates, ...traceFields(trace) }, message);
}

/** What a crash or a boot left otherwise than a GPU was set. */
export function logMended(log: Log, { mending, warnings, failure }: Mended): void {
  const about =
    mending.kind === "cut"
      ? { gpu: mending.cut.gpu, functions: mending.cut.count, warnings }
      : { gpu: mending.gpu, mode: "gvt-d" };
  if (failure === undefined) log.info(about, "GPU is as it was set again");
  else log.error({ ...about, reason: failure.reason, err: failure }, "GPU cannot be made as it was set");
}

/** The operation that asked for it, with the trace of the request that began that. */
function causeOf(event: LifecycleEvent): Readonly<Record<string, string>> {
  const ended = event.kind === "settled" ? event.operation : undefined;
  const operation = ended ?? running(event.claim.operation);
  if (!operation) return {};
  return { operation: `operations/${operation.id}`, ...traceFields(operation.trace) };
}

function running(operation: Operation | undefined): Operation | undefined {
  return operation?.ended ? undefined : operation;
}
