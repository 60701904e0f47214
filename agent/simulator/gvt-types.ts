// The vGPU types of GVT-g and the GPUs that have them, as the kernel's own tables say (i915 gvt/vgpu.c, intel_gvt.c).

export interface GvtType {
  /** Name below the driver's, e.g. `GVTg_V5_4`. */
  readonly name: string;
  /** Name of the directory, e.g. `i915-GVTg_V5_4`. */
  readonly directory: string;
  readonly lowMib: number;
  readonly highMib: number;
  readonly fences: number;
  readonly weight: number;
  readonly resolution: string;
}

const ROWS = [
  { suffix: 8, lowMib: 64, highMib: 384, weight: 2, resolution: "1024x768" },
  { suffix: 4, lowMib: 128, highMib: 512, weight: 4, resolution: "1920x1200" },
  { suffix: 2, lowMib: 256, highMib: 1024, weight: 8, resolution: "1920x1200" },
  { suffix: 1, lowMib: 512, highMib: 2048, weight: 16, resolution: "1920x1200" },
] as const;

const FENCES_EACH = 4;

/** Device ids by prefix: Broadwell; then Skylake, Broxton, Kaby, Coffee, Whiskey, Amber and Comet Lake. */
const GENERATIONS = [
  { version: 4, ids: /^16[0-3][0-9a-f]$/ },
  {
    version: 5,
    ids: /^(19[0-3][0-9a-f]|[015]a8[45]|59[0-3][0-9a-f]|87c[0a]|3e9[0-9a-c]|3ea[0-9]|9b[2-9a-f][0-9a-f])$/,
  },
] as const;

/** All types of a GPU by its PCI device id (four lower-case hex digits), smallest first; none when GVT-g refuses it. */
export function gvtTypes(device: string): readonly GvtType[] {
  const generation = GENERATIONS.find(({ ids }) => ids.test(device));
  if (generation === undefined) return [];
  return ROWS.map(({ suffix, ...sizes }) => {
    const name = `GVTg_V${generation.version}_${suffix}`;
    return { name, directory: `i915-${name}`, fences: FENCES_EACH, ...sizes };
  });
}

/** The `description` file: exactly five lines (kvmgt.c, intel_vgpu_show_description). */
export function describeType(type: GvtType): string {
  return [
    `low_gm_size: ${type.lowMib}MB`,
    `high_gm_size: ${type.highMib}MB`,
    `fence: ${type.fences}`,
    `resolution: ${type.resolution}`,
    `weight: ${type.weight}`,
    "",
  ].join("\n");
}
