// What tells of a GPU's engines, and the program that counts their ticks.
import type { AllowedFile } from "./file.ts";
import { FUNCTION } from "./functions.ts";

const PMU = "sys/bus/event_source/devices/xe_{pmuAddress}";

export const ENGINE_FILES = {
  pmuEvents: {
    operations: ["engine-ticks"],
    path: `${PMU}/events`,
    access: "read",
    stayBelow: "sys",
    why: "tells whether the driver counts ticks of engines",
  },
  pmuFormat: {
    operations: ["engine-ticks"],
    path: `${PMU}/format`,
    access: "read",
    stayBelow: "sys",
    why: "tells whether it counts them for each virtual function",
  },
  tile: {
    operations: ["engine-ticks"],
    path: `${FUNCTION}/{tile}`,
    access: "read",
    stayBelow: "sys",
    why: "lists the graphics units of a GPU",
  },
  engines: {
    operations: ["engine-ticks"],
    path: `${FUNCTION}/{tile}/{unit}/engines`,
    access: "read",
    stayBelow: "sys",
    why: "lists the classes of engines that a graphics unit has",
  },
  perf: {
    operations: ["engine-ticks"],
    path: "usr/bin/perf",
    access: "run",
    // Distributions let it be a link to the perf of a kernel, below /usr/lib.
    stayBelow: "usr",
    why: "counts the ticks: `perf stat` of the GPU's own events, of nothing else",
  },
} as const satisfies Record<string, AllowedFile>;
