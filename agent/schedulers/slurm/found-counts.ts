// What slurmctld found each count of vgpud's to be when the node registered last, as far as that can be known: it tells nobody.
import { isDeepStrictEqual } from "node:util";
import type { KeptRecord } from "../kept-record.ts";
import { GRES, isOwnGres } from "./names.ts";
import type { Limits } from "./node.ts";
import type { FaultTold, NodeTold } from "./told.ts";
import { counted, mostOf } from "./wanted.ts";

/** What has to be known when vgpud begins while Slurm takes the node for unfit. */
export interface KnownCounts {
  readonly node: string;
  /** By the name of the GRES. */
  readonly found: Readonly<Record<string, number>>;
}

export type CountsRecord = KeptRecord<KnownCounts>;

/** Of who tells Slurm nothing: others change the counts meanwhile, and a vgpud that tells them again is not to believe what is older. */
export function forget(record: CountsRecord): void {
  const { current } = record;
  if (current && Object.keys(current.found).length > 0) record.note({ ...current, found: {} });
}

export class FoundCounts {
  readonly #record: CountsRecord | undefined;
  readonly #last = new Map<string, number>();
  /** By its name when it was looked at last. */
  #node: string | undefined;
  /** Whether all is from the record, and nothing says that the node has not registered with others since. */
  #isRecorded = false;
  /** Whether the node was seen to be unfit with another count than that of what jobs have some of. */
  #isChanged = false;

  constructor(record: CountsRecord | undefined) {
    this.#record = record;
  }

  /** To be told of each look at the node: of what jobs have some of, the count is what it was before, whatever it has been made since. */
  looked(told: NodeTold, node: string): void {
    const { gres, used, invalid } = told;
    if (node !== this.#node) this.#begin(told, node);
    this.#isChanged = invalid && (this.#isChanged || this.#isAnother(told));
    if (invalid) return;
    if (this.#isRecorded) this.#last.clear();
    this.#isRecorded = false;
    for (const name of Object.values(GRES))
      if (!used.has(name) || !this.#last.has(name)) this.#last.set(name, counted(gres, name));
    this.#note(node);
  }

  /** It was told these, with which it registers before jobs may have any of what none has now. */
  counts(counts: ReadonlyMap<string, number>, { used }: Pick<NodeTold, "used">, node: string): void {
    for (const [name, count] of counts) if (!used.has(name)) this.#last.set(name, count);
    this.#note(node);
    // It is written while Slurm is told the rest, which may fail, or be cut off.
    void this.#record?.settle();
  }

  /**
   * By name, what the counts of a node that is unfit were before, be they the same now: those of what jobs have some of have to be so again. Without what
   * its files give it no more. Empty for a node that is fit.
   */
  former(told: NodeTold, limits: Limits): ReadonlyMap<string, number> {
    if (!told.invalid) return new Map();
    // With more than the files give it slurmctld would not have the node either.
    return new Map([...this.#before(told)].filter(([name, count]) => !isBeyond(name, count, limits)));
  }

  /** What became of the node that slurmctld takes for unfit. */
  fault(told: NodeTold, limits: Limits): Fault {
    if (told.fault?.kind === "too-few") return "too-few";
    const before = this.#before(told);
    const counts = [...told.used].filter(isOwnGres).map((name) => [name, before.get(name)] as const);
    const isKnown = counts.every(([, count]) => count !== undefined);
    const isLess = counts.some(([name, count]) => isBeyond(name, count ?? 0, limits));
    if (foundBefore(told.fault).size === 0) {
      if (this.#isRecorded) return isKnown && !isLess ? "recorded" : "not-told";
      if (!this.#isChanged) return "not-told";
    }
    if (isLess) return "beyond-files";
    return isKnown ? "changed" : "changed-from-unknown";
  }

  #before({ fault }: NodeTold): ReadonlyMap<string, number> {
    return new Map([...this.#last, ...foundBefore(fault)]);
  }

  /** Of a node of another name nothing is known, be it that this host had that of the one before. */
  #begin(told: NodeTold, node: string): void {
    this.#node = node;
    this.#last.clear();
    this.#isChanged = false;
    this.#isRecorded = false;
    if (told.invalid) this.#remember(told, node);
  }

  /** Of a node that is fit the counts of now tell more: the node may have registered with others while no vgpud was there. */
  #remember({ fault }: NodeTold, node: string): void {
    const known = this.#record?.current;
    if (known?.node !== node) return;
    const found = new Map(Object.entries(known.found).filter(([name]) => isOwnGres(name)));
    const before = foundBefore(fault);
    // Where what slurmctld says is another the record is from before the node registered last.
    if (![...before].every(([name, count]) => found.get(name) === count)) return;
    for (const [name, count] of found) this.#last.set(name, count);
    this.#isRecorded = found.size > 0 && before.size === 0;
  }

  #note(node: string): void {
    const known = { node, found: Object.fromEntries(this.#last) };
    if (!isDeepStrictEqual(known, this.#record?.current)) this.#record?.note(known);
  }

  #isAnother({ gres, used }: NodeTold): boolean {
    return [...used].some((name) => (this.#last.get(name) ?? counted(gres, name)) !== counted(gres, name));
  }
}

export type Fault =
  /** A count is another one than before, while jobs have some of it. */
  | "changed"
  /** And it is not known what all of them were. */
  | "changed-from-unknown"
  /** And slurm.conf and gres.conf do not give the node any more what it was. */
  | "beyond-files"
  /** Its slurmd has less than Slurm was told. */
  | "too-few"
  /** Slurm does not say, and nothing of it was seen. */
  | "not-told"
  /** Slurm does not say, and the counts are those of the record, which may be of before the node registered last. */
  | "recorded";

function isBeyond(name: string, count: number, limits: Limits): boolean {
  return count > (mostOf(limits).get(name) ?? 0);
}

/** By name, how many slurmctld says that it found of one of vgpud's when the node registered before. */
function foundBefore(fault: FaultTold | undefined): ReadonlyMap<string, number> {
  return fault?.kind === "changed" && isOwnGres(fault.gres)
    ? new Map([[fault.gres, fault.before]])
    : new Map();
}
