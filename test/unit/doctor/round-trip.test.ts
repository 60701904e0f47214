// A bundle is examined as the host that it was written on, whatever is wrong with that.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { extract } from "tar";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import { ConditionStatus } from "../../../proto/gen/vgpud/v1/condition.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

/** Of each kind of host one: what tells lies in other files. */
const unlike = new Set([
  ...[
    "kaby-lake-linux-6.12",
    "two-gpus",
    "flex-linux-6.12",
    "raptor-lake-s-sriov-lts",
    "comet-lake-on-vfio-pci",
  ],
  ...["gvt-told-in-modprobe.d", "gvt-off-unreadable", "kvmgt-built-in", "vgpu-failsafe", "libvirt-away"],
  ...["xen-xengt-2016", "guest-of-xen", "no-gpu", "kaby-lake-graphics-outside-iommu"],
  ...["broken-absurd", "broken-empty", "broken-huge", "broken-not-utf8", "broken-unreadable"],
]);

async function said(root: string): Promise<unknown> {
  const response = await offlineDoctor.examineTree(root, { language: "en", mode: undefined });
  return {
    verdicts: response.verdicts,
    conditions: response.conditions.map(({ reason, gpu, status, severity, message, remedy }) => ({
      ...{ reason, gpu, status, severity, remedy },
      // Why a file cannot be read is not in a bundle: there a link to itself stands in its place.
      message: status === ConditionStatus.UNKNOWN ? "" : message,
    })),
  };
}

describe("a bundle of a recorded host, unpacked", () => {
  const hosts = recordedHosts().filter(({ name }) => unlike.has(name));
  it("is of every kind", () => {
    assert.equal(hosts.length, unlike.size);
  });

  for (const { name, expand } of hosts)
    it(`gives the conditions and verdicts of ${name}`, async () => {
      await using tree = await expand();
      const folder = await mkdtemp(path.join(tmpdir(), "vgpud-round-trip-"));
      const [file, unpacked] = [path.join(folder, "host.tar.gz"), path.join(folder, "unpacked")];
      await mkdir(unpacked);
      await offlineDoctor.bundle(tree.root, file);
      await extract({ file, cwd: unpacked });
      assert.deepEqual(await said(unpacked), await said(tree.root));
      await rm(folder, { recursive: true });
    });
});
