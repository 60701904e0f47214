// What the device models of Xen's guests said, each since the last start of its domain: files that outlive the boot.
import { MAX_LOG_LINES } from "../hostd/protocol/messages.ts";

interface DeviceModelLog {
  readonly lines: readonly string[];
  /** By the clock of the machine that simulates, as times of files are. */
  readonly writtenAt: number;
}

export class DeviceModelLogs {
  readonly #logs = new Map<string, DeviceModelLog>();

  /** libxl begins the file anew at each start of the domain that comes to its device model. */
  begin(name: string, lines: readonly string[]): void {
    this.#logs.set(name, { lines: lines.slice(-MAX_LOG_LINES), writtenAt: Date.now() });
  }

  /** Undefined of a domain that never had a device model. */
  of(name: string): DeviceModelLog | undefined {
    return this.#logs.get(name);
  }
}
