// What Placement has booked for a claim that something is to be made for.
import type { BookedOn } from "../../capacity/quantities.ts";
import type { ClaimId, PciAddress } from "../../core/ids.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { Allocation, PlacementApi } from "../../placement/model.ts";
import { notBooked, wronglyNamed } from "../unbooked.ts";
import { quantitiesIn, type Classes } from "./names.ts";
import type { KeptProvider } from "./provider.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws FIELD_INVALID where no consumer of Placement can be called so. */
export function refuseOthersNames(claimId: ClaimId): void {
  if (UUID.test(claimId)) return;
  throw wronglyNamed(
    claimId,
    `claim_id ${claimId} is no UUID in small letters, and with Placement in front it has to be the consumer's`,
  );
}

interface Asked {
  readonly claimId: ClaimId;
  readonly allocation: Allocation;
  readonly classes: Classes;
  /** Asked where it is booked elsewhere, for what a person knows other providers by. */
  readonly api: Pick<PlacementApi, "tree">;
}

/** On those of the host's GPUs that it is booked on, whose providers hear of it; throws CLAIM_NOT_BOOKED where it is on none. */
export async function bookedOn(
  gpus: ReadonlyMap<PciAddress, KeptProvider>,
  { claimId, allocation: { byProvider }, classes, api }: Asked,
  signal: AbortSignal,
): Promise<ReadonlyMap<PciAddress, BookedOn>> {
  const byGpu = new Map<PciAddress, BookedOn>();
  for (const [gpu, provider] of gpus) {
    const resources = byProvider.get(provider.uuid);
    if (!resources) continue;
    const amounts = quantitiesIn(resources, classes);
    provider.heardOf(claimId, resources);
    byGpu.set(gpu, { amounts, counted: await provider.counted(signal) });
  }
  if (byGpu.size > 0) return byGpu;
  const others = await Promise.all([...byProvider.keys()].map((uuid) => shown(uuid, api, signal)));
  const why =
    others.length === 0
      ? `Placement has no allocations for consumer ${claimId}`
      : `Placement has consumer ${claimId} on other providers than this host's GPUs: ${others.join(", ")}`;
  throw notBooked(claimId, `${why}: claim the GPU's provider before asking for the domain`);
}

/** By its name, too, where Placement says it. */
async function shown(uuid: string, api: Asked["api"], signal: AbortSignal): Promise<string> {
  try {
    const name = (await api.tree(uuid, signal)).find((each) => each.uuid === uuid)?.name;
    return name === undefined ? uuid : `${name} (${uuid})`;
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return uuid;
  }
}
