// The root that vgpud makes for its host where there is no Nova: found again by the record, or by its name, and never that of another
// machine.
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { SchedulerError } from "../scheduler.ts";
import { createdProvider } from "./creation.ts";
import { isMarked, refuseMarked, type Self } from "./mark.ts";
import { rootUuids } from "./names.ts";
import type { KeptProvider } from "./provider.ts";
import type { Recorded, RecordedSources } from "./root-record.ts";

export interface OwnRoot {
  readonly provider: Provider;
  /** Whether it was just made. */
  readonly isNew: boolean;
  readonly kept: KeptProvider;
}

export interface OwnRootSources extends Pick<RecordedSources, "keep"> {
  readonly api: Pick<PlacementApi, "providerNamed" | "createProvider" | "tree">;
  readonly recorded: Recorded | undefined;
}

/** Throws a PlacementError, or a SchedulerError of kind `root-taken`. Its name may be a former one where it is the recorded one. */
export async function ownRoot(
  self: Self,
  { api, recorded, keep }: OwnRootSources,
  signal: AbortSignal,
): Promise<OwnRoot> {
  const { host, mark } = self;
  if (recorded?.kept) {
    refuseRenamed(recorded, host);
    return { provider: recorded.root, isNew: false, kept: recorded.kept };
  }
  const namesake = await api.providerNamed(host, signal);
  if (namesake === undefined) {
    const form = { uuids: rootUuids(host), name: host, parent: undefined };
    const provider = await createdProvider(form, api, signal);
    return { provider, isNew: true, kept: keep(provider, { isNew: true }) };
  }
  const kept = keep(namesake, { isNew: false });
  const traits = await kept.traits(signal);
  refuseMarked(namesake.uuid, traits, self);
  if (isMarked(traits, mark) || rootUuids(host).includes(namesake.uuid))
    return { provider: namesake, isNew: false, kept };
  const message =
    `Placement has a resource provider named ${host} already (${namesake.uuid}), which vgpud did not make: where it is Nova's, set ` +
    "scheduler.placement.root to nova; otherwise give this host another name by scheduler.placement.host";
  throw new SchedulerError("root-taken", message);
}

/** Who has a copy of this host's state directory and machine id cannot be told from this host renamed, save by this host itself. */
function refuseRenamed({ known, root: { uuid, name } }: Recorded, host: string): void {
  if (known.name === undefined || [host, known.name, known.next].includes(name)) return;
  const message =
    `the resource provider ${uuid} of this host, ${known.name}, is called ${name} now: a host of that name publishes with a copy of this ` +
    "one's state directory, or somebody renamed it. Give that host a state directory and an /etc/machine-id of its own, and the provider " +
    `the name ${host}`;
  throw new SchedulerError("root-taken", message);
}
