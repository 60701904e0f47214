// QEMU with Intel's patches for XenGT: where it is, and what it said last for a domain.
import { AgentError } from "../../core/errors.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { DeviceModel } from "../../lifecycle/ports.ts";
import type { CallOptions } from "../hostd-answers.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface LogReader {
  deviceModelLog(
    domainName: string,
    options: CallOptions,
  ): Promise<{ readonly kind: "log"; readonly lines: readonly string[] } | { readonly kind: string }>;
}

export interface XengtDeviceModelOptions {
  /** Absolute. */
  readonly path: string;
  readonly files: Pick<HostFiles, "list">;
  readonly log: LogReader;
}

/** A refusal waits for them, and on a busy dom0 one look of hostd's takes seconds. */
const DEADLINE_MS = 15_000;
/** Its last words are one or two; before them come those of every start. */
const LAST_LINES = 2;

export class XengtDeviceModel implements DeviceModel {
  readonly #options: XengtDeviceModelOptions;

  constructor(options: XengtDeviceModelOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
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

  /** It is told for want of better, so that nothing is said where it cannot be read. */
  async lastWords(domainName: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#options.log
      .deviceModelLog(domainName, { signal, deadlineMs: DEADLINE_MS })
      .catch(() => undefined);
    if (!answer || !("lines" in answer) || answer.lines.length === 0) return undefined;
    return answer.lines.slice(-LAST_LINES).join("; ");
  }
}
