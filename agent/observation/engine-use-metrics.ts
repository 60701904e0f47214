// Metrics of what virtual functions use of engines, where the driver counts it: xe's PMU alone. In the kernel's ticks, since how long
// one is, it does not tell. Pure.
import { counter, type Collector } from "./definition.ts";
import type { EngineUse } from "./engine-use.ts";
import type { ScrapeView } from "./view.ts";

const labels = ["vgpu_id", "gt", "engine", "engine_instance"] as const;

const each =
  (ticks: (use: EngineUse) => number) =>
  ({ engineUse }: ScrapeView) =>
    engineUse.engines.map((use) => ({
      labels: {
        vgpu_id: use.vgpu,
        gt: `${use.gt}`,
        engine: use.engine,
        engine_instance: `${use.instance}`,
      },
      value: ticks(use),
    }));

export const engineUseCollector: Collector = {
  name: "vgpu_engine",
  healthy: ({ engineUse }) => !engineUse.failing,
  metrics: [
    counter({
      name: "vgpud_vgpu_engine_active_ticks_total",
      help: "Ticks that an engine worked for the vGPU, a virtual function of xe, by the kernel's clock for engines.",
      labels,
      samples: each(({ active }) => active),
    }),
    counter({
      name: "vgpud_vgpu_engine_given_ticks_total",
      help: "Ticks of an engine that the vGPU, a virtual function of xe, was given; its share of those that passed.",
      labels,
      samples: each(({ total }) => total),
    }),
  ],
};
