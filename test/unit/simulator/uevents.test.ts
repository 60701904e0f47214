// What the simulated kernel tells of its changes, as udev would.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { SimulatedClock } from "../../../agent/simulator/clock.ts";
import type { Entries } from "../../../agent/simulator/entries.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { UeventFeed } from "../../../agent/simulator/uevent-feed.ts";
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

const LINE_END = 10;
const LIVE = { kind: "file", text: "live" } as const;

describe("a listener to the events", () => {
  const modules: Entries = new Map(
    Array.from({ length: 10_000 }, (_, n) => [`sys/module/m${n}/initstate`, LIVE]),
  );

  it("that does not read is dropped, and nobody else with it", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "feed-"));
    const socket = path.join(dir, "uevents");
    {
      await using feed = await UeventFeed.serve(socket, new SimulatedClock());
      const [idle, reader] = [net.connect(socket), net.connect(socket)];
      await Promise.all([once(idle, "connect"), once(reader, "connect")]);
      const heard = { idle: 0, reader: 0, lines: 0 };
      reader.on("data", (bytes) => {
        heard.reader += bytes.length;
        heard.lines += bytes.filter((byte) => byte === LINE_END).length;
      });
      feed.show(new Map());
      // Until the feed has accepted both: what was shown before is not told.
      const one: Entries = new Map([["sys/module/one/initstate", LIVE]]);
      for (let turns = 0; heard.lines === 0; turns += 1) {
        feed.show(turns % 2 === 0 ? one : new Map());
        await turn();
      }
      for (let changes = 0; changes < 12; changes += 1) {
        feed.show(changes % 2 === 0 ? modules : new Map());
        while (heard.lines < (changes + 1) * modules.size) {
          assert.equal(reader.closed, false);
          await turn();
        }
      }
      idle.on("data", (bytes) => (heard.idle += bytes.length));
      await once(idle, "close");
      assert.ok(heard.idle < heard.reader / 2, `${heard.idle} of ${heard.reader} bytes`);
      assert.equal(reader.closed, false);
      reader.destroy();
    }
    await rm(dir, { recursive: true });
  });
});
