// What the last diagnosis found, as state sets. Pure.
import type { PciAddress } from "../core/ids.ts";
import { isAvailable } from "../diagnosis/diagnose.ts";
import type { Condition, Status } from "../diagnosis/condition.ts";
import { gauge, type Collector } from "./definition.ts";
import type { ScrapeView } from "./view.ts";

/** What does not apply has none of them. */
const shown = ["pass", "fail", "unknown"] as const satisfies readonly Status[];

const gpuCheckStatus = gauge({
  name: "vgpud_gpu_check_status",
  help: "How a check of the GPU ended (1), by the last diagnosis; none of the three is 1 where the check means nothing.",
  labels: ["pci_address", "check", "status"],
  samples: (view) =>
    conditionsOf(view).flatMap((condition) => {
      const { gpu: pci_address } = condition;
      if (pci_address === undefined || !isThere(view, pci_address)) return [];
      return states(condition).map(({ labels, value }) => ({ labels: { pci_address, ...labels }, value }));
    }),
});

const hostCheckStatus = gauge({
  name: "vgpud_host_check_status",
  help: "How a check of the host ended (1), by the last diagnosis; none of the three is 1 where the check means nothing.",
  labels: ["check", "status"],
  samples: (view) => conditionsOf(view).flatMap((each) => (each.gpu === undefined ? states(each) : [])),
});

const modeAvailable = gauge({
  name: "vgpud_gpu_mode_available",
  help: "Whether nothing on this host stands in the way of the mode on this GPU (1), as far as the last diagnosis could see.",
  labels: ["pci_address", "mode"],
  samples: (view) =>
    (view.diagnosis?.diagnosis.verdicts ?? [])
      .filter(({ gpu }) => isThere(view, gpu))
      .flatMap(({ gpu: pci_address, modes }) =>
        modes.map((verdict) => ({
          labels: { pci_address, mode: verdict.mode },
          value: isAvailable(verdict) ? 1 : 0,
        })),
      ),
});

const examinedAt = gauge({
  name: "vgpud_diagnosis_timestamp_seconds",
  help: "When the last diagnosis began, seconds since the epoch.",
  labels: [],
  samples: ({ diagnosis }) => (diagnosis ? [{ labels: {}, value: diagnosis.at / 1000 }] : []),
});

export const diagnosisCollector: Collector = {
  name: "diagnosis",
  metrics: [gpuCheckStatus, hostCheckStatus, modeAvailable, examinedAt],
};

/** A GPU that left has no series, though the last diagnosis may still know it. */
function isThere({ gpus }: ScrapeView, address: PciAddress): boolean {
  return gpus.some(({ gpu }) => gpu.address === address);
}

function conditionsOf({ diagnosis }: ScrapeView): readonly Condition[] {
  return diagnosis?.diagnosis.conditions ?? [];
}

function states({ code: check, finding }: Condition) {
  return shown.map((status) => ({ labels: { check, status }, value: finding.status === status ? 1 : 0 }));
}
