import assert from "node:assert/strict";
import pino from "pino";
import { AgentError } from "../../../agent/core/errors.ts";
import { logLifecycle, logPlacement } from "../../../agent/host/lifecycle-log.ts";
import type { LifecycleEvent } from "../../../agent/lifecycle/driver.ts";
import { claim } from "../../fakes/claims.ts";
import { pciAddress } from "../../fakes/ids.ts";

const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const running = { id: "operation-7", kind: "create", startedAt: 0, ended: undefined, trace } as const;
const over = { ...running, ended: { at: 1, failure: undefined } };

function lineOf(event: LifecycleEvent): Record<string, unknown> {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  logLifecycle(log, event);
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

describe("the log of a claim's life", () => {
  it("names the operation that a step is made for, with the trace of its request", () => {
    for (const event of [
      { kind: "step-done", claim: claim(1, { operation: running }), step: "create-vgpu", seconds: 1 },
      {
        ...{ kind: "step-failed", claim: claim(1, { operation: running }), step: "create-vgpu" },
        error: new AgentError("KERNEL_REFUSED", "no"),
      },
      { kind: "settled", claim: claim(1, { operation: over }), operation: over },
      { kind: "settled", claim: claim(1, { operation: running }), operation: undefined },
    ] satisfies LifecycleEvent[]) {
      const { operation, trace_id: traceId, span_id: spanId } = lineOf(event);
      assert.deepEqual(
        [operation, traceId, spanId],
        ["operations/operation-7", trace.traceId, trace.spanId],
        event.kind,
      );
    }
  });

  it("warns of a claim that failed, and says why", () => {
    const failure = { reason: "DOMAIN_VANISHED", message: "libvirt has no such domain" } as const;
    const failed = claim(1, { operation: over, state: "failed", failure });
    const { level, state, reason, why } = lineOf({ kind: "settled", claim: failed, operation: undefined });
    assert.deepEqual([level, state, reason, why], [40, "failed", failure.reason, failure.message]);
  });

  it("names none for what happens after it has ended", () => {
    const event = {
      kind: "settled",
      claim: claim(1, { operation: over, state: "stopped" }),
      operation: undefined,
    } as const;
    assert.deepEqual(Object.keys(lineOf(event)).sort(), [
      ...["claim", "domain", "gpu", "level", "msg", "state", "time", "vgpu"],
    ]);
  });
});

describe("the log of a decision", () => {
  it("has every candidate on one line, with its score or what it lacked", () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const about = { claimId: claim(1).claimId, domainName: "web-1", trace, validateOnly: false };
    const [first, second] = [pciAddress(0), pciAddress(1)];
    const type = "i915-GVTg_V5_4";
    const kept = { type, lost: undefined, why: "fits", budget: undefined, score: 0.5 };
    const lost = { type, lost: "FENCES_EXHAUSTED", why: "needs more", budget: undefined } as const;
    const candidates = [
      { gpu: first, ...kept },
      { gpu: second, ...lost },
    ];
    const share = { mode: "gvt-g", type, sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 } } as const;
    const placed = { ok: true, gpu: first, share, policy: "pack", candidates, warnings: [] } as const;
    logPlacement(log, { ...about, decision: placed });
    const refused = { ok: false, reason: "FENCES_EXHAUSTED", why: "no room", candidates: [] } as const;
    logPlacement(log, { ...about, validateOnly: true, decision: refused });
    const [one, two] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      [one?.["msg"], one?.["claim"], one?.["gpu"], one?.["policy"], one?.["trace_id"]],
      ["vGPU placed", about.claimId, first, "pack", trace.traceId],
    );
    assert.deepEqual(one?.["candidates"], [
      { gpu: first, type, score: 0.5, why: "fits" },
      { gpu: second, type, reason: "FENCES_EXHAUSTED", why: "needs more" },
    ]);
    assert.deepEqual(
      [two?.["msg"], two?.["reason"], two?.["validate_only"]],
      ["vGPU not placed", "FENCES_EXHAUSTED", true],
    );
  });
});
