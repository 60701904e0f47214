// How `perf stat` is asked for ticks of engines, and what it prints of them (tools/perf/Documentation/perf-stat.txt, CSV FORMAT).
// Pure.
import { pmuAddress, type EngineClassOf } from "./engine-layout.ts";
import { ENGINE_CLASSES } from "./protocol/engines.ts";

export interface Engine extends EngineClassOf {
  /** Among those of its class in the unit (xe_pmu.c: the instance that DRM_XE_DEVICE_QUERY_ENGINES tells). */
  readonly instance: number;
}

/** One figure that perf printed. */
export interface Figure {
  readonly function: number;
  readonly engine: Engine;
  readonly ticks: "active" | "total";
  /** Whether the driver has such an event. */
  readonly isThere: boolean;
  /** Since the figure before; undefined where nothing has been counted. */
  readonly value: number | undefined;
}

/** The most of a class that a unit of any platform has (xe_hw_engine_types.h). */
const MOST = { render: 1, copy: 9, video: 8, "video-enhance": 4, compute: 4 } as const;
/** The driver itself: engines are asked of it, whoever has them. */
const PHYSICAL_FUNCTION = 0;
/** The shortest that perf takes. */
const LOOK_MS = 10;
/** No figure holds it, and no name of ours. */
const SEPARATOR = ";";
const ALL_CPUS = "--all-cpus";
/** Its figures not among its complaints. */
const TO_STDOUT = ["--log-fd", "1"];
/** Where the kernel's counter stepped back, as when virtual functions were made anew, perf's difference wraps around. */
const NEGATIVE_FROM = 2 ** 63;

/**
 * Opens an event for each engine that there may be and ends: which there are the kernel tells by those that it refuses. In no group,
 * since perf ends at the first that is refused in one.
 */
export function lookArguments(gpu: string, classes: readonly EngineClassOf[]): readonly string[] {
  const candidates = classes.flatMap(({ gt, engine }) =>
    Array.from({ length: MOST[engine] }, (_, instance) => ({ gt, engine, instance })),
  );
  const events = candidates.flatMap((engine) => ["-e", event(gpu, PHYSICAL_FUNCTION, engine, "active")]);
  return ["stat", "-x", SEPARATOR, ...TO_STDOUT, ALL_CPUS, "--timeout", `${LOOK_MS}`, ...events];
}

/** Counts until it is ended, and prints what came in each interval. Both figures of an engine in one group: they are read together. */
export function countArguments(
  gpu: string,
  { functions, engines }: { readonly functions: readonly number[]; readonly engines: readonly Engine[] },
  intervalMs: number,
): readonly string[] {
  const events = functions.flatMap((number) =>
    engines.flatMap((engine) => {
      const [active, total] = [event(gpu, number, engine, "active"), event(gpu, number, engine, "total")];
      return ["-e", `{${active},${total}}`];
    }),
  );
  return ["stat", "-x", SEPARATOR, ...TO_STDOUT, ALL_CPUS, "-I", `${intervalMs}`, ...events];
}

/** Named by us, since the names that perf makes up have the separators of its events in them. */
function event(
  gpu: string,
  number: number,
  { gt, engine, instance }: Engine,
  ticks: Figure["ticks"],
): string {
  const engineClass = ENGINE_CLASSES.indexOf(engine);
  const terms = [
    `engine-${ticks}-ticks`,
    `function=${number}`,
    `gt=${gt}`,
    `engine_class=${engineClass}`,
    `engine_instance=${instance}`,
    `name=f${number}_gt${gt}_c${engineClass}_i${instance}_${ticks}`,
  ];
  return `xe_${pmuAddress(gpu)}/${terms.join(",")}/`;
}

const NAME = /^f(\d{1,5})_gt(\d{1,2})_c(\d)_i(\d{1,3})_(active|total)(?![0-9A-Za-z_])/;

/** Undefined of a line that has no figure of ours: perf may print what it likes beside. */
export function figureIn(line: string): Figure | undefined {
  const fields = line.split(SEPARATOR);
  // In intervals the time stands before it. Modifiers may stand behind the name, as in `f1_…:u`.
  const at = fields.findIndex((field) => NAME.test(field));
  const [, number, gt, engineClass, instance, ticks] = NAME.exec(fields[at] ?? "") ?? [];
  const engine = ENGINE_CLASSES[Number(engineClass)];
  // The unit stands between.
  const value = fields[at - 2]?.trim() ?? "";
  if (engine === undefined || (ticks !== "active" && ticks !== "total")) return undefined;
  const named = {
    function: Number(number),
    engine: { gt: Number(gt), engine, instance: Number(instance) },
    ticks,
  } as const;
  if (/^\d{1,20}(\.\d{1,20})?$/.test(value))
    return { ...named, isThere: true, value: steppedBack(Number(value)) };
  // `<not counted>` until an event was on a processor for the first time.
  return { ...named, isThere: value !== "<not supported>", value: undefined };
}

function steppedBack(value: number): number {
  return value >= NEGATIVE_FROM ? 0 : Math.round(value);
}
