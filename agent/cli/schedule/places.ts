// Where a provider of Placement is: on which host, as its root is called, and which GPU of that.
import { gpuOfProvider } from "../../core/placement-names.ts";
import type { PciAddress } from "../../core/ids.ts";
import type { Provider } from "../../placement/model.ts";
import type { SchedulePlacement } from "./placement-port.ts";

export interface Place {
  readonly host: string;
  readonly gpu: PciAddress;
}

/** Undefined for a provider that is none of vgpud's, or is gone. Throws a PlacementError. */
export async function placeOf(
  provider: string,
  { api, signal }: { readonly api: Pick<SchedulePlacement, "tree">; readonly signal: AbortSignal },
): Promise<Place | undefined> {
  const tree = await api.tree(provider, signal);
  const found = tree.find(({ uuid }) => uuid === provider);
  const root = tree.find(({ uuid }) => uuid === found?.root);
  const gpu = found && gpuOfProvider(found.name);
  return gpu && root && { host: root.name, gpu };
}

export function placeText({ host, gpu }: Place): string {
  return `${host} ${gpu}`;
}

/** The hosts of which there is a GPU of vgpud's. */
export function hostsAmong(providers: readonly Provider[]): readonly string[] {
  const roots = new Set(providers.filter(({ name }) => gpuOfProvider(name)).map(({ root }) => root));
  return providers.filter(({ uuid }) => roots.has(uuid)).map(({ name }) => name);
}
