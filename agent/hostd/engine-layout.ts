// What of a GPU's engines there is to count. Directories alone are listed, of which the kernel tells without its drivers: nothing
// here can hang in one, so that no child is needed.
import { readdir } from "node:fs/promises";
import type { AllowedFiles, Variables } from "./allowed-files.ts";
import type { AllowedName } from "./allowlist.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import type { EngineClassName } from "./protocol/engines.ts";

export interface EngineClassOf {
  /** The number of the graphics unit, as the driver counts them on all tiles. */
  readonly gt: number;
  readonly engine: EngineClassName;
}

export interface EngineLayout {
  /** Virtual functions that there are, as drivers count them: from 1. */
  readonly functions: readonly number[];
  /** How many engines there are of each class is not told. */
  readonly classes: readonly EngineClassOf[];
}

/** The names of xe's directories (xe_hw_engine_class_sysfs.c), and fdinfo's of the same engines of i915. */
const CLASSES: ReadonlyMap<string, EngineClassName> = new Map([
  ["rcs", "render"],
  ["bcs", "copy"],
  ["vcs", "video"],
  ["vecs", "video-enhance"],
  ["ccs", "compute"],
]);
const EVENTS = ["engine-active-ticks", "engine-total-ticks"];

/** The GPU's name among PMUs (xe_pmu.c, xe_pmu_register). */
export function pmuAddress(gpu: string): string {
  return gpu.replaceAll(":", "_");
}

/** Undefined where the GPU's driver counts no ticks of engines, or none for virtual functions. */
export async function engineLayout(files: AllowedFiles, gpu: string): Promise<EngineLayout | undefined> {
  const pmu = { pmuAddress: pmuAddress(gpu) };
  const [events, format] = await Promise.all([list(files, "pmuEvents", pmu), list(files, "pmuFormat", pmu)]);
  if (!EVENTS.every((event) => events.includes(event)) || !format.includes("function")) return undefined;
  const names = await list(files, "virtualFunctions", { device: gpu });
  const functions = names
    .filter((name) => KERNEL_FORMS.virtfn.test(name))
    .map((name) => Number(name.slice("virtfn".length)) + 1)
    .sort((a, b) => a - b);
  const tiles = names.filter((name) => KERNEL_FORMS.tile.test(name)).sort();
  const classes = await Promise.all(tiles.map((tile) => classesOf(files, { device: gpu, tile })));
  return { functions, classes: classes.flat() };
}

async function classesOf(
  files: AllowedFiles,
  tile: { readonly device: string; readonly tile: string },
): Promise<readonly EngineClassOf[]> {
  const units = (await list(files, "tile", tile)).filter((name) => KERNEL_FORMS.unit.test(name)).sort();
  const classes = await Promise.all(
    units.map(async (unit) => {
      const names = await list(files, "engines", { ...tile, unit });
      return [...CLASSES]
        .filter(([name]) => names.includes(name))
        .map(([, engine]) => ({ gt: Number(unit.slice("gt".length)), engine }));
    }),
  );
  return classes.flat();
}

/** Empty of a directory that is not there. */
async function list(
  files: AllowedFiles,
  name: AllowedName,
  variables: Variables,
): Promise<readonly string[]> {
  try {
    return await readdir(await files.followed(name, variables));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
