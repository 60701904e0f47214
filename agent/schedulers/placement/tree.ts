// Where this host stands in Placement: its root, and below it the providers of its GPUs that are vgpud's.
import type { PciAddress } from "../../core/ids.ts";
import { gpuOfProvider, providerName } from "../../core/placement-names.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { SchedulerError } from "../scheduler.ts";
import { rootUuid } from "./names.ts";

/** Which root the GPUs of this host are to be below. */
export interface RootSettings {
  /** As the root is called: with Nova the host's name as its libvirt tells it. */
  readonly host: string;
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
}

export interface RootRecord {
  readonly current: KnownRoot | undefined;
  write(known: KnownRoot): Promise<void>;
}

export interface Tree {
  readonly root: Provider;
  /** Whether it was just made. */
  readonly isNew: boolean;
  /** vgpud's own, under the names of this host. */
  readonly gpus: ReadonlyMap<PciAddress, Provider>;
}

/** Finds the tree, or makes its root; puts the names right where the host has another name now. Throws a PlacementError or SchedulerError. */
export async function treeOf(
  { host, root: whose }: RootSettings,
  { api, record }: { readonly api: PlacementApi; readonly record: RootRecord },
  signal: AbortSignal,
): Promise<Tree> {
  const before = record.current;
  const former = before ? await api.tree(before.uuid, signal) : [];
  const root: Provider & { readonly isNew?: boolean } =
    whose === "nova"
      ? await foundRoot(host, api, signal)
      : await ownRoot(
          host,
          { api, kept: before?.own ? former.find(({ uuid }) => uuid === before.uuid) : undefined },
          signal,
        );
  const isNew = root.isNew ?? false;
  const isFormer = former.some(({ uuid }) => uuid === root.uuid);
  const all = isFormer ? former : isNew ? [] : await api.tree(root.uuid, signal);
  const ours = new Map<PciAddress, Provider>();
  // Those of a root that this host was below before come last: where both have a GPU, the one in place is kept.
  const moved = isFormer ? [] : former.filter(({ uuid }) => before?.made.includes(uuid));
  for (const provider of [...all, ...moved]) {
    const gpu = gpuOfProvider(provider.name);
    if (gpu === undefined || ours.has(gpu) || provider.uuid === root.uuid) continue;
    ours.set(gpu, await inPlace(provider, { api, name: providerName(host, gpu), root }, signal));
  }
  // Last: what a failure kept from being moved is moved by the next round.
  const own = whose === "own";
  if (before?.uuid !== root.uuid || before.own !== own)
    await record.write({ uuid: root.uuid, own, made: before?.made ?? [] });
  return { root, isNew, gpus: ours };
}

async function foundRoot(host: string, api: PlacementApi, signal: AbortSignal): Promise<Provider> {
  const found = await api.providerNamed(host, signal);
  if (found) return found;
  const message =
    `Placement has no resource provider named ${host}: start nova-compute on this host, set scheduler.placement.host to the name ` +
    "that it gives the host, or set scheduler.placement.root to own where no Nova is";
  throw new SchedulerError("no-root", message);
}

async function ownRoot(
  host: string,
  { api, kept }: { readonly api: PlacementApi; readonly kept: Provider | undefined },
  signal: AbortSignal,
): Promise<Provider & { readonly isNew?: boolean }> {
  if (kept) return inPlace(kept, { api, name: host, root: undefined }, signal);
  const uuid = rootUuid(host);
  const namesake = await api.providerNamed(host, signal);
  if (namesake === undefined)
    return { ...(await api.createProvider({ uuid, name: host, parent: undefined }, signal)), isNew: true };
  if (namesake.uuid === uuid) return namesake;
  const message =
    `Placement has a resource provider named ${host} already (${namesake.uuid}), which vgpud did not make: where it is Nova's, set ` +
    "scheduler.placement.root to nova; otherwise give this host another name by scheduler.placement.host";
  throw new SchedulerError("root-taken", message);
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
