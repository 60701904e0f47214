// GPUs as PCI functions on a real kernel and libvirt: cut into virtual functions and given away whole, held by real QEMUs.
import assert from "node:assert/strict";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { refusalOf } from "./agent-client.ts";
import { AgentInBed, domainRequest, eventually, makeDisk } from "./agent-in-bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, nothing } from "./host-state.ts";
import { LifeLog } from "./life-log.ts";
import { bed } from "./suite-bed.ts";

const CUT = gpu.gpuAddress;
/** Not where a processor's graphics are, so that it is given back. */
const WHOLE = "0000:00:03.0";

describe("PCI functions of GPUs on a real kernel and libvirt", () => {
  let agent: AgentInBed;
  const life = new LifeLog("function-life");

  before(async () => {
    await bed.reset();
    await bed.check("echo options i915 max_vfs=7 > /etc/modprobe.d/functions.conf");
    // udev loads i915, by what it had read of these files.
    await bed.check("udevadm control --reload");
    // Alder Lake-P, which has SR-IOV with i915 from outside of the kernel, twice.
    await gpu.reloadGpu(bed, "slot=2,3 device_id=0x46a6 vfs=7 aperture_mb=256");
    agent = await AgentInBed.install(bed);
    for (const name of ["one", "two", "three", "four", "late", "whole"]) await makeDisk(bed, name);
    // Right after the start libvirt's facts are not known.
    await eventually(
      () => vgpuctl(agent.socket, ["set-mode", CUT, "sriov", "--dry-run"]),
      ({ exitCode }) => exitCode === 0,
    );
  });

  after(async () => {
    agent.close();
    await life.write();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  /** A line for vgpuctl, told in the life's log with what it says. */
  async function does(line: string): Promise<{ readonly code: number; readonly text: string }> {
    const { exitCode, stdout, stderr } = await vgpuctl(agent.socket, line.split(" "));
    const text = [stdout, stderr].filter((part) => part !== "").join("\n");
    life.tell(`$ vgpuctl ${line}\n${text}`);
    return { code: exitCode, text };
  }

  async function tell(command: string): Promise<void> {
    life.tell(`# ${command}\n${await bed.check(command)}`);
  }

  async function done(line: string): Promise<string> {
    const { code, text } = await does(line);
    assert.equal(code, 0, text);
    return text;
  }

  /** By address; empty for none. */
  async function driverOf(address: string): Promise<string> {
    return bed.check(`basename "$(readlink /sys/bus/pci/devices/${address}/driver)"`);
  }

  function functionAt(n: number): string {
    return CUT.replace(/\d$/, String(n));
  }

  async function create(name: string, mode: Mode): Promise<void> {
    const request = domainRequest(name, "4");
    assert.ok(request.vgpu);
    request.vgpu.want = { $case: "mode", value: mode };
    await agent.client.createDomain(request);
  }

  /** Kills the agent when libvirt has the domain, and waits for it to run with the function when it is started again. */
  async function createOverDeath(name: string, mode: Mode, address: string): Promise<void> {
    const cut = create(name, mode).catch((error: unknown) => error);
    await eventually(
      () => bed.run(`virsh -q domstate ${name}`),
      ({ code }) => code === 0,
    );
    await agent.end("SIGKILL");
    await cut;
    await agent.start();
    await eventually(
      () => agent.client.getClaim(`claim-${name}`),
      ({ claimState, state }) => claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
    );
    life.tell(`# vgpud was killed meanwhile; the open group of ${name}\n${await groupHeld(name, address)}`);
  }

  /** Somebody gives a function, which is at vfio-pci, to a domain by virsh. */
  async function givenByVirsh(address: string, meanwhile: () => Promise<void>): Promise<void> {
    await gpu.startWithFunction(bed, "theirs", address);
    const listed = (): Promise<readonly Vgpu[]> =>
      agent.client.listVgpus().then((all) => all.filter(({ domainName }) => domainName === "theirs"));
    const [vgpu] = await eventually(listed, ([one]) => one?.inUse === true);
    assert.equal(vgpu?.ownership, "OWNERSHIP_FOREIGN");
    await done("vgpus");
    assert.equal((await refusalOf(agent.client.destroyDomain("theirs"))).reason, "DOMAIN_FOREIGN");
    try {
      await meanwhile();
      assert.equal(await bed.check("virsh -q domstate theirs"), "running");
    } finally {
      await bed.check("virsh -q destroy theirs");
    }
    await eventually(listed, ({ length }) => length === 0);
  }

  /** The line of the QEMU's open files that is the function's VFIO group. */
  async function groupHeld(domain: string, address: string): Promise<string> {
    const group = await bed.check(`basename $(readlink /sys/bus/pci/devices/${address}/iommu_group)`);
    const pid = await bed.check(`cat /run/libvirt/qemu/${domain}.pid`);
    return bed.check(`ls -l /proc/${pid}/fd | grep -- '-> /dev/vfio/${group}$'`);
  }

  describe("a GPU cut into virtual functions", () => {
    it("has seven, which no driver of the host takes", async () => {
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

    it("killed with vgpud in the middle of a create, goes on with the third when vgpud is started again", async () => {
      await createOverDeath("three", Mode.SRIOV, functionAt(3));
      for (const [name, n] of [
        ["one", 1],
        ["two", 2],
      ] as const)
        await groupHeld(name, functionAt(n));
      await done("destroy three --grace 0s");
      assert.equal(await driverOf(functionAt(3)), "");
    });

    it("shows one that somebody gave to a domain by virsh as foreign, and gives it to nobody else", async () => {
      await gpu.bind(bed, functionAt(3), "vfio-pci");
      await givenByVirsh(functionAt(3), async () => {
        await create("four", Mode.SRIOV);
        await groupHeld("four", functionAt(4));
        await done("destroy four --grace 0s");
      });
      await gpu.bind(bed, functionAt(3));
    });

    it("refuses at once to be whole again while one is held, and nothing of it has happened", async () => {
      const { code, text } = await does(`set-functions ${CUT} 0`);
      assert.notEqual(code, 0);
      assert.match(text, /VGPU_IN_USE/);
      assert.match(text, /domain one \(claim claim-one\), domain two \(claim claim-two\)/);
      assert.equal(await bed.check(`cat /sys/bus/pci/devices/${CUT}/sriov_numvfs`), "7");
    });

    it("has its functions without a driver again when the domains are destroyed, and is whole again", async () => {
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
    it("given by somebody to a domain by virsh is shown as foreign, and given to nobody else", async () => {
      await done(`set-mode ${WHOLE} gvt-d`);
      assert.equal(await driverOf(WHOLE), "vfio-pci");
      await givenByVirsh(WHOLE, async () => {
        assert.equal((await refusalOf(create("late", Mode.GVT_D))).code, "RESOURCE_EXHAUSTED");
      });
      await done(`set-mode ${WHOLE} auto`);
    });

    it("is taken from i915, held by its domain's QEMU though vgpud was killed, and given back to i915", async () => {
      await done(`set-mode ${WHOLE} gvt-d`);
      assert.equal(await driverOf(WHOLE), "vfio-pci");
      await createOverDeath("whole", Mode.GVT_D, WHOLE);
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
      await done(`set-mode ${CUT} gvt-d`);
      const text = await done(`set-mode ${CUT} auto`);
      assert.match(text, /stays with vfio-pci until the next boot/);
      assert.equal(await driverOf(CUT), "vfio-pci");
    });
  });
});
