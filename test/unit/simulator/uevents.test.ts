// What the simulated kernel tells of its changes, as udev would.
import assert from "node:assert/strict";
import type { Entries } from "../../../agent/simulator/gpu-tree.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { ueventsBetween } from "../../../agent/simulator/uevents.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";

const GPU = pciAddress();
const DEVICE = `/devices/pci0000:00/${GPU}`;

function tree(yaml: string, slice = false): Entries {
  const kernel = new SimulatedKernel(parseHost(yaml, "test"), () => "boot-1");
  if (slice) assert.equal(kernel.create(GPU, "i915-GVTg_V5_8", foreignVgpuId(1)), undefined);
  return hostEntries(kernel, () => 0);
}

function told(before: Entries, after: Entries): readonly string[] {
  return ueventsBetween(before, after).map(
    ({ action, device, subsystem }) => `${action} ${device} ${subsystem}`,
  );
}

describe("the events of the simulated kernel", () => {
  it("are none when nothing changes", () => {
    assert.deepEqual(told(tree(""), tree("")), []);
  });

  it("tell that kvmgt registers its parents, and takes them back", () => {
    const [loaded, unloaded] = [told(tree("kvmgt: false"), tree("")), told(tree(""), tree("kvmgt: false"))];
    for (const events of [loaded, unloaded])
      assert.ok(events.includes(`change ${DEVICE} pci`), events.join("\n"));
    assert.ok(
      loaded.includes("add /module/kvmgt module") && unloaded.includes("remove /module/kvmgt module"),
    );
  });

  it("tell of a vGPU and of its driver", () => {
    const mdev = `${DEVICE}/${foreignVgpuId(1)}`;
    assert.deepEqual([...told(tree(""), tree("", true))].sort(), [`add ${mdev} mdev`, `bind ${mdev} mdev`]);
    assert.deepEqual([...told(tree("", true), tree(""))].sort(), [
      `remove ${mdev} mdev`,
      `unbind ${mdev} mdev`,
    ]);
  });

  it("tell of a driver that is unbound, with the nodes it had, and of another that is bound", () => {
    const events = told(tree(""), tree("gpus: [{ address: 0000:00:02.0, driver: vfio-pci }]"));
    for (const expected of [
      `unbind ${DEVICE} pci`,
      `bind ${DEVICE} pci`,
      `change ${DEVICE} pci`,
      `remove ${DEVICE}/drm/card0 drm`,
      `remove ${DEVICE}/drm/renderD128 drm`,
    ])
      assert.ok(events.includes(expected), events.join("\n"));
    assert.ok(events.indexOf(`unbind ${DEVICE} pci`) < events.indexOf(`bind ${DEVICE} pci`));
  });

  it("tell of a GPU that comes and goes", () => {
    assert.ok(told(tree("gpus: []"), tree("")).includes(`add ${DEVICE} pci`));
    assert.ok(told(tree(""), tree("gpus: []")).includes(`remove ${DEVICE} pci`));
  });
});
