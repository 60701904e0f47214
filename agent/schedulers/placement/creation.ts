// A provider under a name that is free and a UUID that may not be: providers keep theirs when they are renamed.
import { PlacementError, type PlacementFailure } from "../../placement/errors.ts";
import type { PlacementApi, Provider, ProviderForm } from "../../placement/model.ts";

/** Under the first of the UUIDs that no provider of another name has. Throws a PlacementError. */
export async function createdProvider(
  { uuids, ...form }: Omit<ProviderForm, "uuid"> & { readonly uuids: readonly string[] },
  api: Pick<PlacementApi, "createProvider" | "tree">,
  signal: AbortSignal,
): Promise<Provider> {
  let refusal: PlacementError | undefined;
  for (const uuid of uuids)
    try {
      return await api.createProvider({ ...form, uuid }, signal);
    } catch (error) {
      if (!(error instanceof PlacementError && TAKEN.has(error.kind))) throw error;
      refusal = error;
      // Placement does not say by a code which of the two is taken.
      const holder = (await api.tree(uuid, signal)).find((each) => each.uuid === uuid);
      if (holder === undefined || holder.name === form.name) break;
    }
  throw refusal ?? new TypeError("no UUID is given to be tried");
}

const TAKEN: ReadonlySet<PlacementFailure> = new Set(["duplicate", "no-capacity"]);
