// GVT-g as the mdev bus shows it, on kernels old and new.
import assert from "node:assert/strict";
import { MdevBus } from "../../../agent/backends/kvmgt/mdev-bus.ts";
import { parseDescription } from "../../../agent/backends/kvmgt/type-description.ts";
import { NotingFiles } from "../../../agent/discovery/noting-files.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";

const DESCRIPTION = [
  "low_gm_size: 128MB",
  "high_gm_size: 512MB",
  "fence: 4",
  "resolution: 1920x1200",
  "weight: 4",
];
const V5_4 = { available_instances: "1", description: DESCRIPTION.join("\n"), device_api: "vfio-pci" };
const gpu = new FakeGpu(pciAddress(), 256).facts();

async function types(supported: Tree): ReturnType<MdevBus["describe"]> {
  const parent = { "0000:00:02.0": { mdev_supported_types: supported } };
  await using tree = await hostTree({ "sys/class/mdev_bus": parent });
  return await new MdevBus(new NotingFiles(new RootedFiles(tree.root))).describe(gpu);
}

describe("the mdev bus", () => {
  it("tells the types of a GPU with their sizes, with or without a name", async () => {
    const expected = {
      mdevParent: true,
      types: [
        {
          ...{ name: typeName("4"), weight: 4, resolution: "1920x1200", kernelAvailable: 1 },
          sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 },
        },
      ],
    };
    assert.deepEqual(await types({ [typeName("4")]: V5_4 }), expected, "kernel 5.10");
    assert.deepEqual(
      await types({ [typeName("4")]: { ...V5_4, name: "GVTg_V5_4" } }),
      expected,
      "kernel 6.1",
    );
  });

  it("tells a parent that offers no types from a GPU that is none", async () => {
    assert.deepEqual(await types({}), { mdevParent: true, types: [] });
    await using tree = await hostTree({ "sys/class/mdev_bus": {} });
    const bus = new MdevBus(new RootedFiles(tree.root));
    assert.deepEqual(await bus.describe(gpu), { mdevParent: false, types: [] });
  });

  it("keeps a type of which little can be read, with its known sizes: it has slices to count", async () => {
    const { types: found } = await types({
      [typeName("1")]: { available_instances: "many" },
      [typeName("2")]: {},
      [typeName("4")]: { ...V5_4, available_instances: linkTo("/proc/self/mem") },
      [typeName("8")]: { available_instances: "3", description: "fence: 4" },
      "i915-GVTg_V5_3": { available_instances: "1" },
    });
    assert.deepEqual(
      found.map(({ name, sizes, kernelAvailable }) => [name.slice(-1), sizes?.lowGmMib, kernelAvailable]),
      [
        ["1", 512, undefined],
        ["2", 256, undefined],
        ["3", undefined, 1],
        ["4", 128, undefined],
        ["8", 64, 3],
      ],
    );
  });

  it("keeps a type that does not describe itself, without sizes", async () => {
    const { types: found } = await types({ "mtty-1": { available_instances: "24" } });
    assert.deepEqual(found, [
      { name: "mtty-1", sizes: undefined, weight: undefined, resolution: undefined, kernelAvailable: 24 },
    ]);
  });

  it("tells the slices of PCI functions, whoever made them", async () => {
    const [own, foreign, mtty] = [ownVgpuId(1), foreignVgpuId(1), foreignVgpuId(2)];
    const device = (group: string | undefined): Tree => ({
      mdev_type: linkTo(`../mdev_supported_types/${typeName("4")}`),
      ...(group === undefined ? {} : { iommu_group: linkTo(`../../../../kernel/iommu_groups/${group}`) }),
    });
    await using tree = await hostTree({
      "sys/devices/pci0000:00/0000:00:02.0": { [own]: device("11"), [foreign]: device(undefined) },
      "sys/devices/virtual/mtty/mtty": { [mtty]: device("12") },
      "sys/bus/mdev/devices": {
        [own]: linkTo(`../../../devices/pci0000:00/0000:00:02.0/${own}`),
        [foreign]: linkTo(`../../../devices/pci0000:00/0000:00:02.0/${foreign}`),
        [mtty]: linkTo(`../../../devices/virtual/mtty/mtty/${mtty}`),
        "not-a-uuid": linkTo("../../../devices/nothing"),
        [foreignVgpuId(3)]: linkTo("../../../devices/pci0000:00/0000:00:02.0/vanished"),
      },
    });
    const slices = await new MdevBus(new RootedFiles(tree.root)).slices();
    assert.deepEqual(slices, [
      { id: own, gpu: "0000:00:02.0", type: typeName("4"), isLeaving: false, iommuGroup: 11 },
      { id: foreign, gpu: "0000:00:02.0", type: typeName("4"), isLeaving: false, iommuGroup: undefined },
    ]);
  });

  it("tells a slice whose removal waits, which only its GPU still shows", async () => {
    const [here, leaving] = [ownVgpuId(1), ownVgpuId(2)];
    const gpuDevice = "sys/devices/pci0000:00/0000:00:02.0";
    await using tree = await hostTree({
      [gpuDevice]: {
        [here]: { mdev_type: linkTo(`../mdev_supported_types/${typeName("4")}`) },
        [leaving]: {},
      },
      "sys/class/mdev_bus": { "0000:00:02.0": linkTo("../../devices/pci0000:00/0000:00:02.0") },
      "sys/bus/mdev/devices": { [here]: linkTo(`../../../devices/pci0000:00/0000:00:02.0/${here}`) },
    });
    const slices = await new MdevBus(new RootedFiles(tree.root)).slices();
    assert.deepEqual(slices, [
      { id: here, gpu: "0000:00:02.0", type: typeName("4"), isLeaving: false, iommuGroup: undefined },
      { id: leaving, gpu: "0000:00:02.0", type: "", isLeaving: true, iommuGroup: undefined },
    ]);
  });

  it("has no slices where there is no such bus", async () => {
    await using tree = await hostTree({});
    assert.deepEqual(await new MdevBus(new RootedFiles(tree.root)).slices(), []);
  });
});

describe("a type's description", () => {
  it("reads in any order of its lines", () => {
    assert.deepEqual(parseDescription(DESCRIPTION.toReversed().join("\n")), {
      sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 },
      weight: 4,
      resolution: "1920x1200",
    });
  });

  it("invents nothing where it is missing, cut short or of another driver", () => {
    const nothing = { sizes: undefined, weight: undefined, resolution: undefined };
    for (const text of [
      undefined,
      "",
      "2 ports",
      "low_gm_size 128MB",
      "fence: four\nweight: -1\nresolution: big",
    ])
      assert.deepEqual(parseDescription(text), nothing, text);
    assert.equal(parseDescription(DESCRIPTION.slice(0, 2).join("\n")).sizes, undefined);
    assert.equal(parseDescription(DESCRIPTION.join("\n").replace("128MB", "128GB")).sizes, undefined);
  });
});
