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

export class FoundCounts {
  readonly #record: CountsRecord | undefined;
  readonly #last = new Map<string, number>();
  #hasLooked = false;
  /** Whether the node was seen to be unfit with another count than that of what jobs have some of. */
  #isChanged = false;

  constructor(record: CountsRecord | undefined) {
    this.#record = record;
  }

  /** To be told of each look at the node: of what jobs have some of, the count is what it was before, whatever it has been made since. */
  looked(told: NodeTold, node: string): void {
    const { gres, used, invalid } = told;
    if (!this.#hasLooked && invalid) this.#remember(told, node);
    this.#hasLooked = true;
    this.#isChanged = invalid && (this.#isChanged || this.#isAnother(told));
    if (invalid) return;
    for (const name of Object.values(GRES))
      if (!used.has(name) || !this.#last.has(name)) this.#last.set(name, counted(gres, name));
    this.#note(node);
  }

  /** It was told these, with which it registers before jobs may have any of what none has now. */
  counts(counts: ReadonlyMap<string, number>, { used }: Pick<NodeTold, "used">, node: string): void {
    for (const [name, count] of counts) if (!used.has(name)) this.#last.set(name, count);
    this.#note(node);
  }

  /** What is to be counted again of what jobs have some of, by name, for the node to be fit for jobs; empty where it is. Without what cannot be. */
  missing(told: NodeTold, limits: Limits): ReadonlyMap<string, number> {
    if (!told.invalid) return new Map();
    // With more than the files give it slurmctld would not have the node either.
    return new Map([...this.#before(told)].filter(([name, count]) => !isBeyond(name, count, limits)));
  }

  /** What became of the node that slurmctld takes for unfit. */
  fault(told: NodeTold, limits: Limits): Fault {
    if (told.fault?.kind === "too-few") return "too-few";
    if (foundBefore(told.fault).size === 0 && !this.#isChanged) return "not-told";
    const before = this.#before(told);
    const counts = [...told.used].filter(isOwnGres).map((name) => [name, before.get(name)] as const);
    if (counts.some(([name, count]) => count !== undefined && isBeyond(name, count, limits)))
      return "beyond-files";
    return counts.every(([, count]) => count !== undefined) ? "changed" : "changed-from-unknown";
  }

  #before({ fault }: NodeTold): ReadonlyMap<string, number> {
    return new Map([...this.#last, ...foundBefore(fault)]);
  }

  /** Of a node that is fit the counts of now tell more: the node may have registered with others while no vgpud was there. */
  #remember({ fault }: NodeTold, node: string): void {
    const known = this.#record?.current;
    if (known?.node !== node) return;
    const found = new Map(Object.entries(known.found).filter(([name]) => isOwnGres(name)));
    // Where what slurmctld says is another the record is from before the node registered last.
    const isOfNow = [...foundBefore(fault)].every(([name, count]) => found.get(name) === count);
    if (isOfNow) for (const [name, count] of found) this.#last.set(name, count);
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
  | "not-told";

function isBeyond(name: string, count: number, limits: Limits): boolean {
  return count > (mostOf(limits).get(name) ?? 0);
}

/** By name, how many slurmctld says that it found of one of vgpud's when the node registered before. */
function foundBefore(fault: FaultTold | undefined): ReadonlyMap<string, number> {
  return fault?.kind === "changed" && isOwnGres(fault.gres)
    ? new Map([[fault.gres, fault.before]])
    : new Map();
}
