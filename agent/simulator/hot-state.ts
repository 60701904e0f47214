// Pure: what the faults that are set have done to the host's modules, drivers and GPUs.
import type { PciAddress } from "../core/ids.ts";
import type { FaultBoard } from "./faults/board.ts";
import type { GpuDescription, HostDescription } from "./host-description.ts";
import type { HotState } from "./kernel.ts";

export function hotState(host: HostDescription, faults: FaultBoard): HotState {
  const gpus = host.gpus.map(({ address }) => address);
  const gone = gpus.filter((gpu) => faults.find("GPU_VANISHES", { gpu }) !== undefined);
  const drivers = gpus.flatMap((gpu): readonly [PciAddress, GpuDescription["driver"]][] => {
    if (faults.find("GPU_UNBOUND", { gpu }) !== undefined) return [[gpu, "none"]];
    return faults.find("GPU_PASSED_THROUGH", { gpu }) === undefined ? [] : [[gpu, "vfio-pci"]];
  });
  return {
    gone: new Set(gone),
    drivers: new Map(drivers),
    kvmgtUnloaded: faults.find("KVMGT_UNLOADED") !== undefined,
  };
}
