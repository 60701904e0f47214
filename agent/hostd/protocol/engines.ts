// What an xe GPU counts of its engines for each virtual function.

/** Classes of engines in the kernel's order (drm_xe.h, DRM_XE_ENGINE_CLASS_*), by the names that fdinfo has for i915's. */
export const ENGINE_CLASSES = ["render", "copy", "video", "video-enhance", "compute"] as const;
export type EngineClassName = (typeof ENGINE_CLASSES)[number];

/** One engine, as one virtual function has used it since it is counted. */
export interface EngineTicks {
  /** As drivers count virtual functions, from 1. */
  readonly function: number;
  /** The graphics unit that has the engine. */
  readonly gt: number;
  readonly engine: EngineClassName;
  /** Among those of its class in the unit. */
  readonly instance: number;
  /** Of a clock whose length the kernel does not tell: how many the function worked. */
  readonly active: number;
  /** How many of the same clock the function had been given. */
  readonly total: number;
}

/**
 * Why there is nothing to tell of a GPU whose driver counts: the host has no program `perf`, the kernel does not let it, or it ended
 * otherwise.
 */
const UNCOUNTED = ["no-perf", "no-permission", "failed"] as const;
export type Uncounted = (typeof UNCOUNTED)[number];

/** Thirty virtual functions of a GPU with ten engines are a third of it. */
export const MAX_ENGINE_TICKS = 1_024;
/** Bounds of what is told: more units and instances no GPU has. */
export const ENGINE_BOUNDS = {
  gt: { from: 0, to: 15 },
  instance: { from: 0, to: 255 },
  ticks: { from: 0, to: Number.MAX_SAFE_INTEGER },
} as const;

export function isEngineClass(value: unknown): value is EngineClassName {
  return ENGINE_CLASSES.some((name) => name === value);
}

export function isUncounted(value: unknown): value is Uncounted {
  return UNCOUNTED.some((name) => name === value);
}
