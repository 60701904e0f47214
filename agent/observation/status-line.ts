// The host in one line, for `systemctl status`: "1 GPU, 3 slices, room for 2 × V5_4". Pure.
import type { MetricsView } from "./view.ts";

export interface StatusFacts extends Pick<MetricsView, "inventory" | "gpus" | "vgpus" | "claims" | "drains"> {
  readonly libvirt: { readonly connected: boolean };
  /** What else an operator should know, in words; first in the line. */
  readonly notes: readonly string[];
}

/** What the GVT-g types of the kernel have in common, and the line can do without. */
const COMMON_PREFIX = "i915-GVTg_";

export function statusLine(facts: StatusFacts): string {
  const { inventory, drains } = facts;
  const notes = [...facts.notes, ...(drains.host ? ["host drained"] : [])];
  if (!inventory) return [...notes, "looking at the host for the first time"].join(", ");
  return [...notes, ...hostWords(facts), ...troubles(facts)].join(", ");
}

function hostWords({ gpus, vgpus }: StatusFacts): string[] {
  if (gpus.length === 0) return ["no Intel GPU"];
  const drained = gpus.filter(({ drain }) => drain !== undefined).length;
  const found = `${counted(gpus.length, "GPU")}${drained > 0 ? ` (${drained} drained)` : ""}`;
  const sharing = gpus.some(({ types }) => types.length > 0);
  if (!sharing && vgpus.length === 0) return [`${found} without vGPU types`];
  return [found, counted(vgpus.length, "slice"), roomWords(gpus)];
}

/** Of the largest type that still fits anywhere: what a scheduler can least rely on elsewhere. */
function roomWords(gpus: StatusFacts["gpus"]): string {
  const rooms = new Map<string, { readonly lowGmMib: number; readonly count: number }>();
  for (const { type, allocatable } of gpus.flatMap(({ types }) => types)) {
    if (allocatable === 0) continue;
    const count = (rooms.get(type.name)?.count ?? 0) + allocatable;
    rooms.set(type.name, { lowGmMib: type.sizes?.lowGmMib ?? 0, count });
  }
  const [largest] = [...rooms].sort(([, a], [, b]) => b.lowGmMib - a.lowGmMib);
  if (!largest) return "no room";
  const [name, { count }] = largest;
  return `room for ${count} × ${name.replace(COMMON_PREFIX, "")}`;
}

function troubles({ claims, libvirt }: StatusFacts): string[] {
  const failed = claims.filter(({ state }) => state === "failed").length;
  return [
    ...(failed > 0 ? [`${counted(failed, "claim")} failed`] : []),
    ...(libvirt.connected ? [] : ["libvirt does not answer"]),
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
