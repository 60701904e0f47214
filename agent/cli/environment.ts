// What surrounds a run of vgpuctl: clock, files, terminal. main.ts has the real ones.
import type { FileRegistry } from "@bufbuild/protobuf";
import type { Clock } from "../core/clock.ts";
import type { Vgpud, VgpudOptions } from "./client/vgpud.ts";
import type { PlacementSettings } from "../placement/connect.ts";
import type { OpenPlacement } from "./schedule/placement-port.ts";
import type { Doctor } from "./doctor.ts";

export interface Environment {
  readonly version: string;
  readonly newUuid: () => string;
  readonly clock: Clock;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Whether stdout shows colours. */
  readonly colour: boolean;
  /** Writes to stdout before the end: what goes on being shown. */
  readonly write: (text: string) => void;
  /** Writes a line to stderr at once: what must be known before a long call ends. */
  readonly note: (line: string) => void;
  /** Stdout, where it is a terminal. */
  readonly screen?: Screen | undefined;
  /** Keys as they are pressed, where stdin is a terminal. */
  readonly keys?: ((onKey: (key: string) => void) => Disposable) | undefined;
  /** Asks the person at the terminal; absent where nobody is there. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Shows one line on stderr until it is shown another; the empty one clears it. Absent where stderr is no terminal. */
  readonly status?: ((line: string) => void) | undefined;
  /** A text file; `-` is stdin. @throws Error with a message for people */
  readonly readText: (path: string) => Promise<string>;
  /** The contract, by the names of its messages. */
  readonly contract: () => Promise<FileRegistry>;
  readonly connect: (options: VgpudOptions) => Vgpud;
  /** Placement; loaded when it is asked for. Opens nothing yet. */
  readonly placement: (settings: PlacementSettings) => Promise<OpenPlacement>;
  /** The user's locale, as LANG has it: `zh_CN.UTF-8`. */
  readonly locale: string;
  /** Examines hosts where no vgpud runs; loaded when it is asked for. */
  readonly doctor: () => Promise<Doctor>;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Screen {
  readonly size: () => ScreenSize;
  /** Tells when the size has changed, until it is disposed. */
  readonly onResize: (resized: () => void) => Disposable;
  /** Gives the whole screen; what stood there is back when it is disposed, or the process ends. */
  readonly takeOver: () => Disposable;
}
