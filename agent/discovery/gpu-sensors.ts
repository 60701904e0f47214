// What the drivers i915 and xe measure of their GPUs: frequencies, residency, throttling, energy, temperature. Plain files;
// absent is normal, for each of them. A GPU that sleeps is not woken by being asked.
// One file after the other: a driver that hangs keeps the thread that reads, and Node.js has four for all files.
import type { PciAddress } from "../core/ids.ts";
import { fact, type HostFiles } from "./host-files.ts";

/** What one graphics tile does; all undefined where the driver does not say. */
export interface GtReadings {
  /** `gt0`, as the driver numbers them. */
  readonly domain: string;
  readonly frequencyMhz: Readonly<Record<FrequencyKind, number | undefined>>;
  /** Milliseconds asleep (RC6, on xe C6) since the driver was bound. */
  readonly idleMs: number | undefined;
  readonly throttled: boolean | undefined;
  /** Reasons by name, as `thermal`, and whether they hold. */
  readonly throttleReasons: Readonly<Partial<Record<ThrottleReason, boolean>>>;
}

/** One channel of the driver's hwmon device. */
export interface SensorReading {
  /** The device's name: `i915`, `i915_gt0`, `xe`. */
  readonly chip: string;
  /** The channel's label where it has one (`pkg`, `vram`), otherwise its name (`temp1`). */
  readonly sensor: string;
  readonly value: number;
}

export interface GpuReadings {
  readonly gpu: PciAddress;
  /** Whether the kernel has put it to sleep; undefined where it does not manage its power. */
  readonly suspended: boolean | undefined;
  readonly gts: readonly GtReadings[];
  /** Microjoules since some start, which only grow. */
  readonly energyUj: readonly SensorReading[];
  /** Thousandths of a degree Celsius. */
  readonly temperatureMc: readonly SensorReading[];
}

export const frequencyKinds = ["actual", "requested", "min", "max"] as const;
type FrequencyKind = (typeof frequencyKinds)[number];

/** Of the kernel's i915 gt/intel_gt_sysfs_pm.c and xe xe_gt_throttle.c. */
const throttleReasons = [
  "pl1",
  "pl2",
  "pl4",
  "thermal",
  "prochot",
  "ratl",
  "vr_thermalert",
  "vr_tdc",
] as const;
type ThrottleReason = (typeof throttleReasons)[number];

/** Where a driver puts the files of one tile. */
interface Layout {
  readonly domain: string;
  readonly frequency: (kind: FrequencyKind) => string;
  readonly idle: string;
  readonly throttle: (what: string) => string;
}

/** Words of both drivers' file names. */
const WORDS = { actual: "act", requested: "cur", min: "min", max: "max" } as const;

/** Of a GPU without a DRM node nothing is known. Throws when a directory is there and cannot be listed. */
export async function readSensors(
  files: HostFiles,
  { address, drmCard }: { readonly address: PciAddress; readonly drmCard: string | undefined },
): Promise<GpuReadings> {
  const device = `sys/bus/pci/devices/${address}`;
  const suspended = await fact(files, `${device}/power/runtime_status`, isSuspended);
  const asleep = suspended === true || drmCard === undefined;
  const layouts = asleep ? [] : await layoutsOf(files, device, `${device}/drm/${drmCard}`);
  const sensors = asleep ? [] : await readHwmon(files, `${device}/hwmon`);
  return {
    gpu: address,
    suspended: drmCard === undefined ? undefined : suspended,
    gts: await oneByOne(layouts, (layout) => readGt(files, layout)),
    energyUj: sensors.filter(({ kind }) => kind === "energy"),
    temperatureMc: sensors.filter(({ kind }) => kind === "temp"),
  };
}

/** xe has a directory for each tile and its parts; i915 since 5.18 one for each part, before only files of the card. */
async function layoutsOf(files: HostFiles, device: string, card: string): Promise<readonly Layout[]> {
  const tiles = numbered(await files.list(device), /^tile\d+$/);
  const ofTiles = await oneByOne(tiles, async (tile) =>
    numbered(await files.list(`${device}/${tile}`), /^gt\d+$/).map((gt) => [tile, gt]),
  );
  if (tiles.length > 0)
    return ofTiles.flat().map(([tile = "", gt = ""]) => xeLayout(`${device}/${tile}/${gt}`, gt));
  const gts = numbered(await files.list(`${card}/gt`), /^gt\d+$/);
  return gts.length > 0 ? gts.map((gt) => i915Layout(`${card}/gt/${gt}`, gt)) : [legacyLayout(card)];
}

