// What the device models of Xen's guests said, each since the last start of its domain: files that outlive the boot.
import { MAX_LOG_LINES } from "../hostd/protocol/messages.ts";

export class DeviceModelLogs {
  readonly #logs = new Map<string, readonly string[]>();

  /** libxl begins the file anew at each start of the domain. */
  begin(name: string, lines: readonly string[]): void {
    this.#logs.set(name, lines.slice(-MAX_LOG_LINES));
  }

  /** Undefined of a domain that never had a device model. */
  of(name: string): readonly string[] | undefined {
    return this.#logs.get(name);
  }
}
