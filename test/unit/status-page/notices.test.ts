import assert from "node:assert/strict";
import { slicesOf } from "../../../agent/observation/status-page/gpu-bars.ts";
import type { Notice, StatusSource } from "../../../agent/observation/status-page/model.ts";
import { noticesOf } from "../../../agent/observation/status-page/notices.ts";
import { examples, host, NOON } from "./example-hosts.ts";

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

  it("say that a host without a GPU or a hypervisor cannot make vGPUs", () => {
    assert.deepEqual(told(examples["no-gpu"]()), [
      ["warning", "MODE_UNSUPPORTED", "host"],
      ["warning", "MODE_UNSUPPORTED", "host"],
    ]);
  });

  for (const [driver, pattern] of [
    [undefined, /no kernel driver is bound/],
    ["vfio-pci", /its driver is vfio-pci/],
    ["xe", /its driver is xe/],
    ["i915", /did not register it for mediated devices/],
  ] as const)
    it(`say why a GPU with driver ${driver ?? "none"} offers no types`, () => {
      const notices = noticesIn(host({ gpuChange: { types: [], mdevParent: false, driver } }));
      assert.equal(notices.length, 1);
      assert.equal(notices[0]?.about, "0000:00:02.0");
      assert.match(notices[0].message, pattern);
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
    assert.ok(over.some(({ message }) => message.includes("128 MiB of low GM more than there are")));
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
