// Which GPUs are none of the candidates whatever they have: where Placement has no candidate at all, they may be why. That is the everyday
// state of a full site, so that what is asked is little, however large the cloud is or however many hosts the schedule file names.
import { DRAINED, gpuOfProvider, traitOf } from "../../core/placement-names.ts";
import { PlacementError } from "../../placement/errors.ts";
import { answersInOrder } from "./in-order.ts";
import type { Flavor } from "./flavor.ts";
import { REQUESTS_AT_ONCE, type SchedulePlacement } from "./placement-port.ts";
import { placeOf, placeText, type Place } from "./places.ts";
import { hostsAmong } from "./whereabouts.ts";

/** By what Placement knows. */
export interface Missing {
  /** Such as the flavor asks for, of which nothing is given out until their drain ends: some of them, and how many more there are. */
  readonly drained: { readonly some: readonly Place[]; readonly more: number };
  /** Hosts that the schedule file names and that Placement has no GPU of. */
  readonly unpublished: readonly string[];
  /** The mode of the flavor, where there is neither, and no vgpud has ever published a GPU of it. */
  readonly unknownMode: Flavor["vgpu"]["mode"] | undefined;
}

interface Asking {
  readonly api: Pick<SchedulePlacement, "all" | "bearing" | "known" | "providerNamed" | "tree">;
  /** As in Opened. */
  readonly namedHosts: readonly string[];
  readonly flavor: Flavor;
  /** As in Scheduling. */
  readonly memberOf: readonly string[];
  /** What is not answered until it aborts is left out. */
  readonly signal: AbortSignal;
}

/** Undefined where Placement does not say, which is no reason to end otherwise. */
export async function missingIn(asking: Asking): Promise<Missing | undefined> {
  const { api, flavor, signal } = asking;
  try {
    const drained = await drainedAmong(asking);
    const unpublished = await unpublishedAmong(asking);
    const { mode } = flavor.vgpu;
    const isTold = drained.some.length > 0 || unpublished.length > 0;
    const isKnown = isTold || (await api.known("traits", [traitOf("mode", mode)], signal)).size > 0;
    return { drained, unpublished, unknownMode: isKnown ? undefined : mode };
  } catch (error) {
    if (error instanceof PlacementError || signal.aborted) return undefined;
    throw error;
  }
}

/** Where they are is asked of those alone that are named. */
async function drainedAmong({ api, flavor, memberOf, signal }: Asking): Promise<Missing["drained"]> {
  const required = [...new Set([DRAINED, traitOf("mode", flavor.vgpu.mode), ...flavor.traits.required])];
  // A drain that has ended makes no candidate of one with a trait that is forbidden; a flavor may well forbid that of drained ones itself.
  const forbidden = flavor.traits.forbidden.filter((trait) => !required.includes(trait));
  const bearing = await api.bearing({ required, forbidden }, memberOf, signal);
  const gpus = bearing.filter(({ name }) => gpuOfProvider(name) !== undefined);
  // The names begin with those of the hosts.
  gpus.sort((one, other) => (one.name < other.name ? -1 : 1));
  const places = await answersInOrder(gpus.slice(0, MOST_NAMED), {
    ask: ({ uuid }, over) => placeOf(uuid, { api, signal: AbortSignal.any([signal, over]) }),
    decides: () => false,
    atOnce: REQUESTS_AT_ONCE,
  });
  const some = places.filter((place) => place !== undefined);
  return { some, more: gpus.length - places.length };
}

async function unpublishedAmong(asking: Asking): Promise<readonly string[]> {
  const { api, namedHosts, signal } = asking;
  if (namedHosts.length <= ASKED_EACH) return await unpublishedByName(asking);
  // The whole cloud is hardly larger than what the file names, and one request is less than two for each of them.
  const published = new Set(hostsAmong(await api.all(signal)));
  return namedHosts.filter((host) => !published.has(host));
}

/** For so few the rest of the cloud is not worth a look. */
const ASKED_EACH = 8;

async function unpublishedByName({ api, namedHosts, signal }: Asking): Promise<readonly string[]> {
  const all = await answersInOrder(namedHosts, {
    ask: async (host, over) => {
      const either = AbortSignal.any([signal, over]);
      const found = await api.providerNamed(host, either);
      const tree = found === undefined ? [] : await api.tree(found.uuid, either);
      return tree.some(({ name }) => gpuOfProvider(name) !== undefined) ? [] : [host];
    },
    decides: () => false,
    atOnce: REQUESTS_AT_ONCE,
  });
  return all.flat();
}

/** Of more than these the number tells enough. */
const MOST_NAMED = 5;

/** What may be done so that there are candidates. Pure. */
export function missingHints({ drained, unpublished, unknownMode }: Missing): readonly string[] {
  const published =
    "a vgpud publishes within scheduler.first_within (2 min by default) of its start, and again when it next compares the books (scheduler.heal_every, 5 min by default) where Placement has lost its data";
  const shown = unpublished.slice(0, MOST_NAMED);
  return [
    ...(drained.some.length === 0
      ? []
      : [
          `drained, so that nothing more is given out there: ${named(drained.some.map(placeText), drained.more)}; vgpuctl host there says why, and vgpuctl undrain ends it`,
        ]),
    ...(unpublished.length === 0
      ? []
      : [
          `Placement has no GPU of ${named(shown, unpublished.length - shown.length)}, which the schedule file names: ${published}`,
        ]),
    ...(unknownMode === undefined
      ? []
      : [`no vgpud has published a GPU of mode ${unknownMode} in Placement: ${published}`]),
  ];
}

function named(some: readonly string[], more: number): string {
  return `${some.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
