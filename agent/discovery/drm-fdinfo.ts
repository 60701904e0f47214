// What a DRM driver counts of one open of a GPU, as its fdinfo says it (kernel Documentation/gpu/drm-usage-stats.rst). Pure.

/** Classes of engines, whichever driver names them. */
export const engineClasses = ["render", "copy", "video", "video-enhance", "compute"] as const;
export type EngineClass = (typeof engineClasses)[number];

export type EngineTime =
  /** How long engines of the class worked for it. */
  | { readonly unit: "nanoseconds"; readonly busy: number }
  /** `busy` of the `total` cycles that passed on an engine of the class, by the GPU's own clock. */
  | { readonly unit: "cycles"; readonly busy: number; readonly total: number };

export interface ClientFigures {
  /** Absent where the driver does not count, or the GPU has no such engine. */
  readonly engines: Readonly<Partial<Record<EngineClass, EngineTime>>>;
  /** Bytes in place, by region as the driver calls it: `system0`, `local0`, `vram0`. Empty where it does not count. */
  readonly residentBytes: ReadonlyMap<string, number>;
}

/** xe names engines as their hardware is named, i915 by what they do. */
const CLASSES: Readonly<Record<string, EngineClass>> = {
  ...{ render: "render", copy: "copy", video: "video", "video-enhance": "video-enhance", compute: "compute" },
  ...{ rcs: "render", bcs: "copy", vcs: "video", vecs: "video-enhance", ccs: "compute" },
};
/** Without a unit they are bytes. */
const UNITS: Readonly<Record<string, number>> = { "": 1, KiB: 2 ** 10, MiB: 2 ** 20 };
/** More regions than any GPU has; what a driver calls one becomes a label. */
const MAX_REGIONS = 8;
const REGION = /^[a-z][a-z0-9-]{0,31}$/;

/** Lines that say something else, or that it cannot read, are passed over. */
export function parseFdinfo(text: string): ClientFigures {
  const values = new Map(text.split("\n").flatMap(keyAndValue));
  return { engines: enginesIn(values), residentBytes: regionsIn(values) };
}

function keyAndValue(line: string): readonly (readonly [string, string])[] {
  const colon = line.indexOf(":");
  return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
}

function enginesIn(values: ReadonlyMap<string, string>): ClientFigures["engines"] {
  const engines: Partial<Record<EngineClass, EngineTime>> = {};
  for (const [name, engine] of Object.entries(CLASSES)) {
    const ns = countIn(values.get(`drm-engine-${name}`), / ns$/);
    const cycles = countIn(values.get(`drm-cycles-${name}`));
    const total = countIn(values.get(`drm-total-cycles-${name}`));
    if (ns !== undefined) engines[engine] = { unit: "nanoseconds", busy: ns };
    else if (cycles !== undefined && total !== undefined)
      engines[engine] = { unit: "cycles", busy: cycles, total };
  }
  return engines;
}

function regionsIn(values: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const prefix = "drm-resident-";
  const regions = new Map<string, number>();
  for (const [key, value] of values) {
    const region = key.slice(prefix.length);
    const [, count = "", unit = ""] = /^(\d{1,15})(?: (\w+))?$/.exec(value) ?? [];
    const scale = UNITS[unit];
    const isTold = key.startsWith(prefix) && REGION.test(region) && count !== "" && scale !== undefined;
    if (isTold && regions.size < MAX_REGIONS) regions.set(region, Number(count) * scale);
  }
  return regions;
}

/** Counts go on to 2^64; what is beyond 2^53 loses digits that no rate sees. */
function countIn(value: string | undefined, unit = /$/): number | undefined {
  if (value === undefined || !unit.test(value)) return undefined;
  const digits = value.replace(unit, "");
  return /^\d{1,20}$/.test(digits) ? Number(digits) : undefined;
}
