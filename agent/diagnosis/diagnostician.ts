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

export interface DiagnosticianOptions {
  readonly examine: () => Promise<Examined>;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
  /** Waited for between two examinations: whoever asks without end gets no more than the host can spare. */
  readonly rest: () => Promise<void>;
}

export class Diagnostician {
  readonly #examine: () => Promise<Examined>;
  readonly #wall: () => number;
  readonly #rest: () => Promise<void>;
  #latest: Report | undefined;
  #since: ReadonlyMap<string, Since> = new Map();
  /** Ends with the rest after it. */
  #running: Promise<void> | undefined;
  #next: Promise<Report> | undefined;

  constructor(options: DiagnosticianOptions) {
    this.#examine = options.examine;
    this.#wall = options.wall;
    this.#rest = options.rest;
  }

  /** Undefined before the first. */
  get latest(): Report | undefined {
    return this.#latest;
  }

  /** When this condition came to its status, milliseconds since the epoch; undefined while no examination has seen it so. */
  since(condition: Condition): number | undefined {
    const since = this.#since.get(keyOf(condition));
    return since?.status === condition.finding.status ? since.at : undefined;
  }

  /** An examination that began after this call; all who ask while one is under way share the one that follows. */
  refresh(): Promise<Report> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#begin();
    this.#next = this.#running.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<Report> {
    this.#next = undefined;
    const at = this.#wall();
    const running = this.#examine().then((examined) => this.#take({ ...examined, at }));
    const over = running.then(this.#rest, this.#rest).then(() => {
      if (this.#running === over) this.#running = undefined;
    });
    this.#running = over;
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
