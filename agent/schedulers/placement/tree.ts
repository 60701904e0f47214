// Where this host stands in Placement: its root, and below it the providers of its GPUs that are vgpud's.
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfNova, gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { SchedulerError } from "../scheduler.ts";
import type { Self } from "./mark.ts";
import type { NovaGpu } from "./nova-gpus.ts";
import { ownRoot, type OwnRoot } from "./own-root.ts";
import type { KeptProvider } from "./provider.ts";
import { askFor, Refusals } from "./refusals.ts";
import { noteAnew, recordedTree, type RecordedSources, type RootRecord } from "./root-record.ts";

/** Which root the GPUs of this host are to be below. `host`: as it is called; with Nova the host's name as its libvirt tells it. */
export interface RootSettings extends Self {
  /** `nova`: somebody else makes it, and it is found by its name. `own`: vgpud makes it. */
  readonly root: "nova" | "own";
}

export interface Tree {
  readonly root: Provider;
  /** Undefined where it is somebody else's. */
  readonly ownRoot: KeptProvider | undefined;
  /** vgpud's own, under the names of this host but for those that are misplaced. */
  readonly gpus: ReadonlyMap<PciAddress, Provider>;
  /** Of those whose names or places Placement did not let be put right. */
  readonly misplaced: Refusals<PciAddress>;
  /** Those of Nova's beside them. */
  readonly ofNova: readonly NovaGpu[];
}

export interface TreeSources extends Pick<RecordedSources, "keep"> {
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
  const marked = mark === undefined ? {} : { mark };
  const before = await recordedTree(self, record.current, { api, keep }, signal);
  const { sliceClasses } = before?.known ?? {};
  const own: OwnRoot | undefined =
    whose === "nova" ? undefined : await ownRoot(self, { api, recorded: before, keep }, signal);
  if (before && own && own.provider.name !== host) {
    // On disk before Placement has it: whatever ends this agent then, the next one knows the root by either name.
    noteAnew(record, { ...before.known, name: own.provider.name, next: host, ...marked });
    await record.settle();
  }
  const root = own
    ? await inPlace(own.provider, { api, name: host, root: undefined }, signal)
    : await foundRoot(host, api, signal);
  const former = before?.tree ?? [];
  const isFormer = former.some(({ uuid }) => uuid === root.uuid);
  const all = isFormer ? former : own?.isNew ? [] : await api.tree(root.uuid, signal);
  // Those of a root that this host was below before come last: where both have a GPU, the one in place is kept.
  const moved = isFormer ? [] : former.filter(({ uuid }) => before?.known.made.includes(uuid));
  const ours = new Map<PciAddress, Provider>();
  const misplaced = new Refusals<PciAddress>();
  const ask = askFor(host, api, signal);
  for (const provider of [...all, ...moved]) {
    const gpu = gpuOfProvider(provider.name);
    if (gpu === undefined || ours.has(gpu) || provider.uuid === root.uuid) continue;
    const work = (): Promise<Provider> =>
      inPlace(provider, { api, name: providerName(host, gpu), root }, signal);
    const put = await misplaced.attempt(gpu, { what: provider.name, ask, work });
    ours.set(gpu, put ?? provider);
  }
  // Below a root of its own there is nothing of others; below one of Nova's, under a wrong name, there may be.
  const found = own ? [...ours].filter(([gpu]) => !misplaced.has(gpu)).map(([, { uuid }]) => uuid) : [];
  const made = [...new Set([...(before?.known.made ?? []), ...found])];
  // Last, and only then: what was not moved now is moved by a later round.
  const isMoved = moved.length === 0 || misplaced.all.length === 0;
  const known = { uuid: root.uuid, own: own !== undefined, made, name: host, ...marked };
  if (isMoved) noteAnew(record, { ...known, ...(sliceClasses && { sliceClasses }) });
  return { root, ownRoot: own?.kept, gpus: ours, misplaced, ofNova: ofNovaIn(all, root) };
}

function ofNovaIn(tree: readonly Provider[], root: Provider): readonly NovaGpu[] {
  return tree.flatMap((provider) => {
    const gpu = provider.uuid === root.uuid ? undefined : gpuOfNova(provider.name);
    return gpu === undefined ? [] : [{ gpu, provider }];
  });
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
