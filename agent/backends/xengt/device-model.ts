// QEMU with Intel's patches for XenGT: where it is, and what it said last for a domain.
import type { Clock } from "../../core/clock.ts";
import { AgentError, messageOf } from "../../core/errors.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { DeviceModel, DeviceModelStart, LastWords } from "../../lifecycle/ports.ts";
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
  readonly files: Pick<HostFiles, "list">;
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

export class XengtDeviceModel implements DeviceModel {
  readonly #options: XengtDeviceModelOptions;
  #cannot: string | undefined;

  constructor(options: XengtDeviceModelOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** What it said at its last start that shows that it has not Intel's patches; undefined while that is not known. */
  get cannot(): string | undefined {
    return this.#cannot;
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

  starting(domainName: string): DeviceModelStart {
    const since = this.#options.clock.wall() - TICK_MS;
    // Somebody may have put another one in its place.
    this.#cannot = undefined;
    return { lastWords: (signal) => this.#lastWords(domainName, since, signal) };
  }

  #said(words: string): LastWords {
    if (!UNPATCHED.test(words)) return { kind: "said", words };
    this.#cannot = words;
    const help =
      `xengt.device_model (${this.path}) is to be QEMU with Intel's patches for XenGT; name such a one, or set ` +
      "xengt.instance_creator to agent";
    return { kind: "said", words, help };
  }

  async #lastWords(domainName: string, since: number, signal: AbortSignal): Promise<LastWords> {
    const unread = (why: string): LastWords => ({ kind: "unread", file: logOf(domainName), why });
    try {
      const answer = await this.#options.log.deviceModelLog(domainName, { signal, deadlineMs: DEADLINE_MS });
      switch (answer.kind) {
        case "log":
          if (answer.lines.length === 0 || answer.writtenAt < since) return { kind: "silent" };
          return this.#said(answer.lines.slice(-LAST_LINES).join("; "));
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
