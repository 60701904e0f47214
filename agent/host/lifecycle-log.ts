// What happens to claims, as log lines: one for each change and each failure, nothing while all is well.
import type { Log } from "./journal.ts";
import type { LifecycleEvent } from "../lifecycle/driver.ts";

export function logLifecycle(log: Log, event: LifecycleEvent): void {
  const { claimId, vgpuId, gpu, domain } = event.claim;
  const about = { claim: claimId, vgpu: vgpuId, gpu, domain: domain.name };
  switch (event.kind) {
    case "step-done":
      if (event.step !== "settle")
        log.info({ ...about, step: event.step, ms: Math.round(event.seconds * 1000) }, "step done");
      return;
    case "step-failed":
      log.warn({ ...about, step: event.step, reason: event.error.reason, err: event.error }, "step failed");
      return;
    case "settled":
      log.info({ ...about, state: event.claim.state }, "claim settled");
      return;
  }
}
