// Keeps what the diagnosis found last, and since when each condition is as it is.
import type { Condition, HostSubject } from "./condition.ts";
import type { Diagnosis } from "./diagnose.ts";

export interface Examined {
  readonly diagnosis: Diagnosis;
  readonly host: HostSubject;
}

/** An examination with when it began, milliseconds since the epoch. */
export interface Report extends Examined {
  readonly at: number;
}

interface Since {
  readonly status: Condition["finding"]["status"];
  readonly at: number;
}

export class Diagnostician {
  readonly #examine: () => Promise<Examined>;
  readonly #wall: () => number;
  #latest: Report | undefined;
  #since: ReadonlyMap<string, Since> = new Map();
  #running: Promise<Report> | undefined;
  #next: Promise<Report> | undefined;

  constructor(options: { readonly examine: () => Promise<Examined>; readonly wall: () => number }) {
    this.#examine = options.examine;
    this.#wall = options.wall;
  }

  /** Undefined before the first. */
  get latest(): Report | undefined {
    return this.#latest;
  }

  /** When the status of this condition changed last, milliseconds since the epoch. */
  since(condition: Condition): number | undefined {
    return this.#since.get(keyOf(condition))?.at;
  }

  /** An examination that began after this call; all who ask while one is under way share the one that follows. */
  refresh(): Promise<Report> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#begin();
    this.#next = this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<Report> {
    this.#next = undefined;
    const at = this.#wall();
    const running = this.#examine()
      .then((examined) => this.#take({ ...examined, at }))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  #take(report: Report): Report {
    const { conditions } = report.diagnosis;
    this.#since = new Map(
      conditions.map((condition) => {
        const key = keyOf(condition);
        const { status } = condition.finding;
        const before = this.#since.get(key);
        return [key, before?.status === status ? before : { status, at: report.at }];
      }),
    );
    this.#latest = report;
    return report;
  }
}

function keyOf({ code, gpu }: Condition): string {
  return `${gpu ?? "host"} ${code}`;
}
