// QEMU with Intel's patches for XenGT: where it is, and what it said last for a domain.
import type { Clock } from "../../core/clock.ts";
import { AgentError, messageOf } from "../../core/errors.ts";
import type { DomainId } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { DeviceModel, DeviceModelStart, LastWords, StartingDomain } from "../../lifecycle/ports.ts";
import type { CallOptions, Trouble } from "../hostd-answers.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface LogReader {
  deviceModelLog(
    domainName: string,
    options: CallOptions,
  ): Promise<
    | { readonly kind: "log"; readonly lines: readonly string[]; readonly writtenAt: number }
    | { readonly kind: "absent" }
    | Trouble
  >;
}

export interface XengtDeviceModelOptions {
  /** Absolute. */
  readonly path: string;
  readonly files: Pick<HostFiles, "list" | "fileStamp">;
  readonly log: LogReader;
  readonly clock: Pick<Clock, "wall">;
}

/** A refusal waits for them, and on a busy dom0 one look of hostd's takes seconds. */
const DEADLINE_MS = 15_000;
/** Its last words are one or two; before them come those of its begin. */
const LAST_LINES = 2;
/** Kernels give files the time of their last tick (CONFIG_HZ of 100 and more), which is before the time that is asked for. */
const TICK_MS = 10;

/** Intel's is the only QEMU with such a card (hw/display/vga-vgt.c); all others end at the option, in QEMU's own words. */
const UNPATCHED = /unknown vga type: ?'?xengt|-vgt_low_gm_sz: invalid option/i;

/** What shows that a program has not Intel's patches. */
interface Verdict {
  readonly words: string;
  /** Of the file that said it, as HostFiles has it. */
  readonly stamp: string | undefined;
}

/** A start of a domain that has it. */
interface Start {
  readonly domain: StartingDomain;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly stamp: string | undefined;
}

export class XengtDeviceModel implements DeviceModel {
  readonly #options: XengtDeviceModelOptions;
  /** Defined with it, by this process, and neither started nor settled yet: whoever defined one before may have had another configured. */
  readonly #fresh = new Set<DomainId>();
  #verdict: Verdict | undefined;

  constructor(options: XengtDeviceModelOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /**
   * What it said at the last start of a new domain that shows that it has not Intel's patches; undefined while that is not known, and
   * once another file is in its place.
   */
  async cannot(): Promise<string | undefined> {
    const verdict = this.#verdict;
    const isOfAnother = verdict !== undefined && (await this.#stamp()) !== verdict.stamp;
    if (isOfAnother && this.#verdict === verdict) this.#verdict = undefined;
    return this.#verdict?.words;
  }

  async check(): Promise<void> {
    const { path, files } = this.#options;
    const end = path.lastIndexOf("/");
    const found = await files.list(path.slice(1, Math.max(1, end)));
    if (found.includes(path.slice(end + 1))) return;
    const message =
      `xengt.device_model is ${path}, and there is no such file: name QEMU with Intel's patches for XenGT, or set ` +
      "xengt.instance_creator to agent";
    throw new AgentError("DEVICE_MODEL_MISSING", message, { details: { path } });
  }

  defined(id: DomainId): void {
    this.#fresh.add(id);
  }

  settled(id: DomainId): void {
    this.#fresh.delete(id);
  }

  async starting(domain: StartingDomain): Promise<DeviceModelStart> {
    // Before the start: who puts another file there meanwhile has that looked at anew.
    const stamp = await this.#stamp();
    const start = { domain, stamp, since: this.#options.clock.wall() - TICK_MS };
    return {
      succeeded: () => {
        if (this.#fresh.delete(domain.id)) this.#verdict = undefined;
      },
      lastWords: async (signal) => {
        const last = await this.#lastWords(start, signal);
        this.#fresh.delete(domain.id);
        return last;
      },
    };
  }

  /** What cannot be looked at is as one that is not there. */
  async #stamp(): Promise<string | undefined> {
    const { path, files } = this.#options;
    return await files.fileStamp?.(path.slice(1)).catch(() => undefined);
  }

  #said(words: string, { domain, stamp }: Start): LastWords {
    const isUnpatched = UNPATCHED.test(words);
    const isFresh = this.#fresh.has(domain.id);
    if (isFresh) this.#verdict = isUnpatched ? { words, stamp } : undefined;
    if (!isUnpatched) return { kind: "said", words };
    const help = isFresh
      ? `xengt.device_model (${this.path}) is to be QEMU with Intel's patches for XenGT; name such a one, or set ` +
        "xengt.instance_creator to agent"
      : `that is the one that was configured when the domain was made, which can be another than xengt.device_model names now (${this.path}), and has not ` +
        `Intel's patches for XenGT: virsh dumpxml ${domain.name} names it (emulator); a domain that is made anew has the one of now`;
    return { kind: "said", words, help };
  }

  async #lastWords(start: Start, signal: AbortSignal): Promise<LastWords> {
    const { name } = start.domain;
    const unread = (why: string): LastWords => ({ kind: "unread", file: logOf(name), why });
    try {
      const answer = await this.#options.log.deviceModelLog(name, { signal, deadlineMs: DEADLINE_MS });
      switch (answer.kind) {
        case "log":
          if (answer.lines.length === 0 || answer.writtenAt < start.since) return { kind: "silent" };
          return this.#said(answer.lines.slice(-LAST_LINES).join("; "), start);
        case "absent":
          return { kind: "silent" };
        case "errno":
          return unread(answer.errno);
        case "blocked":
          return unread(`no answer in ${DEADLINE_MS} ms`);
        case "refused":
        case "failed":
          return unread(answer.why);
      }
    } catch (error) {
      // The refusal that they are to explain is the error.
      return unread(messageOf(error));
    }
  }
}

/** Where libxl has a device model's words go. */
export function logOf(domainName: string): string {
  return `/var/log/xen/qemu-dm-${domainName}.log`;
}
