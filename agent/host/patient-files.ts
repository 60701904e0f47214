// Files of which no read keeps a look waiting for ever. A driver that hangs in an attribute keeps the thread that reads it, beyond
// signals, and Node.js has four threads for all files, the ledger's too. So the attributes of one device are read one after the
// other, and while one of them hangs, none: a GPU that hangs costs one thread and its own facts.
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import { Patience } from "../core/patience.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";

/** Drivers answer in microseconds, and in tenths of a second where they have to ask their firmware. */
const PATIENCE_MS = 2_000;
const NO_ANSWER = "the kernel does not answer";
const WHAT_TO_DO = "dmesg usually tells what the driver waits for";

export interface PatientFilesOptions {
  readonly files: ExaminedFiles;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** Told when a read has ended that had been given up: the device can be read again. */
  readonly onAnswer?: () => void;
}

export class PatientFiles implements ExaminedFiles {
  readonly #files: ExaminedFiles;
  readonly #patience: Patience;
  readonly #onAnswer: (() => void) | undefined;
  readonly #turns = new KeyedLock<string>();
  /** By device, the attribute of which it is not known whether its read will ever end. */
  readonly #hanging = new Map<string, string>();

  constructor({ files, clock, stop, onAnswer }: PatientFilesOptions) {
    this.#files = files;
    this.#onAnswer = onAnswer;
    this.#patience = new Patience(clock, PATIENCE_MS, stop);
  }

  async read(path: string): Promise<string | undefined> {
    const device = deviceOf(path);
    if (device === undefined) return await this.#files.read(path);
    return await this.#turns.run(device, () => this.#readOf(device, path));
  }

  #readOf(device: string, path: string): Promise<string | undefined> {
    const hanging = this.#hanging.get(device);
    if (hanging !== undefined)
      throw new AgentError(
        "INTERNAL",
        hanging === path ? `${NO_ANSWER}; ${WHAT_TO_DO}` : `is not read: ${NO_ANSWER} for /${hanging}`,
      );
    return new Promise((resolve, reject) => {
      const end = this.#patience.begin(() => {
        this.#hanging.set(device, path);
        reject(new AgentError("INTERNAL", `${NO_ANSWER}; ${WHAT_TO_DO}`));
      });
      void this.#files
        .read(path)
        .then(resolve, reject)
        .finally(() => {
          end();
          if (this.#hanging.delete(device)) this.#onAnswer?.();
        });
    });
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
}

/**
 * The device whose driver answers for a file, by the last PCI address in its path, as of a virtual function below its GPU.
 * Undefined for what belongs to no device, and for a device's own files: the PCI core answers for those, from memory.
 */
function deviceOf(path: string): string | undefined {
  return /.*([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/[^/]+\//.exec(path)?.[1];
}
