import assert from "node:assert/strict";
import { reservation, vgpuClaim } from "../../fakes/claims.ts";
import { Registry } from "prom-client";
import { AgentError } from "../../../agent/core/errors.ts";
import { Operations } from "../../../agent/lifecycle/operations.ts";
import { Recorder } from "../../../agent/observation/recorder.ts";
import { claim } from "./example-host.ts";

function recording(): {
  readonly recorder: Recorder;
  readonly line: (series: string) => Promise<string | undefined>;
} {
  const registry = new Registry();
  const recorder = new Recorder(registry);
  recorder.announceMethods(["GpuService/ListGpus"]);
  const line = async (series: string): Promise<string | undefined> =>
    (await registry.metrics())
      .split("\n")
      .find((text) => text.startsWith(`${series} `))
      ?.slice(series.length + 1);
  return { recorder, line };
}

describe("recorder", () => {
  it("starts every known series at zero, so that the first event is seen as an increase", async () => {
    const { line } = recording();
    assert.equal(await line('vgpud_operations_total{operation="destroy"}'), "0");
    assert.equal(
      await line('vgpud_operation_failures_total{operation="create",reason="APERTURE_EXHAUSTED"}'),
      "0",
    );
    assert.equal(await line('vgpud_lifecycle_step_failures_total{reason="VGPU_REMOVE_BLOCKED"}'), "0");
    assert.equal(await line('vgpud_lifecycle_step_duration_seconds_count{step="remove-vgpu"}'), "0");
    assert.equal(await line('vgpud_rpc_handled_total{method="GpuService/ListGpus",code="UNAVAILABLE"}'), "0");
    assert.equal(await line("vgpud_reconcile_failures_total"), "0");
    assert.equal(await line("vgpud_ledger_write_failures_total"), "0");
    assert.equal(await line('vgpud_hostd_calls_total{operation="remove-mdev",outcome="blocked"}'), "0");
    assert.equal(await line('vgpud_uevents_total{subsystem="mdev",action="add"}'), "0");
    assert.equal(await line('vgpud_triggers_total{source="libvirt"}'), "0");
    assert.equal(await line("vgpud_claims_rebuilt_total"), "0");
    assert.equal(await line("vgpud_reservation_expirations_total"), "0");
  });

  it("counts rounds with the scheduler by what was the matter, and what they gave back", async () => {
    const { recorder, line } = recording();
    recorder.scheduler.announce();
    recorder.scheduler.round({ round: "heal", outcome: "ok", trouble: undefined, givenBack: 2 });
    recorder.scheduler.round({ round: "heal", outcome: "partial", trouble: "refused", givenBack: 0 });
    recorder.scheduler.round({ round: "publish", outcome: "failed", trouble: "no-root", givenBack: 0 });
    assert.equal(await line('vgpud_scheduler_rounds_total{round="heal",outcome="ok"}'), "1");
    assert.equal(await line('vgpud_scheduler_rounds_total{round="heal",outcome="partial"}'), "1");
    assert.equal(await line('vgpud_scheduler_rounds_total{round="publish",outcome="failed"}'), "1");
    assert.equal(await line('vgpud_scheduler_round_failures_total{failure="refused"}'), "1");
    assert.equal(await line('vgpud_scheduler_round_failures_total{failure="no-root"}'), "1");
    assert.equal(await line('vgpud_scheduler_round_failures_total{failure="unreachable"}'), "0");
    assert.equal(await line("vgpud_scheduler_bookings_given_back_total"), "2");
  });

  it("counts requests to the scheduler by the class of their status, and what has none as no answer", async () => {
    const { recorder, line } = recording();
    recorder.scheduler.announce();
    for (const status of [200, 204, 409, 503, undefined, 99, 777])
      recorder.scheduler.request({ method: "PUT", status, seconds: 0.5 });
    const of = (status: string): Promise<string | undefined> =>
      line(`vgpud_scheduler_requests_total{method="PUT",status="${status}"}`);
    assert.deepEqual(await Promise.all(["2xx", "3xx", "4xx", "5xx", "none"].map(of)), [
      "2",
      "0",
      "1",
      "1",
      "3",
    ]);
    assert.equal(await line('vgpud_scheduler_request_duration_seconds_count{method="PUT"}'), "7");
  });

  it("has no series of a scheduler where none is announced", async () => {
    const { line } = recording();
    assert.equal(await line('vgpud_scheduler_rounds_total{round="heal",outcome="ok"}'), undefined);
    assert.equal(await line('vgpud_scheduler_verifications_total{outcome="verified"}'), undefined);
  });

  it("counts a reservation whose time ended, and no other claim that settles", async () => {
    const { recorder, line } = recording();
    for (const settled of [reservation(1, { state: "gone", goal: "absent" }), vgpuClaim(2), claim(3)])
      recorder.lifecycle({ kind: "settled", claim: settled, operation: undefined });
    assert.equal(await line("vgpud_reservation_expirations_total"), "1");
  });

  it("counts an operation with its length and, when it failed, the reason", async () => {
    const { recorder, line } = recording();
    const { operation } = claim(1);
    recorder.operation(operation);
    const failure = { reason: "SUPERSEDED", message: "a destroy took over" } as const;
    recorder.operation({ ...operation, ended: { at: operation.startedAt + 2_000, failure } });
    assert.equal(await line('vgpud_operations_total{operation="create"}'), "2");
    assert.equal(await line('vgpud_operation_duration_seconds_sum{operation="create"}'), "2.25");
    assert.equal(await line('vgpud_operation_failures_total{operation="create",reason="SUPERSEDED"}'), "1");
  });

  it("hears of an operation once, when it ends", async () => {
    const { recorder, line } = recording();
    const operations = new Operations((operation) => {
      recorder.operation(operation);
    });
    operations.stall("operation-1", new AgentError("VGPU_IN_USE", "held by qemu"));
    operations.end(claim(1));
    operations.follow("operation-1", () => undefined)();
    assert.equal(await line('vgpud_operations_total{operation="create"}'), "1");
  });

  it("counts a status that is none as unknown", async () => {
    const { recorder, line } = recording();
    for (const code of [-1, 17, 2.5]) recorder.rpc({ method: "GpuService/ListGpus", code, seconds: 0 });
    assert.equal(await line('vgpud_rpc_handled_total{method="GpuService/ListGpus",code="UNKNOWN"}'), "3");
  });

  it("does not count an operation that still runs", async () => {
    const { recorder, line } = recording();
    recorder.operation({ ...claim(1).operation, ended: undefined });
    assert.equal(await line('vgpud_operations_total{operation="create"}'), "0");
  });

  it("takes an operation during which the clock was set back for one without length", async () => {
    const { recorder, line } = recording();
    recorder.operation({ id: "x", kind: "stop", startedAt: 5_000, ended: { at: 1_000, failure: undefined } });
    assert.equal(await line('vgpud_operation_duration_seconds_sum{operation="stop"}'), "0");
    assert.equal(await line('vgpud_operation_duration_seconds_bucket{le="0.001",operation="stop"}'), "1");
  });

  it("times the steps that were done and counts those that failed by reason", async () => {
    const { recorder, line } = recording();
    const error = new AgentError("VGPU_IN_USE", "held by qemu");
    recorder.lifecycle({ kind: "step-done", claim: claim(1), step: "create-vgpu", seconds: 0.25 });
    recorder.lifecycle({ kind: "step-failed", claim: claim(1), step: "remove-vgpu", error });
    assert.equal(await line('vgpud_lifecycle_step_duration_seconds_sum{step="create-vgpu"}'), "0.25");
    assert.equal(await line('vgpud_lifecycle_step_duration_seconds_count{step="remove-vgpu"}'), "0");
    assert.equal(await line('vgpud_lifecycle_step_failures_total{reason="VGPU_IN_USE"}'), "1");
  });

  it("counts rounds, and remembers when the last one ended well", async () => {
    const { recorder, line } = recording();
    recorder.reconciled(1_767_225_600_500);
    recorder.reconcileFailed();
    assert.equal(await line("vgpud_reconcile_runs_total"), "2");
    assert.equal(await line("vgpud_reconcile_failures_total"), "1");
    assert.equal(await line("vgpud_reconcile_last_success_timestamp_seconds"), "1767225600.5");
  });

  it("counts what failed among all that was tried", async () => {
    const { recorder, line } = recording();
    recorder.ledgerWrite({ seconds: 0.002, failed: false });
    recorder.ledgerWrite({ seconds: 0.5, failed: true });
    recorder.domainReading({ seconds: 5, failed: true });
    recorder.hostdCall({ operation: "remove-mdev", outcome: "blocked", seconds: 1 });
    recorder.recordsSetAside(2);
    assert.equal(await line("vgpud_ledger_writes_total"), "2");
    assert.equal(await line("vgpud_ledger_write_failures_total"), "1");
    assert.equal(await line("vgpud_ledger_write_duration_seconds_count"), "2");
    assert.equal(await line("vgpud_domain_stats_reading_failures_total"), "1");
    assert.equal(await line('vgpud_hostd_calls_total{operation="remove-mdev",outcome="blocked"}'), "1");
    assert.equal(await line('vgpud_hostd_call_duration_seconds_sum{operation="remove-mdev"}'), "1");
    assert.equal(await line("vgpud_ledger_records_set_aside"), "2");
  });

  it("lets no driver make a series by events that nobody knows", async () => {
    const { recorder, line } = recording();
    recorder.uevent("mdev", "add");
    recorder.uevent("mdev", "explode");
    recorder.uevent("toaster", "add");
    assert.equal(await line('vgpud_uevents_total{subsystem="mdev",action="add"}'), "1");
    assert.equal(await line('vgpud_uevents_total{subsystem="mdev",action="other"}'), "1");
    assert.equal(await line('vgpud_uevents_total{subsystem="other",action="add"}'), "1");
  });

  it("counts a stream that ended and does not time it", async () => {
    const { recorder, line } = recording();
    recorder.announceStreams(["WatchService/Watch"]);
    recorder.rpc({ method: "WatchService/Watch", code: 10, seconds: 86_400 });
    assert.equal(await line('vgpud_rpc_handled_total{method="WatchService/Watch",code="ABORTED"}'), "1");
    assert.equal(await line('vgpud_rpc_duration_seconds_count{method="WatchService/Watch"}'), undefined);
    recorder.watches(3);
    assert.equal(await line("vgpud_watches"), "3");
  });

  it("lets no caller make a series by calling methods that do not exist", async () => {
    const { recorder, line } = recording();
    for (const method of ["A/B", "C/D"]) recorder.rpc({ method, code: 12, seconds: 0.001 });
    assert.equal(await line('vgpud_rpc_handled_total{method="unknown",code="UNIMPLEMENTED"}'), "2");
    assert.equal(await line('vgpud_rpc_duration_seconds_count{method="unknown"}'), "2");
    assert.equal(await line('vgpud_rpc_handled_total{method="A/B",code="UNIMPLEMENTED"}'), undefined);
  });
});
