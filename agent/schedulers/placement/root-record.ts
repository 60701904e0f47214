// What this host wrote down of its place in Placement, and what of that still holds: a copy of another machine's is as none.
import { isDeepStrictEqual } from "node:util";
import { SLICES_CLASS } from "../../core/placement-names.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import type { KeptRecord } from "../kept-record.ts";
import { isMarked, othersMark, refuseMarked, type Self } from "./mark.ts";
import type { KeptProvider } from "./provider.ts";

/** What this host has in Placement, which outlives the agent: after the host was renamed it is what tells that. */
export interface KnownRoot {
  readonly uuid: string;
  /** Whether vgpud made it. One of Nova's is never changed. */
  readonly own: boolean;
  /** UUIDs of the GPUs' providers that this host's vgpud made: those of another host below a wrong root are not moved. */
  readonly made: readonly string[];
  /** Each resource class that slices have been published in: inventories of these are vgpud's, whatever is configured now. */
  readonly sliceClasses?: readonly string[];
  /** As the root was called last. */
  readonly name?: string;
  /** As it was to be called then: whether Placement has done that may not be known. */
  readonly next?: string;
  /** Of the machine that wrote this: a copy on another machine says nothing of that one. */
  readonly mark?: string;
}

export type RootRecord = KeptRecord<KnownRoot>;

/** What the record tells of, as Placement has it. */
export interface Recorded {
  readonly known: KnownRoot;
  readonly root: Provider;
  /** Undefined where the root is somebody else's. */
  readonly kept: KeptProvider | undefined;
  /** All of the root's tree, itself included. */
  readonly tree: readonly Provider[];
}

export interface RecordedSources {
  readonly api: Pick<PlacementApi, "tree">;
  readonly keep: (provider: Provider, about: { readonly isNew: boolean }) => KeptProvider;
}

/**
 * Undefined where the record is none of this machine's, or what it tells of is gone. Throws a PlacementError, or a SchedulerError of kind
 * `root-taken`.
 */
export async function recordedTree(
  self: Self,
  known: KnownRoot | undefined,
  { api, keep }: RecordedSources,
  signal: AbortSignal,
): Promise<Recorded | undefined> {
  const { host, mark } = self;
  if (!known || (known.mark !== undefined && known.mark !== mark)) return undefined;
  const tree = await api.tree(known.uuid, signal);
  const root = tree.find(({ uuid }) => uuid === known.uuid);
  if (!root) return undefined;
  const kept = known.own ? keep(root, { isNew: false }) : undefined;
  const traits = (await kept?.traits(signal)) ?? [];
  if (isMarked(traits, mark)) refuseMarked(root.uuid, traits, self);
  if (othersMark(traits, mark) !== undefined) return undefined;
  // One of a vgpud that wrote no mark down yet may be a copy: it tells of this host where the root, too, does.
  const isOfHere = known.mark === mark || isMarked(traits, mark) || root.name === host;
  return isOfHere ? { known, root, kept, tree } : undefined;
}

export function noteAnew(record: RootRecord, known: KnownRoot): void {
  if (!isDeepStrictEqual(known, record.current)) record.note(known);
}

/**
 * Before anything is published in it: a later configuration may name another. A class that is new is on disk then, whatever ends this agent,
 * unless the disk hangs or is full: Placement waits for it no longer than `settle` does, and the class is written with the next change.
 */
export async function noteClass(record: RootRecord, slices: string): Promise<void> {
  const known = record.current;
  if (!known) return;
  // Where none are written down the record is of a vgpud that wrote none, or new: whatever is there in the default's name is vgpud's.
  const before = known.sliceClasses ?? [SLICES_CLASS];
  noteAnew(record, { ...known, sliceClasses: [...new Set([...before, slices])] });
  if (record.current !== known) await record.settle();
}
