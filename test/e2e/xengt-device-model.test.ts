// The device model that makes slices of XenGT, over the wire: which it is, whether it can, and what it says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ConditionStatus, type Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { GPU } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import type { World } from "./harness/world.ts";
import { BY_MODEL, SKYLAKE, createOnXen, startXengt, truthOf } from "./harness/xengt-host.ts";

describe("slices of XenGT by a device model, over the wire", function () {
  this.timeout(60_000);

  /** What the doctor says of the device model, and whether slices are possible by it. */
  const judged = async (on: World): Promise<readonly [Condition | undefined, boolean | undefined]> => {
    const { conditions, verdicts } = await on.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
    const modes = verdicts.find(({ gpu }) => gpu === GPU)?.modes;
    return [
      conditions.find(({ reason }) => reason === "DEVICE_MODEL_MISSING"),
      modes?.find(({ mode }) => mode === Mode.GVT_G)?.available,
    ];
  };

  it("need the device model that is configured, which is looked for before anything is defined", async () => {
    await using on = await startXengt(SKYLAKE, "xengt: { device_model: /opt/no-such-qemu }");
    const error = await refusal(createOnXen(on, "desk"));
    assert.equal(error.reason, "DEVICE_MODEL_MISSING");
    assert.match(error.message, /\/opt\/no-such-qemu/);
    assert.deepEqual(await truthOf(on), { xengt: [], domains: [] });
    const [condition, possible] = await judged(on);
    assert.deepEqual([condition?.status, possible], [ConditionStatus.FAIL, false]);
  });

  it("are not to be had of a QEMU without Intel's patches, which shows at the first create", async () => {
    await using on = await startXengt(SKYLAKE, "xengt: { device_model: /usr/lib/xen/bin/qemu-system-i386 }");
    assert.deepEqual((await judged(on))[1], true);
    const error = await refusal(createOnXen(on, "desk"));
    assert.equal(error.reason, "LIBVIRT_REFUSED");
    assert.match(
      error.message,
      /unknown vga type: xengt; xengt\.device_model .* is to be QEMU with Intel's patches/,
    );
    const [condition, possible] = await judged(on);
    assert.match(condition?.message ?? "", /has not Intel's patches.*unknown vga type/);
    assert.match(condition?.remedy ?? "", /xengt\.device_model/);
    assert.equal(possible, false);
  });

  for (const machine of ["dom0-skylake", "dom0-broadwell"])
    it(`are made on the simulator's ${machine} as the configuration is by default`, async () => {
      const file = new URL(`../../../agent/simulator/machines/${machine}.yaml`, import.meta.url);
      await using on = await startXengt(await readFile(file, "utf8"), "");
      assert.equal((await judged(on))[0]?.status, ConditionStatus.PASS);
      await createOnXen(on, "desk", ({ vgpu }) => {
        vgpu.want = { $case: "mode", value: Mode.GVT_G };
      });
      assert.equal((await truthOf(on)).xengt.length, 1);
    });

  it("fail with their device model's own reason", async () => {
    await using on = await startXengt(SKYLAKE, BY_MODEL);
    await on.setFaults({ kind: "CREATE_FAILS", errno: "EINVAL" });
    const error = await refusal(createOnXen(on, "desk"));
    assert.equal(error.reason, "LIBVIRT_REFUSED");
    assert.match(error.message, /its device model said last: .*create_vgt_instance failed: errno=22/);
    // The next start does not come as far as its device model, whose log is of the one before.
    const target = "domainCreate";
    await on.setFaults({ kind: "LIBVIRT_ERROR", target, message: "no hypervisor today" });
    const early = await refusal(createOnXen(on, "desk"));
    assert.equal(early.reason, "LIBVIRT_REFUSED");
    assert.match(early.message, /no hypervisor today$/);
    assert.deepEqual(await truthOf(on), { xengt: [], domains: [] });
  });
});
