// What is put into the description of a domain that somebody else manages.
import type { Display } from "../../core/vgpu-elements.ts";
import type { Device } from "./device.ts";

interface Snippet {
  /** As they are pasted. */
  readonly lines: readonly string[];
  /** What has to be true of the rest. */
  readonly notes: readonly string[];
}

/** `display` is set for slices and seats only. @throws CliError where such a domain cannot have the device */
export type WriteSnippet = (device: Device, display: Display | undefined) => Snippet;
