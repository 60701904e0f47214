// The files of the TLS listener while it runs: taken over when they change, kept when the new ones are wrong, told of before they end.
import { messageOf } from "../core/errors.ts";
import { firstSoonAfter, firstToEnd, standingAt } from "../core/validity.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { fileStamps } from "../host/tls/file-stamps.ts";
import {
  readMaterial,
  TlsFilesError,
  type Material,
  type TlsFile,
  type TlsFiles,
} from "../host/tls/material.ts";
import type { TlsFileName } from "../observation/event-metrics.ts";
import type { Recorder } from "../observation/recorder.ts";
import { tlsKeyOf, type TlsInUse } from "./tls-in-use.ts";

export interface TlsRenewalOptions {
  readonly files: TlsFiles;
  /** What the listener began with. */
  readonly material: Material;
  readonly listener: { renew(material: Material): void; judgeAgain(): void };
  readonly recorder: Pick<Recorder, "tlsReload">;
  /** Told of all that is taken over. */
  readonly inUse: TlsInUse;
  readonly log: Log;
  readonly clock: Clock;
}

/** Between two looks at the files, and at certificates that ended while they were used. */
const LOOK_MS = 5_000;
export class TlsRenewal {
  readonly #options: TlsRenewalOptions;
  /** How each file stood when it was last told of, and by which of its parts. */
  readonly #told = new Map<TlsFile, string>();
  /** Of the files as they were last read; the first look takes them for others, which costs one reading. */
  #stamps = "";
  /** Why the last reading came to nothing; undefined where it did not. */
  #fault: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(options: TlsRenewalOptions) {
    this.#options = options;
    this.#taken(options.material);
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#inTurn(async () => {
        const stamps = await this.#look();
        // What passes by itself, as want of file descriptors, leaves the files as they were.
        if (stamps === this.#stamps && this.#fault === undefined) this.#options.listener.judgeAgain();
        else await this.#read(stamps, false);
      });
      this.#tellOfEnds();
      await this.#options.clock.sleep(LOOK_MS, stop).catch(() => undefined);
    }
  }

  /** Whether they have changed or not: roles may have. */
  async reload(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#read(await this.#look(), true);
    });
  }

  /** One reading after the other: the last one that was begun holds. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    // Who asked hears of what fails; those after it have their turn all the same.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #look(): Promise<string> {
    return fileStamps(Object.values(this.#options.files).filter((path) => path !== undefined));
  }

  /** `stamps` are of before the reading: what is written during it is seen at the next look. `asked`: somebody waits to be told. */
  async #read(stamps: string, asked: boolean): Promise<void> {
    const { files, listener, log } = this.#options;
    const first = this.#stamps === "";
    const others = stamps !== this.#stamps;
    this.#stamps = stamps;
    try {
      const material = await readMaterial(files);
      listener.renew(material);
      this.#taken(material);
      if ((others || this.#fault !== undefined) && !first)
        log.info("the TLS listener uses its files as they are now");
      this.#fault = undefined;
    } catch (error) {
      if (asked || others || this.#fault !== messageOf(error)) this.#tell(error);
      this.#fault = messageOf(error);
      listener.judgeAgain();
    }
  }

  #tell(error: unknown): void {
    const { log, recorder } = this.#options;
    const problems = error instanceof TlsFilesError ? error.problems : [];
    for (const { file, what } of problems)
      log.error({ key: `tls.${tlsKeyOf[file]}`, why: what }, "TLS file is wrong");
    const why = problems.length > 0 ? {} : { why: messageOf(error) };
    log.error(why, "TLS files not taken over; those before still hold");
    recorder.tlsReload(undefined);
  }

  #taken(material: Material): void {
    const { recorder, inUse } = this.#options;
    inUse.take(material);
    const ends = inUse.lifetimes.map(([file, { parts, last }]) => {
      const [first, whole] = [firstToEnd(parts)?.validity.until, last?.validity.until];
      return [tlsKeyOf[file] as TlsFileName, { soon: firstSoonAfter(parts), first, whole }] as const;
    });
    recorder.tlsReload(new Map(ends));
  }

  /** Once for each change of how a file stands. */
  #tellOfEnds(): void {
    const { log, clock, inUse } = this.#options;
    for (const [file, lifetimes] of inUse.lifetimes) {
      const standing = standingAt(lifetimes, clock.wall());
      if (!standing) continue;
      const { lasting, part } = standing;
      const now = lasting === "good" ? lasting : `${lasting} ${part.name}`;
      if ((this.#told.get(file) ?? "good") === now) continue;
      this.#told.set(file, now);
      const ends = new Date(part.validity.until).toISOString();
      const said = { key: `tls.${tlsKeyOf[file]}`, part: part.name, ends };
      if (lasting === "soon") log.warn(said, "TLS file ends soon; renew it in its place");
      if (lasting === "partly-over")
        log.warn(said, "part of a TLS file is over; clients that need it are refused, or refuse this host");
      if (lasting === "over") log.error(said, "TLS file is over; clients are refused, or refuse this host");
    }
  }
}
