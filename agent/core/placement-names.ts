// What who publishes GPUs in OpenStack Placement and who claims them there call things alike. Pure.
import { parsePciAddress, type PciAddress } from "./ids.ts";

/** Apart from those of Nova, which names its own providers of GPUs `HOST_pci_0000_00_02_0`. */
const INFIX = "_vgpud_";

/** Of the provider of a GPU, below that of its host. */
export function providerName(host: string, gpu: PciAddress): string {
  return `${host}${INFIX}${gpu.replace(/[:.]/g, "_")}`;
}

/** The GPU of a provider of vgpud's, whatever the host was called; undefined for a provider of others. */
export function gpuOfProvider(name: string): PciAddress | undefined {
  const at = name.lastIndexOf(INFIX);
  const [, domain, bus, device, fn] =
    at < 0
      ? []
      : (/^([0-9a-f]{4})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/.exec(name.slice(at + INFIX.length)) ?? []);
  return domain === undefined ? undefined : parsePciAddress(`${domain}:${bus}:${device}.${fn}`);
}

/** The class of GVT-g slices unless the configuration names another. */
export const SLICES_CLASS = "CUSTOM_INTEL_VGPU";

/** The resource class of each quantity. The seed's three sizes are the three in the middle. */
export function classesWith(slices: string) {
  return {
    slices,
    lowGmMib: "CUSTOM_VGT_LOW_GM_MB",
    highGmMib: "CUSTOM_VGT_HIGH_GM_MB",
    fences: "CUSTOM_VGT_FENCE",
    functions: "CUSTOM_INTEL_VGPU_VF",
    gpus: "CUSTOM_INTEL_GPU",
    seats: "CUSTOM_INTEL_VGPU_SEAT",
  } as const;
}

/** The type of consumers that vgpud's own tools claim for, and so the only ones whose claims vgpud gives back. */
export const CONSUMER_TYPE = "VGPUD";
