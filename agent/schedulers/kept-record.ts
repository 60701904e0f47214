// What an adapter writes down of its scheduler, since it has to know it after a restart.

/** Implemented in host/scheduler-record.ts. Nothing that a scheduler is told waits for its disk for long. */
export interface KeptRecord<Form> {
  readonly current: Form | undefined;
  /** Holds from now on, and is on disk once it was settled. */
  note(known: Form): void;
  /** Writes what was noted. Never rejects; resolves, in bounded time, with what is not on disk yet and why. */
  settle(): Promise<Unwritten | undefined>;
}

export interface Unwritten {
  readonly file: string;
  /** What follows the file's name: `cannot be written: …`. */
  readonly why: string;
}
