import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { AllowedFiles } from "../../../agent/hostd/allowed-files.ts";
import { ALLOWLIST, type AllowedName } from "../../../agent/hostd/allowlist.ts";
import type { AllowedFile } from "../../../agent/hostd/allowlist/file.ts";
import type { OperationKind } from "../../../agent/hostd/protocol/messages.ts";
import { GvtTree, GPU, TYPE } from "../../fakes/gvt-tree.ts";

const ID = "76677075-0000-8000-8000-000000000001";

const NAMES = Object.keys(ALLOWLIST) as AllowedName[];
const OPERATIONS = new Set(NAMES.flatMap((name): readonly OperationKind[] => ALLOWLIST[name].operations));

describe("hostd's allowlist", () => {
  const variables = {
    gpu: GPU,
    type: TYPE,
    vgpuId: ID,
    group: "12",
    pid: "1",
    fd: "0",
    device: GPU,
    virtfn: "virtfn0",
    card: "card0",
    iov: "iov",
    vf: "vf1",
    unit: "gt0",
    vm: "vm1",
    name: "desk",
    pidFile: "desk.pid",
    tile: "tile0",
    pmuAddress: "0000_03_00.0",
  };

  it("keeps every file below its directory, whatever a variable holds", () => {
    const hostile = fc.oneof(
      fc.constantFrom("..", ".", "", "/", "a/../..", "/etc", "%2e%2e", "0\0"),
      fc.string(),
      fc.string().map((text) => `../${text}`),
    );
    for (const name of NAMES) {
      const files = new AllowedFiles("/root-of-test", ALLOWLIST[name].operations[0]);
      // Before links are followed; where they lead is another test's.
      const [fixed = ""] = ALLOWLIST[name].path.split("{");
      const base = path.join("/root-of-test", fixed);
      for (const variable of Object.keys(variables)) {
        fc.assert(
          fc.property(hostile, (value) => {
            let file: string;
            try {
              file = files.at(name, { ...variables, [variable]: value });
            } catch (error) {
              return error instanceof RangeError;
            }
            return file.startsWith(base) && path.normalize(file) === file;
          }),
        );
      }
    }
  });

  it("gives an operation the files that it names it for, and no other", () => {
    assert.equal(OPERATIONS.size, 15);
    for (const operation of OPERATIONS) {
      const files = new AllowedFiles("/root-of-test", operation);
      for (const name of NAMES) {
        const row: AllowedFile = ALLOWLIST[name];
        if (row.operations.includes(operation))
          assert.ok(files.at(name, variables).startsWith("/root-of-test/"));
        else
          assert.throws(() => files.at(name, variables), {
            name: "RangeError",
            message: /is not allowed to/,
          });
      }
    }
  });

  it("writes only what makes, removes, binds and shares out, opens only a VFIO group, asks xenstore alone, and runs perf alone", () => {
    const touched = Object.values(ALLOWLIST).filter(({ access }) => access !== "read");
    assert.deepEqual(
      touched.map((file) => path.join(file.access, file.path)),
      [
        "write/sys/class/mdev_bus/{gpu}/mdev_supported_types/{type}/create",
        "open/dev/vfio/{group}",
        "write/sys/bus/mdev/devices/{vgpuId}/remove",
        "open/dev/vfio/{group}",
        "write/sys/bus/pci/devices/{device}/driver_override",
        "write/sys/bus/pci/devices/{device}/driver/unbind",
        "write/sys/bus/pci/drivers_probe",
        "write/sys/bus/pci/drivers/pciback/new_slot",
        "write/sys/bus/pci/drivers/pciback/remove_slot",
        "write/sys/bus/pci/devices/{device}/sriov_drivers_autoprobe",
        "write/sys/bus/pci/devices/{device}/sriov_numvfs",
        ...["exec_quantum_ms", "preempt_timeout_us", "sched_priority", "vram_quota"].map(
          (file) => `write and read/sys/bus/pci/devices/{device}/sriov_admin/{vf}/profile/${file}`,
        ),
        ...["exec_quantum_ms", "preempt_timeout_us", "ggtt_quota", "contexts_quota", "doorbells_quota"].map(
          (file) => `write and read/sys/bus/pci/devices/{device}/drm/{card}/{iov}/{vf}/{unit}/${file}`,
        ),
        "write and read/sys/bus/pci/devices/{device}/drm/{card}/{iov}/pf/auto_provisioning",
        "write and read/proc/xen/xenbus",
        "write and read/dev/xen/xenbus",
        "write/sys/kernel/vgt/control/create_vgt_instance",
        "run/usr/bin/perf",
      ],
    );
  });

  it("refuses a file that a link has moved out of /sys", async () => {
    await using tree = await GvtTree.make();
    const outside = path.join(tree.root, "outside");
    await mkdir(outside);
    await writeFile(path.join(outside, "create"), "");
    await rm(path.dirname(tree.createFile), { recursive: true });
    await symlink(outside, path.dirname(tree.createFile));
    assert.throws(
      () => creates(tree.root).resolved("create", { gpu: GPU, type: TYPE }),
      /leads out of .*\/sys$/,
    );
  });

  it("follows the links that the kernel itself makes", async () => {
    await using tree = await GvtTree.make();
    assert.equal(creates(tree.root).resolved("create", { gpu: GPU, type: TYPE }), tree.createFile);
  });
});

function creates(root: string): AllowedFiles {
  return new AllowedFiles(root, "create-mdev");
}
