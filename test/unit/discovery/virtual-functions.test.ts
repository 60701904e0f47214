// Virtual functions in the files of the PCI core, with their shares in those of i915's ports and of xe.
import assert from "node:assert/strict";
import { symlink, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { NotingFiles } from "../../../agent/discovery/noting-files.ts";
import { findGpus } from "../../../agent/discovery/pci-gpus.ts";
import { readSriov } from "../../../agent/discovery/virtual-functions.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { Sriov } from "../../../agent/inventory/virtual-functions.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

const PF = "0000:00:02.0";
const DIR = `sys/bus/pci/devices/${PF}`;
const NOTHING = { vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined };
const UNTOLD = { execQuantumMs: undefined, preemptTimeoutUs: undefined, priority: undefined };
const LOW = { execQuantumMs: 20, preemptTimeoutUs: 40_000, priority: "low" };

interface Read {
  readonly sriov: Sriov | undefined;
  /** Paths below the GPU's directory. */
  readonly unread: readonly string[];
}

async function readIn(root: string): Promise<Read> {
  const files = new NotingFiles(new RootedFiles(root));
  const [gpu] = await findGpus(files);
  assert.ok(gpu);
  const sriov = await readSriov(files, gpu);
  return { sriov, unread: files.unread.map(({ path: at }) => at.slice(DIR.length + 1)) };
}

async function recorded(name: string): Promise<Read> {
  const host = recordedHosts().find((each) => each.name === name);
  assert.ok(host);
  await using tree = await host.expand();
  return await readIn(tree.root);
}

const card = { pf: { gt: { available: { ggtt_free: "1048576" } } }, vf1: { gt: { ggtt_quota: "4096" } } };
const twoFunctions: Tree = {
  [DIR]: {
    ...{
      vendor: "0x8086",
      class: "0x030000",
      device: "0x4680",
      driver: linkTo("../../../bus/pci/drivers/i915"),
    },
    ...{ sriov_totalvfs: "7", sriov_numvfs: "2", sriov_drivers_autoprobe: "1" },
    virtfn0: linkTo("../0000:00:02.1"),
    virtfn1: linkTo("../0000:00:02.2"),
    drm: { card0: { iov: card } },
  },
  "sys/bus/pci/devices/0000:00:02.1": { driver: linkTo("../../../bus/pci/drivers/vfio-pci") },
  "sys/bus/pci/devices/0000:00:02.2": {},
};

describe("the virtual functions of a GPU", () => {
  it("are told with what the port of i915 gave them and has left", async () => {
    const { sriov, unread } = await recorded("alder-lake-s-sriov");
    const quota = { ...NOTHING, ggttBytes: 536_870_912, contexts: 9216, doorbells: 32 };
    assert.deepEqual(sriov, {
      ...{ total: 7, autoprobe: true, driverEnables: true },
      functions: ["i915", "vfio-pci", undefined].map((driver, index) => ({
        ...{ number: index + 1, address: `0000:00:02.${index + 1}`, driver, quota },
        turns: { execQuantumMs: 0, preemptTimeoutUs: 0, priority: undefined },
      })),
      available: { ...NOTHING, ggttBytes: 2_560_622_592, contexts: 37_888, doorbells: 160 },
      largestQuota: { ...NOTHING, ggttBytes: 2_147_483_648, contexts: 37_888, doorbells: 160 },
    });
    assert.deepEqual(unread, []);
  });

  it("are told with the local memory that xe gave them", async () => {
    const { sriov } = await recorded("flex-linux-7.1");
    assert.deepEqual([sriov?.total, sriov?.functions.length, sriov?.autoprobe], [31, 2, false]);
    assert.deepEqual(
      sriov?.functions.map(({ address, quota }) => [address, quota]),
      ["0000:4d:00.1", "0000:4d:00.2"].map((vf) => [vf, { ...NOTHING, vramBytes: 1_073_741_824 }]),
    );
    assert.deepEqual(sriov.available, NOTHING);
  });

  it("are told with the turns that xe gives them, whose priority is the one in brackets", async () => {
    const { sriov, unread } = await recorded("flex-linux-7.1");
    assert.deepEqual(
      sriov?.functions.map(({ turns }) => turns),
      [LOW, LOW],
    );
    assert.deepEqual(unread, []);
    // xe has no files for them before Linux 6.19.
    await using tree = await hostTree({
      ...twoFunctions,
      [DIR]: {
        ...{ vendor: "0x8086", class: "0x030000", device: "0x56c0" },
        ...{
          driver: linkTo("../../../bus/pci/drivers/xe"),
          sriov_totalvfs: "7",
          sriov_drivers_autoprobe: "1",
        },
        virtfn0: linkTo("../0000:00:02.1"),
      },
    });
    const old = await readIn(tree.root);
    assert.deepEqual([old.sriov?.functions[0]?.turns, old.unread], [UNTOLD, []]);
  });

  for (const [text, priority] of [
    ["low [normal]", "normal"],
    ["low normal [high]", "high"],
    ["low normal high", undefined],
    ["[urgent] low", undefined],
  ] as const)
    it(`have the priority ${priority ?? "that is not known"} where xe says ${text}`, async () => {
      const host = recordedHosts().find(({ name }) => name === "flex-linux-7.1");
      assert.ok(host);
      await using tree = await host.expand();
      const admin = path.join(tree.root, "sys/bus/pci/devices/0000:4d:00.0/sriov_admin");
      await writeFile(path.join(admin, "vf2/profile/sched_priority"), `${text}\n`);
      await writeFile(path.join(admin, "vf2/profile/preempt_timeout_us"), "-1\n");
      const { sriov } = await readIn(tree.root);
      assert.deepEqual(
        sriov?.functions.map(({ turns }) => turns),
        [LOW, { ...LOW, preemptTimeoutUs: undefined, priority }],
      );
    });

  it("are none that the kernel's own i915 could make, though the device has them", async () => {
    const { sriov } = await recorded("alder-lake-s-sriov-mainline");
    assert.deepEqual([sriov?.total, sriov?.driverEnables, sriov?.functions], [7, false, []]);
  });

  it("are not told of a device that has no SR-IOV", async () => {
    assert.equal((await recorded("coffee-lake-linux-7.1")).sriov, undefined);
  });

  it("are told by an older port, which does not number its graphics unit", async () => {
    await using tree = await hostTree(twoFunctions);
    const { sriov } = await readIn(tree.root);
    assert.deepEqual(
      sriov?.functions.map(({ driver, quota }) => [driver, quota.ggttBytes]),
      [
        ["vfio-pci", 4096],
        [undefined, undefined],
      ],
    );
    assert.equal(sriov.available.ggttBytes, 1_048_576);
  });

  const broken = {
    "cannot be read": async (file: string) => {
      await rm(file);
      await symlink(path.basename(file), file);
    },
    "is empty": (file: string) => writeFile(file, ""),
    "is no number": (file: string) => writeFile(file, "many\n"),
    "is beyond reason": (file: string) => writeFile(file, `${"9".repeat(400)}\n`),
    "is negative": (file: string) => writeFile(file, "-1\n"),
    "is not UTF-8": (file: string) => writeFile(file, Buffer.from([0xff, 0xfe])),
  };
  const facts: Readonly<Record<string, (sriov: Sriov) => unknown>> = {
    sriov_totalvfs: ({ total }) => total,
    sriov_drivers_autoprobe: ({ autoprobe }) => autoprobe,
    "drm/card0/iov/pf/gt/available/ggtt_free": ({ available }) => available.ggttBytes,
    "drm/card0/iov/vf1/gt/ggtt_quota": ({ functions }) => functions[0]?.quota.ggttBytes,
  };
  it("are told without their number, a read of which waits while it is changed", async () => {
    await using tree = await hostTree(twoFunctions);
    await broken["cannot be read"](path.join(tree.root, DIR, "sriov_numvfs"));
    const { sriov, unread } = await readIn(tree.root);
    assert.deepEqual([sriov?.functions.length, unread], [2, []]);
  });

  for (const [how, spoil] of Object.entries(broken))
    it(`have unknown facts, and named ones, where a file ${how}`, async () => {
      for (const [file, of] of Object.entries(facts)) {
        await using tree = await hostTree(twoFunctions);
        await spoil(path.join(tree.root, DIR, file));
        const { sriov, unread } = await readIn(tree.root);
        assert.ok(sriov);
        assert.equal(of(sriov), undefined, file);
        assert.deepEqual(unread, [file]);
        assert.equal(sriov.functions.length, 2);
      }
    });

  it("are left out when they go while they are read, and when a link leads to no function", async () => {
    await using tree = await hostTree(twoFunctions);
    const link = path.join(tree.root, DIR, "virtfn1");
    await rm(link);
    await symlink("../nowhere", link);
    const { sriov } = await readIn(tree.root);
    assert.deepEqual(
      sriov?.functions.map(({ number }) => number),
      [1],
    );
  });
});
