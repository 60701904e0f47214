// What is plugged into a GPU.
import assert from "node:assert/strict";
import { NotingFiles } from "../../../agent/discovery/noting-files.ts";
import { findGpus } from "../../../agent/discovery/pci-gpus.ts";
import { readScreens } from "../../../agent/discovery/screens.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";

async function screens(states: Readonly<Record<string, string>>): Promise<readonly string[] | undefined> {
  const connectors = Object.entries(states).map(([name, status]): [string, Tree] => [
    `card1-${name}`,
    { status },
  ]);
  await using tree = await hostTree({
    "sys/bus/pci/devices/0000:00:02.0": {
      ...{ vendor: "0x8086", class: "0x030000", driver: linkTo("../../../bus/pci/drivers/i915") },
      drm: { card1: { dev: "226:1", ...Object.fromEntries(connectors) } },
    },
  });
  const files = new NotingFiles(new RootedFiles(tree.root));
  const [gpu] = await findGpus(files);
  assert.ok(gpu);
  return await readScreens(files, gpu);
}

describe("the screens of a GPU", () => {
  it("are the connectors that something is plugged into", async () => {
    assert.deepEqual(await screens({ "DP-1": "disconnected", "HDMI-A-1": "connected" }), ["HDMI-A-1"]);
    assert.deepEqual(await screens({ "DP-1": "disconnected", "Virtual-1": "unknown" }), []);
    assert.deepEqual(await screens({}), []);
  });

  it("are not known when one cannot be told, unless another is there", async () => {
    assert.equal(await screens({ "DP-1": "disconnected", "HDMI-A-1": "?" }), undefined);
    assert.deepEqual(await screens({ "DP-1": "connected", "HDMI-A-1": "?" }), ["DP-1"]);
  });
});
