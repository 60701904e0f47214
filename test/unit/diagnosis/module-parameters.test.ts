// How a module's parameter is read where it was set.
import assert from "node:assert/strict";
import {
  inModprobe,
  isOn,
  onCommandLine,
  type Named,
} from "../../../agent/diagnosis/checks/module-parameters.ts";
import { Look } from "../../../agent/diagnosis/look.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, type Tree } from "../../fakes/host-tree.ts";

const GVT: Named = { module: "i915", name: "enable_gvt", bare: "1" };
const GUC: Named = { module: "i915", name: "enable_guc" };

async function told(line: string, named: Named = GVT): Promise<string | undefined> {
  await using tree = await hostTree({ "proc/cmdline": line });
  return await onCommandLine(new Look(new RootedFiles(tree.root)), named);
}

async function loadedWith(files: Tree): Promise<string | undefined> {
  await using tree = await hostTree(files);
  return await inModprobe(new Look(new RootedFiles(tree.root)), GVT);
}

describe("a module's parameter on the kernel's command line", () => {
  it("is named with a dot after the module, and the last one holds", async () => {
    assert.equal(await told("ro i915.enable_gvt=0 i915.enable_gvt=1"), "1");
    assert.equal(await told("ro i915_enable_gvt=1 xi915.enable_gvt=1 i915.enable_gvt2=1"), undefined);
  });

  it("may have dashes for underscores", async () => {
    assert.equal(await told("i915.enable-gvt=Y"), "Y");
  });

  it("may be in quotes, as a whole or its value", async () => {
    assert.equal(await told('quiet i915.enable_gvt="1"'), "1");
    assert.equal(await told('"i915.enable_gvt=1" quiet'), "1");
    assert.equal(await told('dyndbg="file x i915.enable_gvt=1 +p"'), undefined);
  });

  it("is on when a bool is named alone, and of a number that means nothing", async () => {
    assert.ok(isOn(await told("ro i915.enable_gvt quiet")));
    assert.equal(await told("ro i915.enable_guc quiet", GUC), undefined);
  });

  it("is the kernel's before -- only", async () => {
    assert.equal(await told("ro quiet -- i915.enable_gvt=1"), undefined);
  });
});

describe("a module's parameter in modprobe.d", () => {
  it("is read in all folders that modprobe reads", async () => {
    for (const folder of ["etc", "run", "usr/lib", "lib"])
      assert.equal(await loadedWith({ [`${folder}/modprobe.d/a.conf`]: "options i915 enable_gvt=1" }), "1");
    assert.equal(await loadedWith({ "etc/modprobe.d/a.conf.bak": "options i915 enable_gvt=1" }), undefined);
  });

  it("is that of the file whose name is last, wherever it is", async () => {
    const files = {
      "etc/modprobe.d/a.conf": "options i915 enable_gvt=0",
      "lib/modprobe.d/b.conf": "options i915 enable_gvt=1",
    };
    assert.equal(await loadedWith(files), "1");
  });

  it("is not that of a file that another of its name stands for", async () => {
    const files = { "etc/modprobe.d/a.conf": "", "usr/lib/modprobe.d/a.conf": "options i915 enable_gvt=1" };
    assert.equal(await loadedWith(files), undefined);
  });

  it("may be on a line that goes on, and is in no comment", async () => {
    assert.equal(await loadedWith({ "etc/modprobe.d/a.conf": "options i915 \\\n  enable-gvt=1" }), "1");
    assert.equal(await loadedWith({ "etc/modprobe.d/a.conf": "# options i915 enable_gvt=1" }), undefined);
  });
});
