// What could be made in the place of a vGPU that there is no room for, or of a type that there is not.
// It is never more than was asked for.
import { Mode, type Gpu, type VgpuType } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { CliError } from "./cli-error.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { nearest } from "../../core/suggest.ts";

/** The same error, with the flag that would have been served now where there is one. `vgpu` is what was asked for. */
export async function withTypeThatFits(
  error: unknown,
  vgpu: VgpuRequest | undefined,
  vgpud: Vgpud,
): Promise<unknown> {
  if (!(error instanceof CliError)) return error;
  const { ending, reason, call } = error;
  if (ending !== "no-room" && reason !== "TYPE_UNKNOWN") return error;
  if (!isOfSlices(vgpu?.want)) return error;
  if (call === undefined) return error;
  const refusals = [
    reason,
    ...(call.details.decision?.candidates ?? []).map((candidate) => candidate.reason),
  ];
  const smaller = refusals.some((refusal) => refusal !== undefined && beyondArithmetic.has(refusal));
  const gpus = await gpusNow(vgpud);
  const value = typeThatFits(gpus, { want: vgpu?.want, gpu: vgpu?.gpu || undefined, smaller });
  if (value === undefined) return error;
  const that = isLess(vgpu?.want, value, gpus) ? "smaller than asked for, this" : "this";
  const said = smaller ? `${that} may fit` : `${that} fits now`;
  const instead = { said, flag: "type", value, replaces: ["sizes", "mode"] };
  return error.with({ instead });
}

/** Who names another mode, or all that will do, is not told of something else. */
function isOfSlices(want: VgpuRequest["want"]): boolean {
  return want?.$case !== "needs" && (want?.$case !== "mode" || want.value === Mode.GVT_G);
}

/** The kernel refused what the arithmetic has room for: what is said to be allocatable is then no promise. */
const beyondArithmetic: ReadonlySet<string> = new Set(["GM_FRAGMENTED", "KERNEL_REPORTS_NO_ROOM"]);

interface Wish {
  readonly want: VgpuRequest["want"];
  /** Only on this one. */
  readonly gpu: string | undefined;
  /** Less than was asked for, not as much. */
  readonly smaller: boolean;
}

/** The type that was meant; else the largest one not above what was asked for. None for a name like no other. */
export function typeThatFits(gpus: readonly Gpu[], { want, gpu, smaller }: Wish): string | undefined {
  const all = gpus.flatMap((each) => each.types);
  const asked = want?.$case === "type" ? want.value : undefined;
  const meant = asked === undefined ? undefined : meantType(asked, all);
  const askedMib = askedLowGmMib(want, meant, all);
  const fitting = gpus
    .filter(({ pciAddress }) => gpu === undefined || pciAddress === gpu.toLowerCase())
    .flatMap((each) => each.types)
    .filter((type) => type.allocatable > 0 && type.name !== asked)
    .filter((type) => (smaller ? lowGmMib(type) < askedMib : lowGmMib(type) <= askedMib));
  const [largest] = [...fitting].sort((a, b) => lowGmMib(b) - lowGmMib(a));
  return (fitting.find(({ name }) => name === meant?.name) ?? largest)?.name;
}

/** By its whole name or the end of it, as `V5_4`, in either case; else by the name that is nearest. */
function meantType(asked: string, types: readonly VgpuType[]): VgpuType | undefined {
  const ending = asked.toLowerCase();
  const endOf = ({ name }: VgpuType): string => name.toLowerCase().slice(-ending.length);
  const near = nearest(ending, types.map(endOf));
  return types.find((type) => endOf(type) === ending) ?? types.find((type) => endOf(type) === near);
}

function askedLowGmMib(
  want: VgpuRequest["want"],
  meant: VgpuType | undefined,
  all: readonly VgpuType[],
): number {
  if (want?.$case === "sizes") return want.value.vgtLowGmSz;
  // Who names a mode gets its smallest type.
  return want?.$case === "mode" ? Math.min(...all.map(lowGmMib)) : lowGmMib(meant);
}

/** 0 for none: nothing is as small as that. */
function lowGmMib(type: VgpuType | undefined): number {
  return type?.sizes?.lowGmMib ?? 0;
}

/** Whether the type has less of anything than was asked for. */
function isLess(want: VgpuRequest["want"], name: string, gpus: readonly Gpu[]): boolean {
  const all = gpus.flatMap((each) => each.types);
  const offered = all.find((type) => type.name === name)?.sizes;
  if (want?.$case === "type") return lowGmMib(meantType(want.value, all)) > (offered?.lowGmMib ?? 0);
  if (want?.$case !== "sizes" || offered === undefined) return false;
  const { vgtLowGmSz, vgtHighGmSz, vgtFenceSz } = want.value;
  return vgtLowGmSz > offered.lowGmMib || vgtHighGmSz > offered.highGmMib || vgtFenceSz > offered.fences;
}

/** What cannot be read is no reason to hide the error that there is. */
async function gpusNow(vgpud: Vgpud): Promise<readonly Gpu[]> {
  const pages = await allPages((pageToken) => vgpud.listGpus({ pageSize: PAGE_SIZE, pageToken })).catch(
    () => [],
  );
  return pages.flatMap((page) => page.gpus);
}
