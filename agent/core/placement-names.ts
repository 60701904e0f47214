// What who publishes GPUs in OpenStack Placement and who claims them there call things alike. Pure.
import { KNOWN_TYPES } from "./gvtg-types.ts";
import { hypervisors } from "./hypervisors.ts";
import { parsePciAddress, type PciAddress } from "./ids.ts";
import { modes } from "./modes.ts";
import { platformNames } from "./platform-names.ts";

/** Apart from those of Nova's driver. */
const INFIX = "_vgpud_";
const INFIX_OF_NOVA = "_pci_";

/** Of the provider of a GPU, below that of its host. */
export function providerName(host: string, gpu: PciAddress): string {
  return `${host}${INFIX}${gpu.replace(/[:.]/g, "_")}`;
}

/** The GPU of a provider of vgpud's, whatever the host was called; undefined for a provider of others. */
export function gpuOfProvider(name: string): PciAddress | undefined {
  return addressAfter(INFIX, name);
}

/** The host of a provider of vgpud's, as it was called when it last published that; undefined for a provider of others. */
export function hostOfProvider(name: string): string | undefined {
  return gpuOfProvider(name) === undefined ? undefined : name.slice(0, name.lastIndexOf(INFIX));
}

/**
 * The GPU of a provider of Nova's, whatever the host was called; undefined for a provider of others. Its libvirt driver names one with
 * mediated devices `HOST_pci_0000_00_02_0`, and its PCI tracker one that is given away whole or by its virtual functions
 * `HOST_0000:00:02.0`, hexadecimal digits large.
 */
export function gpuOfNova(name: string): PciAddress | undefined {
  return addressAfter(INFIX_OF_NOVA, name) ?? parsePciAddress(name.slice(name.lastIndexOf("_") + 1));
}

/** As libvirt writes it in names: `0000_00_02_0`. */
function addressAfter(infix: string, name: string): PciAddress | undefined {
  const at = name.lastIndexOf(infix);
  const [, domain, bus, device, fn] =
    at < 0
      ? []
      : (/^([0-9a-f]{4})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/.exec(name.slice(at + infix.length)) ?? []);
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

/** What every trait of vgpud's begins with: others on the same provider are somebody else's and stay. */
export const TRAITS = "CUSTOM_INTEL_VGPU_";

type TraitKind = "mode" | "type" | "platform" | "hypervisor";

/** `CUSTOM_INTEL_VGPU_TYPE_I915_GVTG_V5_4`. */
export function traitOf(kind: TraitKind, value: string): string {
  return `${TRAITS}${kind.toUpperCase()}_${value.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
}

export const DRAINED = `${TRAITS}DRAINED`;

/** Of Broadwell, and of what came later (drivers/gpu/drm/i915/gvt/vgpu.c). */
const TYPES = ["V4", "V5"].flatMap((family) =>
  KNOWN_TYPES.map(({ suffix }) => `i915-GVTg_${family}_${suffix}`),
);

/** Of a host and each of its GPUs, whatever these are used for: one of them. */
export const HYPERVISOR_TRAITS = hypervisors.map((hypervisor) => traitOf("hypervisor", hypervisor));

/** Every trait of a GPU that vgpud makes. XenGT alone may have other types, which come from a list on the host. */
export const GPU_TRAITS: readonly string[] = [
  DRAINED,
  ...modes.map((mode) => traitOf("mode", mode)),
  ...TYPES.map((type) => traitOf("type", type)),
  ...platformNames.map((platform) => traitOf("platform", platform)),
  ...HYPERVISOR_TRAITS,
];
