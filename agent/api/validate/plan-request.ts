// From a plan as it was asked for over the wire to requests and a supposition. Whether the host has the GPUs that it names is
// not a matter of form.
import type { PlanItem, PlanRequest as WirePlan, WhatIf } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { PlanRequest } from "../../capacity/plan/units.ts";
import type { Supposition } from "../../capacity/plan/suppose.ts";
import type { PciAddress } from "../../core/ids.ts";
import { all, each, inRange, invalid, join, required, type Range } from "./fields.ts";
import { parseGpuAddress, parseVgpuRequest } from "./vgpu-request.ts";

const MAX_ITEMS = 100;
/** Of one item, and of all together. */
const MAX_VGPUS = 1000;
/** GPUs that one list of a supposition may name: more than a host has. */
const MAX_GPUS = 64;
const COUNT: Range = { min: 1, max: MAX_VGPUS };
/** What firmware offers; BARs have powers of two. */
const APERTURES_MIB: readonly number[] = [128, 256, 512, 1024, 2048, 4096];

export interface ParsedPlan {
  readonly requests: readonly PlanRequest[];
  readonly what: Supposition;
}

/** @throws AgentError `invalid-argument` with every field that is wrong. */
export function parsePlanRequest({ items, whatIf }: WirePlan): ParsedPlan {
  return all<ParsedPlan>({
    requests: () => parseItems(items),
    what: () => parseWhatIf(whatIf, "what_if"),
  });
}

function parseItems(items: readonly PlanItem[]): readonly PlanRequest[] {
  if (items.length === 0) throw required("items");
  // Before any of them is looked at: what is too long is not worth the look.
  if (items.length > MAX_ITEMS) throw invalid("items", `must be 1 to ${MAX_ITEMS}, are ${items.length}`);
  const requests = each(items, ({ vgpu, count }, index) => {
    const path = `items[${index}]`;
    return all<PlanRequest>({
      wish: () => {
        const wish = parseVgpuRequest(vgpu, join(path, "vgpu"));
        if (wish.policy === "numa" && !wish.near) throw required(join(path, "vgpu.numa"));
        return wish;
      },
      count: () => (count === undefined ? 1 : inRange(join(path, "count"), count, COUNT)),
    });
  });
  const sum = requests.reduce((vgpus, { count }) => vgpus + count, 0);
  if (sum > MAX_VGPUS) throw invalid("items", `must be at most ${MAX_VGPUS} vGPUs together, are ${sum}`);
  return requests;
}

function parseWhatIf(whatIf: WhatIf | undefined, path: string): Supposition {
  const { withoutGpus = [], withoutForeign = false, empty = false, apertures = [] } = whatIf ?? {};
  const at = { withoutGpus: join(path, "without_gpus"), apertures: join(path, "apertures") };
  // Before any of them is looked at, as with the items.
  all({
    without: () => atMostGpus(withoutGpus, at.withoutGpus),
    resized: () => atMostGpus(apertures, at.apertures),
  });
  const parsed = all({
    without: () => distinct(withoutGpus, (index) => `${at.withoutGpus}[${index}]`),
    resized: () =>
      distinct(
        apertures.map(({ gpu }) => gpu),
        (index) => `${at.apertures}[${index}].gpu`,
      ),
    sizes: () =>
      each(apertures, ({ apertureMib }, index) => {
        if (APERTURES_MIB.includes(apertureMib)) return apertureMib;
        const field = `${at.apertures}[${index}].aperture_mib`;
        throw invalid(field, `must be one of ${APERTURES_MIB.join(", ")}, is ${apertureMib}`);
      }),
  });
  const without = new Set(parsed.without);
  const both = parsed.resized.findIndex((gpu) => without.has(gpu));
  if (both !== -1)
    throw invalid(`${at.apertures}[${both}].gpu`, `names ${parsed.resized[both] ?? ""}, which is left out`);
  return {
    withoutGpus: without,
    ...{ withoutForeign, empty },
    apertures: new Map(parsed.resized.map((gpu, index) => [gpu, parsed.sizes[index] ?? 0])),
  };
}

function atMostGpus<T>(gpus: readonly T[], field: string): readonly T[] {
  if (gpus.length > MAX_GPUS) throw invalid(field, `must be at most ${MAX_GPUS}, are ${gpus.length}`);
  return gpus;
}

/** Addresses, each named once. */
function distinct(addresses: readonly string[], fieldOf: (index: number) => string): PciAddress[] {
  const seen = new Set<PciAddress>();
  return each(addresses, (address, index) => {
    const gpu = parseGpuAddress(address, fieldOf(index));
    if (seen.has(gpu)) throw invalid(fieldOf(index), `names ${gpu} a second time`);
    seen.add(gpu);
    return gpu;
  });
}
