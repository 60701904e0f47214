// What `vgpuctl doctor` asks of the diagnosis where no vgpud answers.
import type { Mode } from "../core/modes.ts";
import type { Language } from "../core/language.ts";
import type { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";

/** It cannot be done as it was asked for; the message is for people. Any other error is a fault of the doctor. */
export class DoctorError extends Error {
  override readonly name = "DoctorError";
}

export interface Asked {
  readonly language: Language;
  /** Undefined: all. */
  readonly mode: Mode | undefined;
}

export interface Device {
  /** Of vendor 8086, four lower-case hex digits. */
  readonly deviceId: string;
  /** `6.12`, or longer. */
  readonly kernel: string;
}

export interface Bundled {
  /** How many files and links are in it. */
  readonly files: number;
  readonly bytes: number;
}

export interface Doctor {
  /** The tree below `root`, which is `/` for this machine. @throws DoctorError when there is no such folder */
  examineTree(root: string, asked: Asked): Promise<DiagnoseResponse>;
  examineDevice(device: Device, asked: Asked): Promise<DiagnoseResponse>;
  /** Writes all that the checks look at below `root`, without what names the host, to a new archive. @throws DoctorError */
  bundle(root: string, file: string): Promise<Bundled>;
}
