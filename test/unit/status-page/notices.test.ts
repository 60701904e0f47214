import assert from "node:assert/strict";
import { libvirtGuestsSuspend } from "../../../agent/diagnosis/checks/guests-at-shutdown.ts";
import { hostdUnavailable } from "../../../agent/diagnosis/checks/hostd.ts";
import { iommuOff } from "../../../agent/diagnosis/checks/machine.ts";
import { libvirtUnavailable } from "../../../agent/diagnosis/checks/virtualization.ts";
import { slicesOf } from "../../../agent/observation/status-page/gpu-bars.ts";
import type { Notice, StatusSource } from "../../../agent/observation/status-page/model.ts";
import { noticesOf } from "../../../agent/observation/status-page/notices.ts";
import { examples, failedIn, host, NOON } from "./example-hosts.ts";

function noticesIn(source: StatusSource): Notice[] {
  const { view, stalledBy } = source;
  assert.ok(view.inventory);
  const slices = new Map(
    view.gpus.map((gpu) => [gpu.gpu.address as string, slicesOf(gpu, view.vgpus, stalledBy)]),
  );
  return noticesOf(source, view.inventory, slices);
}

const told = (source: StatusSource): unknown =>
  noticesIn(source).map(({ severity, reason, about }) => [severity, reason, about]);

describe("the conditions of a host", () => {
  it("are none where everything agrees", () => {
    for (const name of ["empty", "full", "seven", "four-gpus", "foreign", "crowd"] as const)
      assert.deepEqual(told(examples[name]()), [], name);
  });

  it("say that a host without a GPU or a hypervisor cannot make vGPUs, in the words of the diagnosis", () => {
    assert.deepEqual(told(examples["no-gpu"]()), [
      ["error", "NO_HYPERVISOR", "host"],
      ["error", "NO_INTEL_GPU", "host"],
    ]);
  });

  it("say why a GPU is used in no way", () => {
    const [notice, ...others] = noticesIn(examples["not-capable"]());
    assert.deepEqual([notice?.reason, others], ["GVT_DISABLED", []]);
    assert.match(notice?.remedy ?? "", /i915\.enable_gvt=1/);
  });

  it("leave out what costs nothing of the way in which a GPU is used", () => {
    const diagnosis = failedIn([iommuOff, "off"], [libvirtGuestsSuspend, "suspends"]);
    assert.deepEqual(told(host({ change: { diagnosis } })), [["warning", "LIBVIRT_GUESTS_SUSPEND", "host"]]);
  });

  it("say once that libvirt does not answer, as it is at this moment", () => {
    const diagnosis = failedIn([libvirtUnavailable, "away"]);
    assert.deepEqual(told(host({ change: { diagnosis } })), []);
    const away = { ...examples["libvirt-away"](), diagnosis };
    assert.deepEqual(told(away), [["error", "LIBVIRT_UNAVAILABLE", "libvirt"]]);
  });

  it("say once that Xen's guests are unknown where hostd does not ask xenstore, though libvirt answers", () => {
    const { view, ...source } = host({ hypervisor: "xen" });
    assert.ok(view.inventory);
    const domains = { known: false, why: "ECONNREFUSED", away: "hostd" } as const;
    const diagnosis = failedIn([hostdUnavailable, "away"]);
    const away = { ...source, diagnosis, view: { ...view, inventory: { ...view.inventory, domains } } };
    assert.deepEqual(told(away), [["error", "HOSTD_UNAVAILABLE", "hostd"]]);
  });

  it("put errors first, and name the slice that is blocked and the orphan", () => {
    assert.deepEqual(told(examples.busy()), [
      ["error", "VGPU_REMOVE_BLOCKED", "render-3"],
      ["warning", undefined, "76677075-0000-8000-8000-000000000008"],
    ]);
  });

  it("say since when and why libvirt does not answer", () => {
    const [notice] = noticesIn(examples["libvirt-away"]());
    assert.match(notice?.message ?? "", /has not answered for 1 d: connect ECONNREFUSED/);
  });

  it("say how old the last look is once two looks have failed", () => {
    assert.deepEqual(told(host({ change: { now: NOON + 140_000 } })), []);
    assert.match(noticesIn(examples.stale())[0]?.message ?? "", /began 6 min ago/);
  });

  it("tell where the kernel and the budget count differently", () => {
    const full = examples.full();
    const [gpu] = full.view.gpus;
    assert.ok(gpu);
    const disagreements = [{ type: "i915-GVTg_V5_8", ours: 0, kernel: 2, wraps: false }];
    const notices = noticesIn({ ...full, view: { ...full.view, gpus: [{ ...gpu, disagreements }] } });
    assert.match(notices[0]?.message ?? "", /kernel ≠ vgpud: i915-GVTg_V5_8: 2 ≠ 0/);
  });

  it("tell what is given away beyond what there is", () => {
    const over = noticesIn(host({ apertures: [256], guests: [{ name: "a", size: 2 }] }));
    assert.match(over[0]?.message ?? "", /too much by: low GM MiB 128/);
  });

  it("tell of a ledger that cannot be written", () => {
    const [notice] = noticesIn(host({ change: { ledgerTrouble: "ENOSPC: no space left on device" } }));
    assert.deepEqual([notice?.severity, notice?.reason], ["error", "LEDGER_UNAVAILABLE"]);
    assert.match(notice?.message ?? "", /cannot be written: ENOSPC/);
  });

  it("tell of records that were set aside", () => {
    const agent = { version: "1", startedAt: NOON, simulated: false, unreadableRecords: 2 };
    assert.match(noticesIn(host({ change: { agent } }))[0]?.message ?? "", /2 records could not be read/);
  });
});
