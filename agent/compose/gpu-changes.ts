// Changes of whole GPUs: their mode, their virtual functions, and what makes them again as they were set. They take turns.
import { displayLost, hindranceOf } from "../diagnosis/hindrance.ts";
import type { Diagnostician } from "../diagnosis/diagnostician.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { PciAddress } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Log } from "../host/journal.ts";
import { logMended } from "../host/lifecycle-log.ts";
import { GpuModeService, type GpuModeServiceOptions } from "../lifecycle/gpu-mode-service.ts";
import type { GpuFunctions } from "../lifecycle/ports.ts";
import { SettingKeeper } from "../lifecycle/setting-keeper.ts";
import { VirtualFunctionService } from "../lifecycle/virtual-function-service.ts";

export interface GpuChanges {
  readonly gpuModes: GpuModeService;
  readonly virtualFunctions: VirtualFunctionService;
  readonly settings: SettingKeeper;
}

export function composeGpuChanges(
  parts: Pick<GpuModeServiceOptions, "ledger" | "lookout" | "modes"> & {
    readonly functions: GpuFunctions;
    readonly diagnostician: Diagnostician;
    readonly log: Log;
    readonly cut: AbortSignal;
  },
): GpuChanges {
  const { ledger, lookout, modes, functions, diagnostician, log, cut } = parts;
  const changes = {
    ...{ ledger, lookout, modes, functions, stop: cut },
    told: new Map(),
    turns: new KeyedLock<PciAddress>(),
  };
  const virtualFunctions = new VirtualFunctionService({ ...changes, examine: () => diagnostician.refresh() });
  const settings = new SettingKeeper({
    ...changes,
    clock,
    onMended: (mended) => {
      logMended(log, mended);
    },
  });
  const gpuModes = new GpuModeService({
    ...changes,
    hindrance: async (gpu, mode) => hindranceOf(await diagnostician.refresh(), gpu, mode),
    displayLost: (gpu) => diagnostician.latest && displayLost(diagnostician.latest, gpu),
  });
  return { gpuModes, virtualFunctions, settings };
}
