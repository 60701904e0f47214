// Pure: what i915 and xe show of a GPU that has nothing to do, by path below the device's directory.

const MHZ = { act: 0, cur: 350, min: 350, max: 1150 };
const REASONS = ["status", "pl1", "pl2", "pl4", "thermal", "prochot", "ratl", "vr_thermalert", "vr_tdc"];
const IDLE_MS = 3_600_000;
/** Integrated GPUs have no hwmon device. */
const HWMON = {
  name: "xe",
  energy1_input: 7_200_000_000,
  energy1_label: "card",
  temp2_input: 41_000,
  temp2_label: "pkg",
  temp3_input: 46_000,
  temp3_label: "vram",
};

/** `index` is the number of its card, and of its hwmon device. */
export function sensorFiles(of: {
  readonly driver: "i915" | "xe";
  readonly index: number;
  readonly hasGtDirectories: boolean;
}): ReadonlyMap<string, string> {
  const own = of.driver === "xe" ? xeFiles(of.index) : i915Files(of.index, of.hasGtDirectories);
  const files = Object.entries({ "power/runtime_status": "active", ...own });
  return new Map(files.map(([name, value]) => [name, `${value}\n`]));
}

type Values = Readonly<Record<string, string | number>>;

/** gt/intel_gt_sysfs_pm.c; up to 5.17 there was no directory for each part, and no reason for throttling. */
function i915Files(index: number, hasGtDirectories: boolean): Values {
  const card = `drm/card${index}`;
  const legacy = {
    ...named(MHZ, (what) => `${card}/gt_${what}_freq_mhz`),
    [`${card}/power/rc6_residency_ms`]: IDLE_MS,
  };
  if (!hasGtDirectories) return legacy;
  return {
    ...legacy,
    ...named(MHZ, (what) => `${card}/gt/gt0/rps_${what}_freq_mhz`),
    [`${card}/gt/gt0/rc6_residency_ms`]: IDLE_MS,
    ...named(none(REASONS), (what) => `${card}/gt/gt0/throttle_reason_${what}`),
  };
}

/** xe_gt_freq.c, xe_gt_idle.c, xe_gt_throttle.c, xe_hwmon.c. */
function xeFiles(index: number): Values {
  const gt = "tile0/gt0";
  return {
    ...named(MHZ, (what) => `${gt}/freq0/${what}_freq`),
    ...named(none(REASONS), (what) => `${gt}/freq0/throttle/${what === "status" ? what : `reason_${what}`}`),
    [`${gt}/gtidle/name`]: "gt0-rc",
    [`${gt}/gtidle/idle_residency_ms`]: IDLE_MS,
    ...named(HWMON, (what) => `hwmon/hwmon${index}/${what}`),
  };
}

function named(values: Values, nameOf: (what: string) => string): Values {
  return Object.fromEntries(Object.entries(values).map(([what, value]) => [nameOf(what), value]));
}

function none(what: readonly string[]): Values {
  return Object.fromEntries(what.map((each) => [each, 0]));
}
