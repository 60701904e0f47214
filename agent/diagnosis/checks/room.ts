// Whether the room on a GPU is what it seems: kernel and agent count alike, and what is free is in one piece.
import type { PciAddress } from "../../core/ids.ts";
import {
  fail,
  gpuCheck,
  notApplicable,
  pass,
  unknown,
  type Code,
  type Condition,
  type Finding,
  type GpuSubject,
  type Says,
} from "../condition.ts";
import type { SliceSizes } from "../../inventory/share.ts";
import type { Evidence, Look } from "../look.ts";
import type { Room } from "../room.ts";
import { BEST_APERTURE_MIB } from "./aperture-room.ts";

/** What the accounts of a GPU come to, and by which figures. */
interface Judged<C extends Code> {
  readonly finding: Finding<Says<C>>;
  readonly evidence: readonly Evidence[];
}

export const capacityDisagrees = gpuCheck({
  code: "CAPACITY_DISAGREES",
  costs: { "gvt-g": "warning" },
  // Whose sums wrap around.
  dependsOn: ["VGPU_TYPES_MISSING", "VGPU_COUNT_UNREADABLE", "APERTURE_TOO_SMALL", "APERTURE_TOO_LARGE"],
  how:
    "available_instances of each type, or what XenGT's available_resource of 2015 and 2016 has left, beside what the accounts of the " +
    "agent leave; only a running agent keeps them",
  check: (look, subject) => judged(look, subject, disagreement),
});

export const gmFragmented = gpuCheck({
  code: "GM_FRAGMENTED",
  costs: { "gvt-g": "warning" },
  dependsOn: ["VGPU_TYPES_MISSING"],
  how:
    "where the slices lie by the rules of the kernel's drm_mm, an estimate that follows them from look to look, and what the " +
    "kernel has refused with ENOSPC although the sums allow it; only a running agent knows",
  check: (look, subject) => judged(look, subject, fragmentation),
});

/** What of these two fails at this moment: the accounts change more often than the host is examined. */
export function failuresOf(room: Room, gpu: PciAddress): Condition[] {
  // Every read of a GPU asks.
  const { disagreements, overcommitted, unsized, fragmented } = room;
  if ([...disagreements, ...overcommitted, ...unsized, ...fragmented].length === 0) return [];
  const found = [
    { ...capacityDisagrees, ...disagreement(room, gpu) },
    { ...gmFragmented, ...fragmentation(room, gpu) },
  ];
  return found
    .filter(({ finding }) => finding.status === "fail")
    .map(({ code, costs, dependsOn, finding, evidence }) => ({
      code,
      costs,
      dependsOn,
      finding,
      evidence,
      gpu,
    }));
}

export function isOfRoom({ code }: Condition): boolean {
  return code === capacityDisagrees.code || code === gmFragmented.code;
}

function judged<C extends Code>(
  look: Look,
  { host: { rooms }, gpu: { address } }: GpuSubject,
  judge: (room: Room, gpu: PciAddress) => Judged<C>,
): Promise<Finding<Says<C> | "no-accounts" | "no-slices">> {
  if (!rooms) return Promise.resolve(notApplicable("no-accounts"));
  const room = rooms.get(address);
  if (!room) return Promise.resolve(notApplicable("no-slices"));
  const { finding, evidence } = judge(room, address);
  for (const { path, value } of evidence) look.saw(path, value);
  return Promise.resolve(finding);
}

function disagreement(room: Room, gpu: PciAddress): Judged<"CAPACITY_DISAGREES"> {
  const { disagreements, overcommitted, unsized } = room;
  const evidence: Evidence[] = disagreements.flatMap(({ type, ours, kernel }) => [
    shown(gpu, room, { type, kernel }),
    { path: `vgpud: ${type}`, value: String(ours) },
  ]);
  const types = disagreements.map(({ type, ours, kernel }) => `${type}: ${kernel} ≠ ${ours}`).join(", ");
  if (disagreements.some(({ wraps }) => wraps))
    return { finding: fail("wraps", { types, best: BEST_APERTURE_MIB }), evidence };
  if (overcommitted.length > 0) {
    const excess = overcommitted.map(({ part, by }) => `${partNames[part]} ${by}`).join(", ");
    return { finding: fail("overcommitted", { excess }), evidence };
  }
  if (disagreements.length > 0) return { finding: fail("differ", { types }), evidence };
  if (unsized.length === 0) return { finding: pass("agree"), evidence };
  const untold = unsized.map((id) => ({ path: `vgpud: vGPU ${id}`, value: "(sizes not told)" }));
  return { finding: fail("unsized", { vgpus: unsized.join(", ") }), evidence: untold };
}

/** The same in every language. */
const partNames = {
  lowGmMib: "low GM MiB",
  highGmMib: "high GM MiB",
  fences: "fences",
} as const satisfies Record<keyof SliceSizes, string>;

function fragmentation(room: Room, gpu: PciAddress): Judged<"GM_FRAGMENTED"> {
  const { fragmented, largestFree } = room;
  const evidence = fragmented.map((each) => shown(gpu, room, each));
  const low = largestFree?.lowGmMib ?? 0;
  const high = largestFree?.highGmMib ?? 0;
  if (fragmented.length === 0)
    return { finding: largestFree ? pass("whole", { low, high }) : unknown("places"), evidence };
  const types = fragmented.map(({ type, inSum }) => `${inSum} × ${type}`).join(", ");
  const refused = fragmented.find((one) => one.refused);
  const finding = refused
    ? fail("refused", { types, refused: refused.type })
    : fail("pieces", { types, low, high });
  return { finding, evidence };
}

/** Where the kernel shows how many of a type it would make; XenGT what it has left, which comes to so many. */
function shown(
  gpu: PciAddress,
  { xengt }: Room,
  { type, kernel }: { readonly type: string; readonly kernel: number },
): Evidence {
  const path = xengt
    ? `/sys/kernel/vgt/control/available_resource, in ${type}`
    : `/sys/class/mdev_bus/${gpu}/mdev_supported_types/${type}/available_instances`;
  return { path, value: String(kernel) };
}
