// Which GPUs are none of the candidates whatever they have: where Placement has no candidate at all, they may be why. That is the everyday
// state of a full site, so that what is asked is little, however many hosts the schedule file names, and of GPUs of vgpud's alone, however
// large the cloud around them is.
import {
  DRAINED,
  gpuOfProvider,
  hostOfProvider,
  HYPERVISOR_TRAITS,
  traitOf,
  TRAITS,
} from "../../core/placement-names.ts";
import type { Deadline } from "../../core/deadline.ts";
import { PlacementError } from "../../placement/errors.ts";
import { answersInOrder } from "./in-order.ts";
import type { Flavor } from "./flavor.ts";
import { REQUESTS_AT_ONCE, type SchedulePlacement } from "./placement-port.ts";
import { placeOf, placeText, type Place } from "./places.ts";

/** By what Placement knows. */
export interface Missing {
  /** Such as the flavor asks for, of which nothing is given out until their drain ends: some of them, and how many more there are. */
  readonly drained: { readonly some: readonly Place[]; readonly more: number };
  /** Hosts that the schedule file names and that Placement has no GPU of. */
  readonly unpublished: readonly string[];
  /** There is neither, and no vgpud has published a GPU of the flavor's mode, with what it asks for of vgpud's own traits. */
  readonly isUnpublished: boolean;
  /** Traits that the flavor requires and that Placement does not know, so that nobody has them. */
  readonly unknownTraits: readonly string[];
}

interface Asking {
  readonly api: Pick<SchedulePlacement, "bearing" | "known" | "providerNamed" | "tree">;
  /** As in Opened. */
  readonly namedHosts: readonly string[];
  readonly flavor: Flavor;
  /** As in Scheduling. */
  readonly memberOf: readonly string[];
  /** What is not answered until it ends by time is left out. */
  readonly deadline: Pick<Deadline, "signal" | "isOver">;
}

/**
 * Undefined where Placement does not say, which is no reason to end otherwise. What it has said by then is told all the same. Rejects with
 * the reason of who stops the deadline.
 */
export async function missingIn(asking: Asking): Promise<Missing | undefined> {
  const { deadline } = asking;
  const drained = await saidBefore(deadline, () => drainedAmong(asking));
  if (drained === undefined) return undefined;
  const rest = await saidBefore(deadline, async () => {
    const unknownTraits = await unknownTraitsOf(asking);
    const unpublished = await unpublishedAmong(asking);
    const isTold = drained.some.length > 0 || unpublished.length > 0;
    return {
      unknownTraits,
      unpublished,
      isUnpublished: !isTold && (await isUnpublished(asking)),
    };
  });
  return { drained, unpublished: [], isUnpublished: false, unknownTraits: [], ...rest };
}

/** Undefined where Placement fails, or does not say it in time. */
async function saidBefore<T>(deadline: Asking["deadline"], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof PlacementError || deadline.isOver) return undefined;
    throw error;
  }
}

/** Where they are is asked of those alone that are named. */
async function drainedAmong({
  api,
  flavor,
  memberOf,
  deadline: { signal },
}: Asking): Promise<Missing["drained"]> {
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

async function unknownTraitsOf({
  api,
  flavor,
  deadline: { signal },
}: Asking): Promise<Missing["unknownTraits"]> {
  const { required } = flavor.traits;
  if (required.length === 0) return [];
  const known = await api.known("traits", required, signal);
  return required.filter((trait) => !known.has(trait));
}

/** Each vgpud makes the traits of all modes known, whatever its GPUs are: it is asked who bears them. */
async function isUnpublished({ api, flavor, deadline: { signal } }: Asking): Promise<boolean> {
  const { required, forbidden } = ofVgpud(flavor.traits);
  const all = [...new Set([traitOf("mode", flavor.vgpu.mode), ...required])];
  return (await api.bearing({ required: all, forbidden }, [], signal)).length === 0;
}

/** Those that vgpud publishes: no vgpud that is yet to come has those of others. */
function ofVgpud({ required, forbidden }: Flavor["traits"]): Flavor["traits"] {
  const isOwn = (trait: string): boolean => trait.startsWith(TRAITS);
  return { required: required.filter(isOwn), forbidden: forbidden.filter(isOwn) };
}

async function unpublishedAmong(asking: Asking): Promise<readonly string[]> {
  const { namedHosts } = asking;
  if (namedHosts.length <= ASKED_EACH) return await unpublishedByName(namedHosts, asking);
  // A list of vgpud's GPUs is less than two requests for each of so many.
  const published = await publishedHosts(asking);
  const others = namedHosts.filter((host) => !published.has(host));
  return others.length <= ASKED_EACH ? await unpublishedByName(others, asking) : others;
}

/** For so few no list is made. */
const ASKED_EACH = 8;

/** By the names of their GPUs. */
async function publishedHosts({ api, deadline: { signal } }: Asking): Promise<ReadonlySet<string>> {
  const hosts = new Set<string>();
  for (const trait of HYPERVISOR_TRAITS)
    for (const { name } of await api.bearing({ required: [trait], forbidden: [] }, [], signal)) {
      const host = hostOfProvider(name);
      if (host !== undefined) hosts.add(host);
    }
  return hosts;
}

async function unpublishedByName(
  hosts: readonly string[],
  { api, deadline: { signal } }: Asking,
): Promise<readonly string[]> {
  const all = await answersInOrder(hosts, {
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

type Kind = Pick<Flavor, "vgpu" | "traits">;

/** Which GPUs a flavor asks for: `gvt-g with CUSTOM_RACK_7 and without CUSTOM_OLD`. */
export function kindText({ vgpu: { mode }, traits: { required, forbidden } }: Kind): string {
  const parts = [
    ...(required.length === 0 ? [] : [`with ${required.join(", ")}`]),
    ...(forbidden.length === 0 ? [] : [`without ${forbidden.join(", ")}`]),
  ];
  return [mode, ...(parts.length === 0 ? [] : [parts.join(" and ")])].join(" ");
}

/** The same as far as vgpud publishes it. */
export function publishedKindText({ vgpu, traits }: Kind): string {
  return kindText({ vgpu, traits: ofVgpud(traits) });
}

/** What may be done so that there are candidates. Pure. */
export function missingHints(
  { drained, unpublished, isUnpublished }: Missing,
  flavor: Kind,
): readonly string[] {
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
    ...(isUnpublished
      ? [`no vgpud has published a GPU of mode ${publishedKindText(flavor)} in Placement: ${published}`]
      : []),
  ];
}

function named(some: readonly string[], more: number): string {
  return `${some.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
