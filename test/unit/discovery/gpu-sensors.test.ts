// What drivers measure, in the files of i915 old and new and of xe.
import assert from "node:assert/strict";
import { readSensors, type GpuReadings } from "../../../agent/discovery/gpu-sensors.ts";
import { NotingFiles } from "../../../agent/discovery/noting-files.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";
import { pciAddress } from "../../fakes/ids.ts";

const address = pciAddress();
const none = { energyUj: [], temperatureMc: [] };

async function read(
  device: Tree,
  drmCard: string | undefined = "card0",
): Promise<{ readonly readings: GpuReadings; readonly unread: readonly string[] }> {
  await using tree = await hostTree({ [`sys/bus/pci/devices/${address}`]: device });
  const files = new NotingFiles(new RootedFiles(tree.root));
  const readings = await readSensors(files, { address, drmCard });
  return {
    readings,
    unread: files.unread.map(({ path, why }) => `${path.split("/").slice(5).join("/")} ${why}`),
  };
}

describe("the sensors of a GPU", () => {
  it("are the card's files with an old i915", async () => {
    const card = {
      ...{ gt_act_freq_mhz: "0", gt_cur_freq_mhz: "350", gt_min_freq_mhz: "300", gt_max_freq_mhz: "1150" },
      power: { rc6_residency_ms: "12345" },
    };
    const { readings, unread } = await read({ drm: { card0: card } });
    const [gt] = readings.gts;
    assert.deepEqual(gt, {
      domain: "gt0",
      frequencyMhz: { actual: 0, requested: 350, min: 300, max: 1150 },
      ...{ idleMs: 12_345, throttled: undefined, throttleReasons: {} },
    });
    assert.deepEqual([readings, unread], [{ gpu: address, suspended: undefined, gts: [gt], ...none }, []]);
  });

  it("are those of each part with a newer one, with what throttles it", async () => {
    const part = (act: string): Tree => ({
      ...{
        rps_act_freq_mhz: act,
        rps_cur_freq_mhz: "900",
        rps_min_freq_mhz: "300",
        rps_max_freq_mhz: "1300",
      },
      ...{
        rc6_residency_ms: "7",
        throttle_reason_status: "1",
        throttle_reason_pl1: "1",
        throttle_reason_thermal: "0",
      },
    });
    const { readings } = await read(
      {
        power: { runtime_status: "active" },
        drm: { card1: { gt_act_freq_mhz: "1", gt: { gt0: part("850"), gt1: part("450") } } },
      },
      "card1",
    );
    assert.deepEqual(
      readings.gts.map(({ domain, frequencyMhz }) => [domain, frequencyMhz.actual]),
      [
        ["gt0", 850],
        ["gt1", 450],
      ],
    );
    assert.deepEqual([readings.suspended, readings.gts[0]?.throttled], [false, true]);
    assert.deepEqual(readings.gts[0]?.throttleReasons, { pl1: true, thermal: false });
  });

  it("are those of each part of each tile with xe, and of its hwmon", async () => {
    const gt = (act: string): Tree => ({
      freq0: {
        act_freq: act,
        cur_freq: "1000",
        min_freq: "300",
        max_freq: "2050",
        throttle: { status: "0", reason_ratl: "0" },
      },
      gtidle: { name: "gt-rc", idle_residency_ms: "99" },
    });
    const { readings } = await read({
      tile0: { gt0: gt("1000"), gt1: gt("0") },
      tile1: { gt2: gt("500") },
      drm: { card0: {} },
      hwmon: {
        hwmon3: {
          ...{
            name: "xe",
            energy1_input: "5000000",
            energy1_label: "card",
            temp2_input: "-1500",
            temp3_input: "46000",
          },
          ...{ temp3_label: "vram", fan1_input: "1200", power1_cap: "1" },
        },
      },
    });
    assert.deepEqual(
      readings.gts.map(({ domain, frequencyMhz, idleMs }) => [domain, frequencyMhz.actual, idleMs]),
      [
        ["gt0", 1000, 99],
        ["gt1", 0, 99],
        ["gt2", 500, 99],
      ],
    );
    assert.deepEqual(readings.gts[0]?.throttleReasons, { ratl: false });
    const shown = [...readings.energyUj, ...readings.temperatureMc];
    assert.deepEqual(
      shown.map(({ chip, sensor, value }) => [chip, sensor, value]),
      [
        ["xe", "card", 5_000_000],
        ["xe", "temp2", -1_500],
        ["xe", "vram", 46_000],
      ],
    );
  });

  it("are left alone while the GPU sleeps, and where it has no driver", async () => {
    const drm = { card0: { gt_act_freq_mhz: "1" } };
    const asleep = await read({ power: { runtime_status: "suspended" }, drm });
    assert.deepEqual(asleep.readings, { gpu: address, suspended: true, gts: [], ...none });
    const { readings } = await readBare();
    assert.deepEqual(readings, { gpu: address, suspended: undefined, gts: [], ...none });
  });

  it("are unknown one by one where a file cannot be read or understood", async () => {
    const card = {
      gt_act_freq_mhz: "fast",
      gt_cur_freq_mhz: linkTo("gt_cur_freq_mhz"),
      gt_min_freq_mhz: "300",
    };
    const { readings, unread } = await read({ power: { runtime_status: "dreaming" }, drm: { card0: card } });
    assert.deepEqual(readings.gts[0]?.frequencyMhz, {
      actual: undefined,
      requested: undefined,
      min: 300,
      max: undefined,
    });
    assert.deepEqual(unread, [
      'drm/card0/gt_act_freq_mhz says "fast"',
      "drm/card0/gt_cur_freq_mhz ELOOP: too many symbolic links encountered",
      'power/runtime_status says "dreaming"',
    ]);
  });
});

async function readBare(): Promise<{ readonly readings: GpuReadings }> {
  await using tree = await hostTree({
    [`sys/bus/pci/devices/${address}`]: { power: { runtime_status: "active" } },
  });
  return { readings: await readSensors(new RootedFiles(tree.root), { address, drmCard: undefined }) };
}
