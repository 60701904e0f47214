// Files of which no read keeps a look waiting for ever. A driver that hangs in an attribute keeps the thread that reads, beyond
// signals, and Node.js has few threads for all files, the ledger's too (file-threads.ts). So the attributes of one device are read
// one after the other, and while one of them hangs, none: a GPU that hangs costs one thread and its own facts. And however
// many hang, some threads are left for everything else.
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import { Patience } from "../core/patience.ts";
import { Turns } from "../core/turns.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";

/** Drivers answer in microseconds, and in tenths of a second where they have to ask their firmware. */
const PATIENCE_MS = 2_000;
const NO_ANSWER = "the kernel does not answer";
const WHAT_TO_DO = "dmesg usually tells what the driver waits for";

export interface PatientFilesOptions {
  readonly files: ExaminedFiles;
  readonly clock: Clock;
  /** Reads at a time of all devices, those that hang included. */
  readonly threads: number;
  /** Ends every read, whatever the kernel does. */
  readonly stop: AbortSignal;
  /** Told when a read has ended that had been given up: the device can be read again. */
  readonly onAnswer?: () => void;
}

export class PatientFiles implements ExaminedFiles {
  readonly #files: ExaminedFiles;
  readonly #patience: Patience;
  readonly #stop: AbortSignal;
  readonly #onAnswer: (() => void) | undefined;
  readonly #ofDevice = new KeyedLock<string>();
  readonly #threads: number;
  readonly #turns: Turns;
  /** By device, the attribute of which it is not known whether its read will ever end. */
  readonly #hanging = new Map<string, string>();
  /** Ends of the reads that somebody waits for. */
  readonly #waiting = new Set<(why: string) => void>();

  constructor({ files, clock, threads, stop, onAnswer }: PatientFilesOptions) {
    this.#files = files;
    this.#onAnswer = onAnswer;
    this.#stop = stop;
    this.#threads = threads;
    this.#turns = new Turns(threads);
    this.#patience = new Patience(clock, PATIENCE_MS, stop);
    stop.addEventListener("abort", () => {
      for (const end of this.#waiting) end("is no longer read: vgpud stops");
    });
  }

  async read(path: string): Promise<string | undefined> {
    const device = deviceOf(path);
    if (device === undefined) return await this.#files.read(path);
    return await this.#ofDevice.run(device, () => this.#readOf(device, path));
  }

  #readOf(device: string, path: string): Promise<string | undefined> {
    const hanging = this.#hanging.get(device);
    if (hanging !== undefined)
      throw unread(
        hanging === path ? `${NO_ANSWER}; ${WHAT_TO_DO}` : `is not read: ${NO_ANSWER} for /${hanging}`,
      );
    if (this.#hanging.size >= this.#threads) throw unread(`is not read: ${this.#busy()}`);
    if (this.#stop.aborted) throw unread("is not read: vgpud stops");
    return new Promise((resolve, reject) => {
      let state: "queued" | "begun" | "over" = "queued";
      const end = (why: string): void => {
        if (state === "begun") this.#hanging.set(device, path);
        state = "over";
        this.#waiting.delete(end);
        reject(unread(why));
      };
      this.#waiting.add(end);
      let forgiven = this.#patience.begin(() => {
        end(`is not read: ${this.#busy()}`);
      });
      void this.#turns.run(async () => {
        if (state === "over") return;
        forgiven();
        state = "begun";
        // The wait for a thread is not the driver's.
        forgiven = this.#patience.begin(() => {
          end(`${NO_ANSWER}; ${WHAT_TO_DO}`);
        });
        await this.#files.read(path).then(resolve, reject);
        forgiven();
        this.#waiting.delete(end);
        if (this.#hanging.delete(device)) this.#onAnswer?.();
      });
    });
  }

  /** Why a read has not even begun. */
  #busy(): string {
    if (this.#hanging.size === 0) return "other devices have not answered yet";
    const paths = [...this.#hanging.values()].map((path) => `/${path}`).join(", ");
    return `${NO_ANSWER} for ${paths}, and no more threads are given to that`;
  }

  list(path: string): Promise<string[]> {
    return this.#files.list(path);
  }

  exists(path: string): Promise<boolean> {
    return this.#files.exists(path);
  }

  linkName(path: string): Promise<string | undefined> {
    return this.#files.linkName(path);
  }

  linkParentName(path: string): Promise<string | undefined> {
    return this.#files.linkParentName(path);
  }

  async linkStamp(path: string): Promise<string | undefined> {
    return await this.#files.linkStamp?.(path);
  }

  async fileStamp(path: string): Promise<string | undefined> {
    return await this.#files.fileStamp?.(path);
  }
}

function unread(why: string): AgentError {
  return new AgentError("INTERNAL", why);
}

/**
 * The device whose driver answers for a file, by the PCI address in its path. Undefined for what belongs to no device, and for
 * the files of a device's own folder: those that are read (never `sriov_numvfs`, see discovery/virtual-functions.ts) the PCI core
 * has in memory, and without them no look could tell that there is a device. `driver_override` is apart: it waits for a driver
 * that is being bound, while all else of the device can be read.
 */
function deviceOf(path: string): string | undefined {
  if (path.endsWith("/driver_override")) return path;
  return /([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/[^/]+\//.exec(path)?.[1];
}
