// What could be made in the place of a vGPU that there is no room for, or of a type that there is not.
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { VgpuRequest } from "../../proto/gen/vgpud/v1/placement.ts";
import { CliError } from "./cli-error.ts";
import { allPages, PAGE_SIZE } from "./pages.ts";
import type { Vgpud } from "./vgpud.ts";

/** The same error, with the flag that would have been served now where there is one. `vgpu` is what was asked for. */
export async function withTypeThatFits(
  error: unknown,
  vgpu: VgpuRequest | undefined,
  vgpud: Vgpud,
): Promise<unknown> {
  if (!(error instanceof CliError)) return error;
  const { ending, message, reason, call } = error;
  if (ending !== "no-room" && reason !== "TYPE_UNKNOWN") return error;
  const gpus = await gpusNow(vgpud);
  const asked = vgpu?.want?.$case === "type" ? vgpu.want.value : undefined;
  const value = typeThatFits(gpus, { asked, gpu: vgpu?.gpu || undefined });
  if (value === undefined || call === undefined) return error;
  const instead = { flag: "type", value, replaces: ["sizes", "mode"] };
  return new CliError(ending, message, { reason, call, instead, cause: error });
}

interface Wish {
  readonly asked: string | undefined;
  /** Only on this one. */
  readonly gpu: string | undefined;
}

/** The one whose name ends so, as `V5_4`, in either case; else the largest. */
export function typeThatFits(gpus: readonly Gpu[], { asked, gpu }: Wish): string | undefined {
  const types = gpus
    .filter(({ pciAddress }) => gpu === undefined || pciAddress === gpu.toLowerCase())
    .flatMap((each) => each.types)
    .filter(({ allocatable, name }) => allocatable > 0 && name !== asked);
  const ending = asked?.toLowerCase();
  const meant = types.find(({ name }) => ending !== undefined && name.toLowerCase().endsWith(ending));
  const [largest] = [...types].sort((a, b) => (b.sizes?.lowGmMib ?? 0) - (a.sizes?.lowGmMib ?? 0));
  return (meant ?? largest)?.name;
}

/** What cannot be read is no reason to hide the error that there is. */
async function gpusNow(vgpud: Vgpud): Promise<readonly Gpu[]> {
  const pages = await allPages((pageToken) => vgpud.listGpus({ pageSize: PAGE_SIZE, pageToken })).catch(
    () => [],
  );
  return pages.flatMap((page) => page.gpus);
}
