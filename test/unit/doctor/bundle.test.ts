// What a bundle is written to, and what is left out of it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { extract } from "tar";
import { DoctorError } from "../../../agent/cli/doctor.ts";
import { writeBundle, type Contents } from "../../../agent/doctor/bundle.ts";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import { redacted } from "../../../agent/doctor/redaction.ts";
import { hostTree } from "../../fakes/host-tree.ts";

describe("a bundle", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-bundle-test-"));
    file = path.join(folder, "host.tar.gz");
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const unpacked = async (): Promise<string> => {
    const into = path.join(folder, "unpacked");
    await mkdir(into);
    await extract({ file, cwd: into });
    return into;
  };

  const contents = (recorded: Contents["recorded"]): Contents => ({
    ...{ recorded, kernelLog: "not-readable" },
    libvirt: { asked: false, why: "nobody asked" },
  });

  it("of a host that has nothing is an archive as well", async () => {
    const { files } = await writeBundle(contents(new Map()), file);
    assert.equal(files, 0);
    assert.deepEqual(await readdir(await unpacked()), ["vgpud"]);
    assert.deepEqual((await readdir(folder)).sort(), ["host.tar.gz", "unpacked"]);
  });

  it("does not read or write where the name of a kernel leads", async () => {
    const victim = path.join(folder, "victim");
    await writeFile(victim, "CONFIG_DRM_I915=m\n# as it was");
    const osrelease = `/${"../".repeat(20)}${victim.slice(1)}`;
    await using tree = await hostTree({
      ...{ "proc/sys/kernel": { osrelease }, "boot/config-": { none: "" }, "sys/bus/pci/devices": {} },
    });
    await offlineDoctor.bundle(tree.root, file);
    assert.equal(await readFile(victim, "utf8"), "CONFIG_DRM_I915=m\n# as it was");
    const at = "boot/config-/../../../victim";
    const leading = contents(new Map([[at, { kind: "text", text: "CONFIG_DRM_I915=y" }]]));
    await assert.rejects(writeBundle(leading, path.join(folder, "other.tar.gz")), /leads out of the bundle/);
    assert.deepEqual((await readdir(folder)).sort(), ["host.tar.gz", "victim"]);
  });

  it("takes a name that is free, and follows no link", async () => {
    await symlink("elsewhere", file);
    await assert.rejects(writeBundle(contents(new Map()), file), {
      name: "DoctorError",
      message: `${file} exists; name a new file`,
    });
    assert.equal(await readlink(file), "elsewhere");
    assert.deepEqual(await readdir(folder), ["host.tar.gz"]);
  });

  it("says where it cannot be written, and leaves no part of it", async () => {
    const nowhere = path.join(folder, "none", "host.tar.gz");
    await assert.rejects(writeBundle(contents(new Map()), nowhere), (error: unknown) => {
      assert.ok(error instanceof DoctorError);
      assert.equal(error.message, `cannot write ${nowhere}: ENOENT: no such file or directory`);
      return true;
    });
    assert.deepEqual(await readdir(folder), []);
  });

  it("has of the kernel's log what a check looks for, and nothing of how it was booted", async () => {
    const trouble = "[    1.0] i915 0000:00:02.0: Unsupported device. GVT-g is disabled";
    await using tree = await hostTree({
      "sys/bus/pci/devices": {},
      "var/log/dmesg": [
        "[    0.0] Command line: root=UUID=5ec2e7 i915.enable_gvt=1",
        "[    0.0] Kernel command line: ip=10.9.8.7 i915.enable_gvt=1",
        "[    0.9] i915 0000:00:02.0: on secret-board",
        trouble,
      ].join("\n"),
    });
    await offlineDoctor.bundle(tree.root, file);
    const log = path.join(await unpacked(), "var/log/dmesg");
    assert.equal(await readFile(log, "utf8"), `${trouble}\n`);
  });

  it("says of a file of which it keeps nothing that it was not empty", async () => {
    await using tree = await hostTree({
      "sys/bus/pci/devices": {},
      "proc/cmdline": "root=UUID=5ec2e7 quiet",
    });
    await offlineDoctor.bundle(tree.root, file);
    const kept = await readFile(path.join(await unpacked(), "proc/cmdline"), "utf8");
    assert.equal(kept, "# the bundle keeps nothing of this file\n");
  });

  it("has of a file that no rule names only that it is there", async () => {
    assert.equal(redacted("etc/shadow", "root:secret"), undefined);
    assert.equal(redacted("proc/1/environ", "SECRET=1"), undefined);
    assert.equal(redacted("proc/sys/kernel/osrelease", "a secret"), "");
    assert.equal(redacted("sys/module/kvm/parameters/ignore_msrs", "Y"), "Y");
    assert.equal(redacted("sys/firmware/log", "x".repeat(5000)), undefined);
    const named = new Map([["etc/shadow", { kind: "text", text: "root:secret" }]] as const);
    assert.equal((await writeBundle(contents(named), file)).files, 1);
    assert.deepEqual(await readdir(path.join(await unpacked(), "etc/shadow")), []);
  });
});
