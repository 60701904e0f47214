// GPUs as PCI functions on a real kernel and libvirt: cut into virtual functions and given away whole, held by real QEMUs; part of
// "vgpud on a real kernel and libvirt".
import assert from "node:assert/strict";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { refusalOf } from "./agent-client.ts";
import type { AgentInBed } from "./agent-in-bed.ts";
import {
  CUT,
  driverOf,
  functionAt,
  functionsOf,
  groupHeld,
  knowsTwoGpus,
  reloadTwoGpus,
  WHOLE,
  type FunctionsAgent,
} from "./functions-agent.ts";
import { leftOvers, nothing } from "./host-state.ts";
import { LifeLog } from "./life-log.ts";
import { bed } from "./suite-bed.ts";

/** Cases of a `describe`: there is nothing on the host. They leave two other GPUs. */
export function givesFunctions(agent: () => AgentInBed): void {
  const life = new LifeLog("function-life");
  const host = (): FunctionsAgent => functionsOf(agent(), life);

  before(async () => {
    await reloadTwoGpus();
    await knowsTwoGpus(host(), ["one", "two", "later", "whole"]);
  });

  after(() => life.write());

  async function tell(command: string): Promise<void> {
    life.tell(`# ${command}\n${await bed.check(command)}`);
  }

  describe("a GPU cut into virtual functions", () => {
    it("has seven, which no driver of the host takes", async () => {
      const { done } = host();
      await done(`set-mode ${CUT} sriov`);
      const text = await done(`set-functions ${CUT} 7 --exec-quantum-ms 200000 --preempt-timeout-us 640`);
      assert.match(text, /warning: exec quantum of gt0: asked for 200000 ms, the driver has 100000 ms/);
      // Which card it is depends on who was there before.
      const shares = `/sys/bus/pci/devices/${CUT}/drm/card*/prelim_iov/vf7/gt0`;
      assert.equal(
        await bed.check(`cat ${shares}/exec_quantum_ms ${shares}/preempt_timeout_us`),
        "100000\n640",
      );
      await tell(`ls -l /sys/bus/pci/devices/${CUT}/ | grep virtfn`);
      for (let n = 1; n <= 7; n += 1) assert.equal(await driverOf(functionAt(n)), "");
      assert.equal(await bed.check(`cat /sys/bus/pci/devices/${CUT}/sriov_numvfs`), "7");
    });

    it("gives two of them to two domains, whose QEMUs hold them", async () => {
      const { done, create } = host();
      for (const [name, n] of [
        ["one", 1],
        ["two", 2],
      ] as const) {
        await create(name, Mode.SRIOV);
        assert.equal(await driverOf(functionAt(n)), "vfio-pci");
        life.tell(`# the open group of ${name}\n${await groupHeld(name, functionAt(n))}`);
      }
      await done("vgpus");
      const text = await done(`gpus ${CUT}`);
      assert.match(text, /vfio-pci/);
    });

    it("refuses at once to be whole again while one is held, and nothing of it has happened", async () => {
      const { does } = host();
      const { code, text } = await does(`set-functions ${CUT} 0`);
      assert.notEqual(code, 0);
      assert.match(text, /VGPU_IN_USE/);
      assert.match(text, /domain one \(claim claim-one\), domain two \(claim claim-two\)/);
      assert.equal(await bed.check(`cat /sys/bus/pci/devices/${CUT}/sriov_numvfs`), "7");
    });

    it("has its functions without a driver again when the domains are destroyed, and is whole again", async () => {
      const { done } = host();
      await done("destroy one --grace 0s");
      await done("destroy two --grace 0s");
      assert.deepEqual(await leftOvers(bed), nothing);
      for (const n of [1, 2]) assert.equal(await driverOf(functionAt(n)), "");
      await done(`set-functions ${CUT} 0`);
      assert.equal(await bed.check(`ls /sys/bus/pci/devices/${CUT}/ | grep -c virtfn || true`), "0");
      await done(`set-mode ${CUT} auto`);
      await tell(`dmesg | grep -i -e sriov -e ' vfio' -e virtfn | tail -n 20 || true`);
    });
  });

  describe("a GPU given away whole", () => {
    it("is taken from i915, held by its domain's QEMU, and given back to i915", async () => {
      const { does, done, create } = host();
      await done(`set-mode ${WHOLE} gvt-d`);
      assert.equal(await driverOf(WHOLE), "vfio-pci");
      await create("whole", Mode.GVT_D);
      life.tell(`# the open group of whole\n${await groupHeld("whole", WHOLE)}`);
      assert.equal((await refusalOf(create("later", Mode.GVT_D))).code, "RESOURCE_EXHAUSTED");
      const { code, text } = await does(`set-mode ${WHOLE} auto`);
      assert.notEqual(code, 0);
      assert.match(text, /domain whole \(claim claim-whole\)/);
      await done("destroy whole --grace 0s");
      assert.equal(await driverOf(WHOLE), "vfio-pci");
      await done(`set-mode ${WHOLE} auto`);
      assert.equal(await driverOf(WHOLE), "i915");
      assert.deepEqual(await leftOvers(bed), nothing);
    });

    it("stays the host's while a process has its DRM node open, which is named", async () => {
      const { does } = host();
      const node = await bed.check(`ls /sys/bus/pci/devices/${WHOLE}/drm | grep renderD`);
      const viewer = bed.background(`exec sleep 600 < /dev/dri/${node}`);
      try {
        const { code, text } = await does(`set-mode ${WHOLE} gvt-d`);
        assert.notEqual(code, 0);
        assert.match(text, /sleep\[\d+\]/);
        assert.equal(await driverOf(WHOLE), "i915");
      } finally {
        viewer.kill("SIGTERM");
        await viewer.result;
      }
    });

    it("stays with vfio-pci until the next boot when it is a processor's", async () => {
      const { done } = host();
      await done(`set-mode ${CUT} gvt-d`);
      const text = await done(`set-mode ${CUT} auto`);
      assert.match(text, /stays with vfio-pci until the next boot/);
      assert.equal(await driverOf(CUT), "vfio-pci");
    });
  });
}
