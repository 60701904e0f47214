// vgpuctl doctor --pci-id: a GPU that nobody has yet.
import assert from "node:assert/strict";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

const device = (id: string, ...argv: readonly string[]) =>
  vgpuctl(undefined, ["doctor", "--pci-id", id, ...argv]);

describe("vgpuctl doctor of a device without a host", () => {
  it("says before a purchase what a GPU could be used for", async () => {
    const { stdout } = await device("8086:56C0", "--kernel", "6.12");
    await matchesGolden("doctor-pci-id.txt", stdout);
  });

  it("does not take what it does not know for a GPU", async () => {
    for (const id of ["8086:1533", "8086:ffff"]) {
      const { stdout, exitCode } = await device(id);
      assert.doesNotMatch(stdout, / yes /);
      assert.match(stdout, /^8086:\w+ +gvt-d +passthrough +unknown +- +GPU_MODEL_UNKNOWN$/m);
      assert.match(stdout, /^UNKNOWN +GPU_MODEL_UNKNOWN .*\n.*no GPU that this release knows.*\n +do: /m);
      assert.equal(exitCode, exitCodes.unfit);
    }
  });

  it("warns of virtual functions that the kernel's own driver does not make", async () => {
    const old = await device("8086:9a49", "--kernel", "4.4", "--mode", "sriov");
    assert.match(old.stdout, /^WARNING +SRIOV_DRIVER_UNFIT .*\n.*kernel 4\.4 has no driver.*outside/m);
    const forced = await device("8086:9a49", "--kernel", "7.1", "--mode", "sriov");
    assert.match(forced.stdout, /^WARNING +SRIOV_DRIVER_UNFIT .*\n.*once it is told/m);
    const flex = await device("8086:56c0", "--kernel", "7.1", "--mode", "sriov");
    assert.doesNotMatch(flex.stdout, /WARNING/);
  });

  it("gives advice that holds for the device, and speaks of no host", async () => {
    const flex = await device("8086:56c0", "--kernel", "5.10");
    assert.match(flex.stdout, /do: use one of: gvt-d, gvt-s; or sriov on kernel 7\.1 or later/);
    const tiger = await device("8086:9a49");
    assert.match(tiger.stdout, /do: use sriov, if what it needs is there \(--mode sriov shows that\)/);
    for (const { stdout } of [flex, tiger, await device("8086:4c8a")])
      assert.doesNotMatch(stdout, /this host|vgpuctl doctor/);
  });

  it("says which kernel it took when none was named", async () => {
    const { stdout } = await device("8086:56c0", "--mode", "sriov");
    assert.match(stdout, /^This is so with Linux 7\.1, the latest that this release knows/m);
    const chinese = await device("8086:56c0", "--lang", "zh-Hans");
    assert.match(chinese.stdout, /Linux 7\.1/);
    const named = await device("8086:56c0", "--kernel", "5.10");
    assert.doesNotMatch(named.stdout, /7\.1, the latest/);
  });
});
