// The root that vgpud makes for its host where there is no Nova: found again by the record, or by its name, and never that of another
// machine.
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { SchedulerError } from "../scheduler.ts";
import { createdProvider } from "./creation.ts";
import { othersMark } from "./mark.ts";
import { rootUuids } from "./names.ts";
import type { KeptProvider } from "./provider.ts";

/** How this host is called, and the mark of its machine; undefined where the machine has no id. */
export interface Self {
  readonly host: string;
  readonly mark: string | undefined;
}

export interface OwnRoot {
  readonly provider: Provider;
  /** Whether it was just made. */
  readonly isNew: boolean;
  readonly kept: KeptProvider;
}

export interface OwnRootSources {
  readonly api: Pick<PlacementApi, "providerNamed" | "createProvider" | "tree">;
  /** As this host had it, by its record, with the name that it had then; undefined: the record tells of none that is there. */
  readonly recorded: { readonly provider: Provider; readonly name: string | undefined } | undefined;
  readonly keep: (provider: Provider, about: { readonly isNew: boolean }) => KeptProvider;
}

/** Throws a PlacementError, or a SchedulerError of kind `root-taken`. Its name may be a former one. */
export async function ownRoot(
  self: Self,
  { api, recorded, keep }: OwnRootSources,
  signal: AbortSignal,
): Promise<OwnRoot> {
  const { host, mark } = self;
  const found = async (provider: Provider): Promise<OwnRoot & { readonly other: string | undefined }> => {
    const kept = keep(provider, { isNew: false });
    return { provider, isNew: false, kept, other: othersMark(await kept.traits(signal), mark) };
  };
  const before = recorded && (await found(recorded.provider));
  // A record that was copied from another host tells of that one's.
  if (before && before.other === undefined) {
    refuseRenamed(before.provider, recorded.name, host);
    return before;
  }
  const namesake = await api.providerNamed(host, signal);
  if (namesake === undefined) {
    const form = { uuids: rootUuids(host), name: host, parent: undefined };
    const provider = await createdProvider(form, api, signal);
    return { provider, isNew: true, kept: keep(provider, { isNew: true }) };
  }
  const root = await found(namesake);
  if (root.other !== undefined) throw ofAnotherMachine(namesake, root.other, self);
  const isMarked = mark !== undefined && (await root.kept.traits(signal)).includes(mark);
  if (isMarked || rootUuids(host).includes(namesake.uuid)) return root;
  const message =
    `Placement has a resource provider named ${host} already (${namesake.uuid}), which vgpud did not make: where it is Nova's, set ` +
    "scheduler.placement.root to nova; otherwise give this host another name by scheduler.placement.host";
  throw new SchedulerError("root-taken", message);
}

/** Who has a copy of this host's state directory and machine id cannot be told from this host renamed, save by this host itself. */
function refuseRenamed({ uuid, name }: Provider, recorded: string | undefined, host: string): void {
  if (recorded === undefined || name === host || name === recorded) return;
  const message =
    `the resource provider ${uuid} of this host, ${recorded}, is called ${name} now: a host of that name publishes with a copy of this ` +
    "one's state directory, or somebody renamed it. Give that host a state directory and an /etc/machine-id of its own, and the provider " +
    `the name ${host}`;
  throw new SchedulerError("root-taken", message);
}

export function ofAnotherMachine(
  { uuid }: Pick<Provider, "uuid">,
  other: string,
  { host, mark }: Self,
): SchedulerError {
  const thisOne = mark === undefined ? "this one has no /etc/machine-id" : `this one's mark is ${mark}`;
  const message =
    `Placement has a resource provider named ${host} already (${uuid}), which the vgpud of another machine made (its mark is ${other}, ` +
    `${thisOne}): give this host a name of its own by scheduler.placement.host or, where it is that machine installed anew, give the ` +
    "provider this one's mark";
  return new SchedulerError("root-taken", message);
}
