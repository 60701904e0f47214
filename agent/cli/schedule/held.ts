// What vgpuctl has booked in Placement.
import { gpuOfProvider } from "../../core/placement-names.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { Allocation, Provider, Resources } from "../../placement/model.ts";
import { CliError } from "../errors/cli-error.ts";
import { answersInOrder } from "./in-order.ts";
import { isOurs, requireTypes } from "./ours.ts";
import { REQUESTS_AT_ONCE, type SchedulePlacement } from "./placement-port.ts";
import { hostsAmong, placeOf, type Place } from "./places.ts";

export interface Held {
  readonly claimId: string;
  readonly place: Place;
  /** Of that GPU. */
  readonly resources: Resources;
  /** Of the claim, as it was read. */
  readonly allocation: Allocation;
}

export interface Asked {
  readonly api: SchedulePlacement;
  readonly signal: AbortSignal;
}

/** Undefined where nothing is booked. @throws CliError for what somebody else has booked */
export async function heldBy(claimId: string, { api, signal }: Asked): Promise<Held | undefined> {
  await requireTypes(api, signal);
  const allocation = await api.allocation(claimId, signal);
  const { byProvider, consumerType } = allocation;
  for (const [provider, resources] of byProvider) {
    const place = await placeOf(provider, { api, signal });
    if (place && isOurs(consumerType)) return { claimId, place, resources, allocation };
  }
  if (byProvider.size === 0) return undefined;
  const whose = isOurs(consumerType)
    ? "on no GPU of vgpud's"
    : `by a consumer of type ${consumerType ?? "unknown"}`;
  throw new CliError("conflict", `${claimId} is booked ${whose}: who booked it has to end it`);
}

/** By host and GPU. `only`: of this host. @throws CliError where Placement has no such host */
export async function allHeld({ api, signal }: Asked, only: string | undefined): Promise<readonly Held[]> {
  await requireTypes(api, signal);
  const providers = await api.all(signal);
  const names = new Map(providers.map(({ uuid, name }) => [uuid, name]));
  if (only !== undefined) requireHost(only, providers);
  const gpus = providers.flatMap(({ uuid, name, root }) => {
    const [gpu, host] = [gpuOfProvider(name), names.get(root)];
    if (gpu === undefined || host === undefined || (only !== undefined && host !== only)) return [];
    return [{ uuid, place: { host, gpu } }];
  });
  const all = await answersInOrder(gpus, {
    ask: (gpu, over) => heldOn(gpu, { api, signal: AbortSignal.any([signal, over]) }),
    decides: () => false,
    atOnce: REQUESTS_AT_ONCE,
  });
  const held = all.flat();
  const key = ({ place, claimId }: Held): string => `${place.host} ${place.gpu} ${claimId}`;
  return held.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

async function heldOn(
  { uuid, place }: { readonly uuid: string; readonly place: Place },
  { api, signal }: Asked,
): Promise<readonly Held[]> {
  const held: Held[] = [];
  for (const { consumer: claimId, resources } of (await api.usages(uuid, signal)).value) {
    const allocation = await api.allocation(claimId, signal);
    if (isOurs(allocation.consumerType)) held.push({ claimId, place, resources, allocation });
  }
  return held;
}

/** A name that is mistyped has nothing booked either. */
function requireHost(host: string, providers: readonly Provider[]): void {
  const hosts = hostsAmong(providers);
  if (hosts.includes(host)) return;
  const hint = didYouMean(host, hosts) ?? `a host is named as its root resource provider`;
  throw new CliError("failure", `no vgpud has published GPUs of a host ${host} in Placement`, {
    hints: [hint],
  });
}

/** Closed at the end of a block, or once nobody waits for it. */
export function closing<Agent extends { readonly close: () => void }>(vgpud: Agent, over?: AbortSignal) {
  over?.addEventListener("abort", vgpud.close);
  return { vgpud, [Symbol.dispose]: vgpud.close };
}
