// Metrics of what the drivers measure of whole GPUs. Named and labelled so that what exporters of other drivers show can be
// shown beside them. i915 has no figures for a single vGPU. Pure.
import {
  frequencyKinds,
  type GpuReadings,
  type GtReadings,
  type SensorReading,
} from "../discovery/gpu-sensors.ts";
import { counter, gauge, type Collector, type Sample } from "./definition.ts";
import type { ScrapeView } from "./view.ts";

const HERTZ_PER_MHZ = 1_000_000;
const MS_PER_SECOND = 1_000;
const UJ_PER_JOULE = 1_000_000;
const MC_PER_DEGREE = 1_000;

/** Of the GPUs that are still there. */
function current({ gpus, sensors }: ScrapeView): readonly GpuReadings[] {
  const there = new Set(gpus.map(({ gpu }) => gpu.address));
  return sensors.readings.filter(({ gpu }) => there.has(gpu));
}

function eachGt<Label extends string>(
  samplesOf: (
    gt: GtReadings,
    labels: Readonly<Record<"pci_address" | "domain", string>>,
  ) => readonly Sample<Label>[],
) {
  return (view: ScrapeView): readonly Sample<Label>[] =>
    current(view).flatMap(({ gpu, gts }) =>
      gts.flatMap((gt) => samplesOf(gt, { pci_address: gpu, domain: gt.domain })),
    );
}

function eachSensor(of: (readings: GpuReadings) => readonly SensorReading[], perUnit: number) {
  return (view: ScrapeView): readonly Sample<"pci_address" | "chip" | "sensor">[] =>
    current(view).flatMap((readings) =>
      of(readings).map(({ chip, sensor, value }) => ({
        labels: { pci_address: readings.gpu, chip, sensor },
        value: value / perUnit,
      })),
    );
}

export const gpuSensorCollector: Collector = {
  name: "gpu_sensors",
  healthy: ({ sensors }) => !sensors.failing,
  metrics: [
    gauge({
      name: "vgpud_gpu_suspended",
      help: "Whether the kernel has put the GPU to sleep (1) or not (0); a scrape does not wake it, and its other sensors are absent.",
      labels: ["pci_address"],
      samples: (view) =>
        current(view).flatMap(({ gpu, suspended }) =>
          suspended === undefined ? [] : [{ labels: { pci_address: gpu }, value: suspended ? 1 : 0 }],
        ),
    }),
    gauge({
      name: "vgpud_gpu_frequency_hertz",
      help: "Frequency of the GPU's part: actual (0 while asleep), requested by the driver, and the limits min and max.",
      labels: ["pci_address", "domain", "kind"],
      samples: eachGt(({ frequencyMhz }, labels) =>
        frequencyKinds.flatMap((kind) => {
          const mhz = frequencyMhz[kind];
          return mhz === undefined ? [] : [{ labels: { ...labels, kind }, value: mhz * HERTZ_PER_MHZ }];
        }),
      ),
    }),
    counter({
      name: "vgpud_gpu_rc6_residency_seconds_total",
      help: "Time that the GPU's part slept while the GPU was on (RC6 of i915, C6 of xe), since its driver was bound.",
      labels: ["pci_address", "domain"],
      samples: eachGt(({ idleMs }, labels) =>
        idleMs === undefined ? [] : [{ labels, value: idleMs / MS_PER_SECOND }],
      ),
    }),
    gauge({
      name: "vgpud_gpu_throttled",
      help: "Whether something keeps the GPU's part below the frequency it asks for (1) or not (0).",
      labels: ["pci_address", "domain"],
      samples: eachGt(({ throttled }, labels) =>
        throttled === undefined ? [] : [{ labels, value: throttled ? 1 : 0 }],
      ),
    }),
    gauge({
      name: "vgpud_gpu_throttle_reason",
      help: "Whether it throttles the GPU's part (1) or not (0): power (pl1, pl2, pl4), heat (thermal, prochot, ratl), regulator (vr_).",
      labels: ["pci_address", "domain", "reason"],
      samples: eachGt(({ throttleReasons }, labels) =>
        Object.entries(throttleReasons).map(([reason, holds]) => ({
          labels: { ...labels, reason },
          value: holds ? 1 : 0,
        })),
      ),
    }),
    counter({
      name: "vgpud_gpu_energy_joules_total",
      help: "Energy that the GPU or a part of it has used, as the driver's hwmon counts it; few integrated GPUs do.",
      labels: ["pci_address", "chip", "sensor"],
      samples: eachSensor(({ energyUj }) => energyUj, UJ_PER_JOULE),
    }),
    gauge({
      name: "vgpud_gpu_temperature_celsius",
      help: "Temperature at a sensor of the GPU, as the driver's hwmon tells it.",
      labels: ["pci_address", "chip", "sensor"],
      samples: eachSensor(({ temperatureMc }) => temperatureMc, MC_PER_DEGREE),
    }),
  ],
};
