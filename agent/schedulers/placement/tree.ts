// Where this host stands in Placement: its root, and below it the providers of its GPUs that are vgpud's.
import { isDeepStrictEqual } from "node:util";
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { SchedulerError } from "../scheduler.ts";
import { ownRoot, type OwnRoot, type OwnRootSources, type Self } from "./own-root.ts";
import type { KeptProvider } from "./provider.ts";
import { Refusals } from "./refusals.ts";

/** Which root the GPUs of this host are to be below. `host`: as it is called; with Nova the host's name as its libvirt tells it. */
export interface RootSettings extends Self {
  /** `nova`: somebody else makes it, and it is found by its name. `own`: vgpud makes it. */
  readonly root: "nova" | "own";
}

/** What this host has in Placement, which outlives the agent: after the host was renamed it is what tells that. */
export interface KnownRoot {
  readonly uuid: string;
  /** Whether vgpud made it. One of Nova's is never changed. */
  readonly own: boolean;
  /** UUIDs of the GPUs' providers that this host's vgpud made: those of another host below a wrong root are not moved. */
  readonly made: readonly string[];
  /** As the root was called last. */
  readonly name?: string;
  /** Of the machine that wrote this: a copy on another machine says nothing of that one. */
  readonly mark?: string;
}

/** Kept over a restart; implemented in host/scheduler-record.ts. Nothing that a scheduler is told waits for its disk. */
export interface RootRecord {
  readonly current: KnownRoot | undefined;
  /** Holds from now on, and is on disk once it was settled. */
  note(known: KnownRoot): void;
  /** Writes what was noted. Never rejects; resolves, in bounded time, with what is not on disk yet and why. */
  settle(): Promise<Unwritten | undefined>;
}

export interface Unwritten {
  readonly file: string;
  /** What follows the file's name: `cannot be written: …`. */
  readonly why: string;
}

export interface Tree {
  readonly root: Provider;
  /** Undefined where it is somebody else's. */
  readonly ownRoot: KeptProvider | undefined;
  /** vgpud's own, under the names of this host but for those that are misplaced. */
  readonly gpus: ReadonlyMap<PciAddress, Provider>;
  /** Of those whose names or places Placement did not let be put right. */
  readonly misplaced: Refusals;
}

export interface TreeSources extends Pick<OwnRootSources, "keep"> {
  readonly api: PlacementApi;
  readonly record: RootRecord;
}

/** Finds the tree, or makes its root; puts the names right where the host has another name now. Throws a PlacementError or SchedulerError. */
export async function treeOf(
  { root: whose, ...self }: RootSettings,
  { api, record, keep }: TreeSources,
  signal: AbortSignal,
): Promise<Tree> {
  const { host, mark } = self;
  const before = ofThisMachine(record.current, mark);
  const former = before ? await api.tree(before.uuid, signal) : [];
  const known = before?.own ? former.find(({ uuid }) => uuid === before.uuid) : undefined;
  const recorded = known && { provider: known, name: before?.name };
  const own: OwnRoot | undefined =
    whose === "nova" ? undefined : await ownRoot(self, { api, recorded, keep }, signal);
  const root = own
    ? await inPlace(own.provider, { api, name: host, root: undefined }, signal)
    : await foundRoot(host, api, signal);
  const isFormer = former.some(({ uuid }) => uuid === root.uuid);
  const all = isFormer ? former : own?.isNew ? [] : await api.tree(root.uuid, signal);
  const ours = new Map<PciAddress, Provider>();
  const misplaced = new Refusals();
  const ask = (): Promise<unknown> => api.providerNamed(host, signal);
  // Those of a root that this host was below before come last: where both have a GPU, the one in place is kept.
  const moved = isFormer ? [] : former.filter(({ uuid }) => before?.made.includes(uuid));
  for (const provider of [...all, ...moved]) {
    const gpu = gpuOfProvider(provider.name);
    if (gpu === undefined || ours.has(gpu) || provider.uuid === root.uuid) continue;
    const work = (): Promise<Provider> =>
      inPlace(provider, { api, name: providerName(host, gpu), root }, signal);
    const put = await misplaced.attempt(gpu, { what: provider.name, ask, work });
    ours.set(gpu, put ?? provider);
  }
  // Last, and only then: what was not moved now is moved by a later round.
  const now: KnownRoot = {
    ...{ uuid: root.uuid, own: own !== undefined, made: before?.made ?? [], name: host },
    ...(mark !== undefined && { mark }),
  };
  const isMoved = isFormer || misplaced.all.length === 0;
  if (isMoved && !isDeepStrictEqual(now, record.current)) record.note(now);
  return { root, ownRoot: own?.kept, gpus: ours, misplaced };
}

/** One that tells no machine is of a vgpud that wrote none down yet. */
function ofThisMachine(known: KnownRoot | undefined, mark: string | undefined): KnownRoot | undefined {
  return known?.mark === undefined || known.mark === mark ? known : undefined;
}

async function foundRoot(host: string, api: PlacementApi, signal: AbortSignal): Promise<Provider> {
  const found = await api.providerNamed(host, signal);
  if (found) return found;
  const message =
    `Placement has no resource provider named ${host}: start nova-compute on this host, set scheduler.placement.host to the name ` +
    "that it gives the host, or set scheduler.placement.root to own where no Nova is";
  throw new SchedulerError("no-root", message);
}

/** Under this name, and below this root. */
async function inPlace(
  provider: Provider,
  {
    api,
    name,
    root,
  }: { readonly api: PlacementApi; readonly name: string; readonly root: Provider | undefined },
  signal: AbortSignal,
): Promise<Provider> {
  const parent = root?.uuid;
  if (provider.name === name && provider.parent === parent) return provider;
  await api.changeProvider({ uuid: provider.uuid, name, parent }, signal);
  return { ...provider, name, parent, root: root?.root ?? provider.uuid };
}