function xeLayout(dir: string, domain: string): Layout {
  return {
    domain,
    frequency: (kind) => `${dir}/freq0/${WORDS[kind]}_freq`,
    idle: `${dir}/gtidle/idle_residency_ms`,
    throttle: (what) => `${dir}/freq0/throttle/${what === "status" ? what : `reason_${what}`}`,
  };
}

function i915Layout(dir: string, domain: string): Layout {
  return {
    domain,
    frequency: (kind) => `${dir}/rps_${WORDS[kind]}_freq_mhz`,
    idle: `${dir}/rc6_residency_ms`,
    throttle: (what) => `${dir}/throttle_reason_${what}`,
  };
}

function legacyLayout(card: string): Layout {
  return {
    domain: "gt0",
    frequency: (kind) => `${card}/gt_${WORDS[kind]}_freq_mhz`,
    idle: `${card}/power/rc6_residency_ms`,
    throttle: (what) => `${card}/gt_throttle_reason_${what}`,
  };
}

async function readGt(files: HostFiles, layout: Layout): Promise<GtReadings> {
  const paths = [
    ...frequencyKinds.map(layout.frequency),
    layout.idle,
    ...["status", ...throttleReasons].map(layout.throttle),
  ];
  const [actual, requested, min, max, idleMs, throttled, ...reasons] = await oneByOne(paths, (path) =>
    fact(files, path, unsigned),
  );
  const known = throttleReasons.flatMap((reason, index): [ThrottleReason, boolean][] => {
    const holds = reasons[index];
    return holds === undefined ? [] : [[reason, holds > 0]];
  });
  return {
    domain: layout.domain,
    frequencyMhz: { actual, requested, min, max },
    idleMs,
    throttled: throttled === undefined ? undefined : throttled > 0,
    throttleReasons: Object.fromEntries(known),
  };
}

/** Of every hwmon device of the driver: Documentation/hwmon/sysfs-interface.rst, ABI sysfs-driver-intel-{i915,xe}-hwmon. */
async function readHwmon(
  files: HostFiles,
  dir: string,
): Promise<readonly (SensorReading & { readonly kind: "energy" | "temp" })[]> {
  const devices = numbered(await files.list(dir), /^hwmon\d+$/);
  const found = await oneByOne(devices, async (device) => {
    const at = `${dir}/${device}`;
    const names = await files.list(at);
    const chip = (await files.read(`${at}/name`)) ?? device;
    return await oneByOne(names.flatMap(channelOf), async ({ channel, kind }) => {
      const value = await fact(files, `${at}/${channel}_input`, integer);
      const label = await files.read(`${at}/${channel}_label`);
      return value === undefined ? undefined : { chip, sensor: label ?? channel, value, kind };
    });
  });
  return found.flat().filter((reading) => reading !== undefined);
}

function channelOf(file: string): readonly { readonly channel: string; readonly kind: "energy" | "temp" }[] {
  const [, channel = "", kind] = /^((energy|temp)\d+)_input$/.exec(file) ?? [];
  return kind === "energy" || kind === "temp" ? [{ channel, kind }] : [];
}

/** In the order of their numbers. */
function numbered(names: readonly string[], form: RegExp): readonly string[] {
  return names.filter((name) => form.test(name)).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

/** Documentation/ABI/testing/sysfs-devices-power; one that cannot tell says so. */
function isSuspended(status: string): boolean | undefined {
  if (["active", "suspending", "resuming", "error", "unsupported"].includes(status)) return false;
  return status === "suspended" ? true : undefined;
}

function unsigned(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

function integer(text: string): number | undefined {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
}

async function oneByOne<In, Out>(all: readonly In[], read: (one: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const one of all) results.push(await read(one));
  return results;
}
