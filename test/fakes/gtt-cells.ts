// Where a kernel puts slices, written apart from agent/capacity: a row of cells of 64 MiB, one for each piece of the graphics
// address space. What drm_mm leaves to its tree (which hole HIGHEST comes to, which of two of one size) is given by `choose`.

const CELL = 64;

/** A run of free cells. */
interface Run {
  readonly at: number;
  readonly length: number;
}

export class GttCells {
  readonly #cells: (string | undefined)[];
  readonly #boundary: number;
  readonly #choose: (count: number) => number;

  /** `choose` picks one of so many, from 0. */
  constructor(apertureMib: number, choose: (count: number) => number) {
    this.#choose = choose;
    this.#boundary = apertureMib / CELL;
    this.#cells = Array<string | undefined>(4096 / CELL).fill(undefined);
    this.#cells.fill("host", 0, 128 / CELL);
    this.#cells.fill("host", (4096 - 384) / CELL);
  }

  /** False where the kernel would answer ENOSPC. */
  make(id: string, { low, high }: { readonly low: number; readonly high: number }): boolean {
    const lowAt = this.#lowest(low / CELL);
    if (lowAt === undefined) return false;
    this.#cells.fill(id, lowAt, lowAt + low / CELL);
    const highAt = this.#highest(high / CELL);
    if (highAt === undefined) {
      this.unmake(id);
      return false;
    }
    this.#cells.fill(id, highAt, highAt + high / CELL);
    return true;
  }

  unmake(id: string): void {
    for (const [at, owner] of this.#cells.entries()) if (owner === id) this.#cells[at] = undefined;
  }

  /** The longest free run on one side of the aperture's end, MiB. */
  longest(side: "low" | "high"): number {
    let longest = 0;
    let length = 0;
    for (const [at, owner] of this.#cells.entries()) {
      const counts = side === "low" ? at < this.#boundary : at >= this.#boundary;
      length = owner === undefined && counts ? length + 1 : 0;
      longest = Math.max(longest, length);
    }
    return longest * CELL;
  }

  #lowest(length: number): number | undefined {
    for (let at = 0; at + length <= this.#boundary; at += 1)
      if (this.#cells.slice(at, at + length).every((owner) => owner === undefined)) return at;
    return undefined;
  }

  #highest(length: number): number | undefined {
    const runs = this.#runs();
    const roomAbove = ({ at, length: of }: Run): number => at + of - Math.max(at, this.#boundary);
    const roomy = runs.filter((run) => roomAbove(run) >= length);
    const top = runs.at(-1);
    if (!top || roomy.length === 0) return undefined;
    const passedTo = runs.filter((run) => run.length >= length).at(-1) ?? top;
    const looked = this.#choose(2) === 0 ? top : passedTo;
    if (roomAbove(top) >= length) return top.at + top.length - length;
    if (roomAbove(looked) >= length) return looked.at + looked.length - length;
    const shortest = Math.min(...roomy.map((run) => run.length));
    const best = roomy.filter((run) => run.length === shortest);
    return Math.max(best[this.#choose(best.length)]?.at ?? 0, this.#boundary);
  }

  #runs(): Run[] {
    const runs: Run[] = [];
    for (const [at, owner] of this.#cells.entries()) {
      if (owner !== undefined) continue;
      const last = runs.at(-1);
      if (last && last.at + last.length === at)
        runs[runs.length - 1] = { at: last.at, length: last.length + 1 };
      else runs.push({ at, length: 1 });
    }
    return runs;
  }
}
