import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { parsePciAddress, parseVgpuId } from "../../../agent/core/ids.ts";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import { ConditionStatus } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Entries, Entry } from "../../../agent/simulator/entries.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { TreeWriter } from "../../../agent/simulator/tree-writer.ts";

const BDF = "0000:00:02.0";
const GPU_DIR = `sys/devices/pci0000:00/${BDF}`;
const UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804";

function kernelWithHeldMdev(release: string): SimulatedKernel {
  const kernel = new SimulatedKernel(parseHost(`kernel: ${release}`, "test"), () => "boot-1");
  const gpu = parsePciAddress(BDF);
  const id = parseVgpuId(UUID);
  assert.ok(gpu && id);
  assert.equal(kernel.create(gpu, "i915-GVTg_V5_4", id), undefined);
  assert.equal(kernel.open(id, { pid: 4711, command: "qemu-system-x86", domain: "desk-1" }), undefined);
  return kernel;
}

describe("the simulated host's files", () => {
  it("lead from every link to an entry of the tree", async () => {
    await using tree = await writtenTree(hostEntries(kernelWithHeldMdev("6.1.0"), () => 0));
    for (const [name, entry] of tree.entries) {
      if (entry.kind === "link" && !entry.to.startsWith("/")) await realpath(path.join(tree.root, name));
    }
    const mdev = path.join(tree.root, "sys/bus/mdev/devices", UUID);
    assert.equal(path.basename(await realpath(`${mdev}/mdev_type`)), "i915-GVTg_V5_4");
    assert.equal(path.basename(await readlink(`${mdev}/iommu_group`)), "32");
    assert.equal(await readlink(path.join(tree.root, "proc/4711/fd/32")), "/dev/vfio/32");
    assert.equal(
      await readFile(path.join(tree.root, "proc/4711/cmdline"), "utf8"),
      "qemu-system-x86\0-name\0guest=desk-1\0",
    );
  });

  it("have what the checks of a host look for; libvirt is asked by another way", async () => {
    await using tree = await writtenTree(hostEntries(kernelWithHeldMdev("6.12.0"), () => 0));
    const { conditions } = await offlineDoctor.examineTree(tree.root, { language: "en", mode: undefined });
    const unknown = conditions.filter(({ status }) => status === ConditionStatus.UNKNOWN);
    assert.deepEqual(
      unknown.map(({ reason }) => reason),
      ["LIBVIRT_UNAVAILABLE"],
    );
  });

  it("say BAR2 in the third line of `resource`", () => {
    const entry = hostEntries(kernelWithHeldMdev("6.1.0"), () => 0).get(`${GPU_DIR}/resource`);
    assert.ok(entry?.kind === "file");
    const lines = entry.text.trimEnd().split("\n");
    const [start, end] = (lines[2] ?? "").split(" ").map(Number);
    assert.equal(lines.length, 13);
    assert.equal((end ?? 0) - (start ?? 0) + 1, 1024 * 1024 * 1024);
    assert.match(lines[1] ?? "", /^0x0{16} 0x0{16} 0x0{16}$/);
  });

  it("differ by kernel as real ones do", () => {
    const old = hostEntries(kernelWithHeldMdev("5.10.0-30-amd64"), () => 0);
    const young = hostEntries(kernelWithHeldMdev("6.1.0-44-amd64"), () => 0);
    const type = `${GPU_DIR}/mdev_supported_types/i915-GVTg_V5_4`;
    assert.equal(old.has(`${type}/name`), false);
    assert.deepEqual(young.get(`${type}/name`), { kind: "file", text: "GVTg_V5_4\n" });
    assert.ok(old.has(`sys/bus/mdev/drivers/vfio_mdev/${UUID}`));
    assert.ok(young.has(`sys/bus/mdev/drivers/intel_vgpu_mdev/${UUID}`));
    assert.ok(old.has("sys/module/vfio_mdev/initstate"));
    assert.equal(young.has("sys/module/vfio_mdev/initstate"), false);
  });

  it("show as many instances as the fault wants, never less than none", () => {
    const kernel = kernelWithHeldMdev("6.1.0");
    const file = `${GPU_DIR}/mdev_supported_types/i915-GVTg_V5_4/available_instances`;
    assert.deepEqual(hostEntries(kernel, () => 0).get(file), { kind: "file", text: "4\n" });
    assert.deepEqual(hostEntries(kernel, () => 2).get(file), { kind: "file", text: "6\n" });
    assert.deepEqual(hostEntries(kernel, () => -7).get(file), { kind: "file", text: "0\n" });
  });

  it("have no mdev bus where its module is not loaded", () => {
    const kernel = new SimulatedKernel(parseHost("kvmgt: false", "test"), () => "boot");
    assert.equal(
      [...hostEntries(kernel, () => 0).keys()].some((name) => name.startsWith("sys/class/mdev_bus")),
      false,
    );
  });
});

describe("the tree writer", () => {
  it("brings the directory from any state to any other", async () => {
    const name = fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join("/"));
    const entry: fc.Arbitrary<Entry> = fc.oneof(
      fc.record({ kind: fc.constant("file" as const), text: fc.constantFrom("1", "2") }),
      fc.record({ kind: fc.constant("link" as const), to: fc.constantFrom("x", "y") }),
      fc.constant({ kind: "directory" } as const),
    );
    // A place that is a directory for one entry cannot be a file for another; in the kernel it never becomes one either.
    const state = fc.array(fc.tuple(name, entry)).map((pairs): Entries => {
      const leaves = pairs.map(([place, value]): [string, Entry] => [`${place}/${value.kind}`, value]);
      return new Map(leaves);
    });
    await fc.assert(
      fc.asyncProperty(fc.array(state, { minLength: 1, maxLength: 4 }), async (states) => {
        await using tree = await writtenTree(new Map());
        for (const next of states) {
          tree.writer.apply(next);
          assert.deepEqual(
            await read(tree.root),
            new Map(structuredClone([...next]).sort(([a], [b]) => (a < b ? -1 : 1))),
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});

async function writtenTree(
  entries: Entries,
): Promise<
  AsyncDisposable & { readonly root: string; readonly entries: Entries; readonly writer: TreeWriter }
> {
  const directory = await mkdtemp(path.join(tmpdir(), "host-tree-"));
  const root = path.join(directory, "root");
  const writer = new TreeWriter(root, path.join(directory, "staging"));
  writer.apply(entries);
  return { root, entries, writer, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

/** Files, links and empty directories that were asked for (named `directory`), by name. */
async function read(root: string): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  for (const item of await readdir(root, { recursive: true, withFileTypes: true })) {
    const at = path.join(item.parentPath, item.name);
    const name = path.relative(root, at);
    if (item.isFile()) found.set(name, { kind: "file", text: await readFile(at, "utf8") });
    else if (item.isSymbolicLink()) found.set(name, { kind: "link", to: await readlink(at) });
    else if (item.name === "directory") found.set(name, { kind: "directory" });
    else assert.notEqual((await readdir(at)).length, 0, `${name} was left behind`);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
