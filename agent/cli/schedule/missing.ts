// Which GPUs are none of the candidates whatever they have: where Placement has no candidate at all, they may be why.
import { DRAINED, gpuOfProvider, traitOf } from "../../core/placement-names.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { Provider } from "../../placement/model.ts";
import type { Flavor } from "./flavor.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import { placeText, type Place } from "./places.ts";

/** By what Placement knows. */
export interface Missing {
  /** Such as the flavor asks for, of which nothing is given out until their drain ends; in the order of hosts. */
  readonly drained: readonly Place[];
  /** Hosts that the schedule file names and that Placement has no GPU of. */
  readonly unpublished: readonly string[];
  /** There is no GPU of vgpud's at all. */
  readonly isEmpty: boolean;
}

interface Asking {
  readonly api: Pick<SchedulePlacement, "all" | "bearing">;
  /** As in Opened. */
  readonly namedHosts: readonly string[];
  readonly flavor: Flavor;
  /** As in Scheduling. */
  readonly memberOf: readonly string[];
  readonly signal: AbortSignal;
}

/** Undefined where Placement does not say, which is no reason to end otherwise. */
export async function missingIn({
  api,
  namedHosts,
  flavor,
  memberOf,
  signal,
}: Asking): Promise<Missing | undefined> {
  try {
    const all = placesAmong(await api.all(signal));
    const traits = [...new Set([DRAINED, traitOf("mode", flavor.vgpu.mode), ...flavor.traits.required])];
    const drained = new Set((await api.bearing(traits, memberOf, signal)).map(({ uuid }) => uuid));
    const hosts = new Set(all.map(({ place }) => place.host));
    const shut = all.filter(({ uuid }) => drained.has(uuid)).map(({ place }) => place);
    return {
      drained: shut.sort((one, other) => (placeText(one) < placeText(other) ? -1 : 1)),
      unpublished: namedHosts.filter((host) => !hosts.has(host)),
      isEmpty: all.length === 0,
    };
  } catch (error) {
    if (error instanceof PlacementError || signal.aborted) return undefined;
    throw error;
  }
}

function placesAmong(providers: readonly Provider[]): readonly { uuid: string; place: Place }[] {
  const names = new Map(providers.map(({ uuid, name }) => [uuid, name]));
  return providers.flatMap(({ uuid, name, root }) => {
    const [gpu, host] = [gpuOfProvider(name), names.get(root)];
    return gpu === undefined || host === undefined ? [] : [{ uuid, place: { host, gpu } }];
  });
}

/** Of more than these the number tells enough. */
const MOST_NAMED = 5;

/** What may be done so that there are candidates. Pure. */
export function missingHints({ drained, unpublished, isEmpty }: Missing): readonly string[] {
  const published =
    "a vgpud publishes within scheduler.first_within (2 min by default) of its start, and again when it next compares the books (scheduler.heal_every, 5 min by default) where Placement has lost its data";
  return [
    ...(drained.length === 0
      ? []
      : [
          `drained, so that nothing more is given out there: ${named(drained.map(placeText))}; vgpuctl host there says why, and vgpuctl undrain ends it`,
        ]),
    ...(isEmpty ? [`Placement has no GPU of any vgpud: ${published}`] : []),
    ...(isEmpty || unpublished.length === 0
      ? []
      : [`Placement has no GPU of ${named(unpublished)}, which the schedule file names: ${published}`]),
  ];
}

function named(all: readonly string[]): string {
  const more = all.length - MOST_NAMED;
  return `${all.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
