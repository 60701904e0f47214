// What makes and removes vGPUs on this host, by mode.
import { KvmgtSlices, type MdevWriter } from "../backends/kvmgt/slices.ts";
import { SlicesByMode } from "../backends/slices-by-mode.ts";
import { VirglSeats } from "../backends/virgl/seats.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import type { Slices } from "../lifecycle/ports.ts";

export function composeSlices(hostd: MdevWriter, files: HostFiles): Slices {
  return new SlicesByMode({ "gvt-g": new KvmgtSlices(hostd, files), "gvt-s": new VirglSeats(files) });
}
