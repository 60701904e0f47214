// Pure: the events that the kernel sends when its tree changes from one state to another.
import path from "node:path";
import type { Entries } from "./entries.ts";

export interface Uevent {
  readonly action: "add" | "remove" | "change" | "bind" | "unbind";
  /** Below /sys, with a leading slash: `/devices/pci0000:00/0000:00:02.0`. */
  readonly device: string;
  readonly subsystem: "pci" | "mdev" | "drm" | "module";
}

/** Where the links of a subsystem's devices are. */
const DEVICES = {
  pci: "sys/bus/pci/devices/",
  mdev: "sys/bus/mdev/devices/",
  drm: "sys/class/drm/",
} as const;
const DRIVER = "/driver";
const PARENTS = "sys/class/mdev_bus/";
const MODULE = /^sys(\/module\/[^/]+)\/initstate$/;

/** First what goes, inner things before those they stand on, then what comes, the other way round. */
export function ueventsBetween(before: Entries, after: Entries): readonly Uevent[] {
  const gone = [...before].filter(([name, entry]) => !isSame(entry, after.get(name)));
  const come = [...after].filter(([name, entry]) => !isSame(entry, before.get(name)));
  const leaving = gone.flatMap(([name]) => eventsOf(name, before, { device: "remove", driver: "unbind" }));
  const coming = come.flatMap(([name]) => eventsOf(name, after, { device: "add", driver: "bind" }));
  return [...leaving.toReversed(), ...coming];
}

function eventsOf(
  name: string,
  tree: Entries,
  action: { readonly device: "add" | "remove"; readonly driver: "bind" | "unbind" },
): readonly Uevent[] {
  const module = MODULE.exec(name)?.[1];
  if (module !== undefined) return [{ action: action.device, device: module, subsystem: "module" }];
  const entry = tree.get(name);
  if (entry?.kind !== "link") return [];
  // MDEV_STATE=registered or unregistered (mdev_core.c).
  if (name.startsWith(PARENTS))
    return [{ action: "change", device: target(name, entry.to), subsystem: "pci" }];
  if (name.endsWith(DRIVER)) {
    const device = name.slice("sys".length, -DRIVER.length);
    return [{ action: action.driver, device, subsystem: entry.to.includes("/bus/mdev/") ? "mdev" : "pci" }];
  }
  for (const [subsystem, folder] of Object.entries(DEVICES) as [keyof typeof DEVICES, string][])
    if (name.startsWith(folder))
      return [{ action: action.device, device: target(name, entry.to), subsystem }];
  return [];
}

/** Where a link leads, below /sys. */
function target(link: string, to: string): string {
  return path.join(path.dirname(link), to).slice("sys".length);
}

function isSame(entry: unknown, other: unknown): boolean {
  return JSON.stringify(entry) === JSON.stringify(other);
}
