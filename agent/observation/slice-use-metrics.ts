// Metrics of how busy slices were, where the driver that makes them tells: XenGT of 2016 alone. Pure.
import { gauge, type Collector } from "./definition.ts";
import type { ScrapeView } from "./view.ts";

export const sliceUseCollector: Collector = {
  name: "vgpu_use",
  healthy: ({ sliceUse }: ScrapeView) => !sliceUse.failing,
  metrics: [
    gauge({
      name: "vgpud_vgpu_utilization_ratio",
      help: "How much of the time that XenGT gave the vGPU it worked in, 0 to 1, since the reading before (kernels of 2016).",
      labels: ["vgpu_id"],
      samples: ({ vgpus, sliceUse: { shares } }: ScrapeView) =>
        vgpus.flatMap(({ id, kernel }) => {
          const share = kernel?.domid === undefined ? undefined : shares.get(kernel.domid);
          return share === undefined ? [] : [{ labels: { vgpu_id: id }, value: share }];
        }),
    }),
  ],
};
