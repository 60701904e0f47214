// vgpuctl doctor --host-root: what is no tree of a host, and what a tree is without.
import assert from "node:assert/strict";
import { hostTree, type Tree } from "../../fakes/host-tree.ts";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { vgpuctl } from "./vgpuctl.ts";

const doctor = (...argv: readonly string[]) => vgpuctl(undefined, ["doctor", ...argv]);

const bare: Tree = { "sys/bus/pci/devices": {} };

describe("vgpuctl doctor of a tree", () => {
  it("refuses a folder in which no host stands, rather than call its hardware broken", async () => {
    await using tree = await hostTree({ "home/me": "", "sys/kernel/osrelease": "6.12" });
    for (const argv of [[], ["--bundle", `${tree.root}/b.tar.gz`]]) {
      const { stdout, stderr, exitCode } = await doctor("--host-root", tree.root, ...argv);
      assert.match(stderr, /^error: \S+ is no tree of a host: it has no sys\/bus\/pci;/);
      assert.equal(stdout, "");
      assert.equal(exitCode, exitCodes.failure);
    }
  });

  it("says of a file that a bundle is unpacked first", async () => {
    await using tree = await hostTree({ "host.tar.gz": "" });
    const { stderr } = await doctor("--host-root", `${tree.root}/host.tar.gz`);
    assert.match(stderr, /takes a folder, and \S+ is none: unpack a bundle into an empty folder/);
  });

  it("says that the log is not in it, and how it gets there", async () => {
    await using tree = await hostTree(bare);
    const { stdout } = await doctor("--host-root", tree.root, "--mode", "gvt-g");
    assert.match(stdout, /^UNKNOWN +GVT_TROUBLE_IN_LOG\n.*not in this tree.*\n +do: put what dmesg prints/m);
  });

  it("calls nothing absent that is there", async () => {
    await using tree = await hostTree({
      ...bare,
      "etc/systemd/system/multi-user.target.wants/libvirt-guests.service": "",
      "etc/default/libvirt-guests": "#ON_SHUTDOWN=shutdown",
      "etc/modprobe.d/sound.conf": "options snd_hda_intel power_save=1",
      "proc/cmdline": "",
      "proc/cpuinfo": "vendor_id\t: GenuineIntel",
      "sys/kernel/iommu_groups": {},
    });
    const { stdout } = await doctor("--host-root", tree.root);
    assert.match(stdout, /seen: \/etc\/default\/libvirt-guests: \(nothing of it\)/);
    assert.match(stdout, /seen: \/proc\/cmdline: \(empty\)/);
    assert.match(stdout, /seen: \/sys\/kernel\/iommu_groups\/: \(empty\)/);
    assert.match(stdout, /seen: \/sys\/class\/iommu\/ \(absent\)/);
    assert.match(stdout, /seen: \/proc\/cpuinfo: vendor_id : GenuineIntel/);
  });

  it("says how libvirt's answer gets into it, without which nothing is a yes", async () => {
    await using tree = await hostTree(bare);
    const { stdout, exitCode } = await doctor("--host-root", tree.root, "--mode", "gvt-g");
    assert.match(stdout, /^UNKNOWN +LIBVIRT_UNAVAILABLE\n.*\n +do: .*--bundle/m);
    assert.equal(exitCode, exitCodes.unfit);
  });

  it("packs no files of this machine when another one's vgpud was meant", async () => {
    await using tree = await hostTree({});
    const file = `${tree.root}/host.tar.gz`;
    const { stderr, exitCode } = await vgpuctl("/run/other.sock", ["doctor", "--bundle", file]);
    assert.match(stderr, /--bundle asks no vgpud: it packs the files of this machine.*leave out --socket/);
    assert.equal(exitCode, exitCodes.usage);
  });
});
