// A processor's graphics given to a guest whole: what QEMU takes beside the function (docs/igd-assign.txt of QEMU). Pure.
import type { FunctionOptions } from "../core/vgpu-elements.ts";
import type { IgdOptions } from "./domain-spec.ts";

/**
 * What older QEMUs call legacy mode they choose by where the guest has the device, and so do later ones, as long as nobody says
 * otherwise: it needs no property, which the older do not know.
 */
export function igdFunction(igd: IgdOptions | undefined): FunctionOptions {
  if (!igd) return {};
  return {
    hasProperties: Object.keys(igdProperties(igd)).length > 0,
    romFile: igd.romPath,
    isFirstVga: igd.legacyMode === true,
  };
}

/** Undefined values are the hypervisor's to choose. */
export function igdProperties({ opregion, lpc, gms }: IgdOptions): Record<string, number | boolean> {
  return {
    ...(opregion !== undefined && { "x-igd-opregion": opregion }),
    ...(lpc !== undefined && { "x-igd-lpc": lpc }),
    ...(gms !== undefined && { "x-igd-gms": gms }),
  };
}
