// How a vGPU's own screen is to be shown, from flags, and what has one.
import type { Display, ScreenSize } from "../../core/vgpu-elements.ts";
import type { Flag } from "../command.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import type { Device } from "./device.ts";

export const displayFlags: readonly Flag[] = [
  { name: "display", help: "show the screen of a slice on the domain's VNC or SPICE console" },
  { name: "ramfb", help: "with a picture before the guest's driver runs; means --display" },
  {
    name: "size",
    value: "WIDTHxHEIGHT",
    help: "with a screen of this size, pixels; of a slice at most the type's, which means --display and needs libvirt 8.2; in mode gvt-s until a viewer asks for another",
  },
];

const MIN_PIXELS = 64;

/** Undefined where none is asked for. */
export function displayOf(args: Arguments): Display | undefined {
  const ramfb = args.has("ramfb");
  const size = sizeOf(args.text("size"));
  return args.has("display") || ramfb || size !== undefined ? { ramfb, size } : undefined;
}

function sizeOf(text: string | undefined): ScreenSize | undefined {
  if (text === undefined) return undefined;
  const size = sizeIn(text);
  if (size !== undefined && Math.min(size.width, size.height) >= MIN_PIXELS) return size;
  throw usageError(`--size takes pixels as 1280x720, ${MIN_PIXELS} and more each way, not '${text}'`);
}

function sizeIn(text: string): ScreenSize | undefined {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  return width === undefined ? undefined : { width: Number(width), height: Number(height) };
}

/** @throws CliError where the device has no screen that QEMU could show so */
export function requireScreen({ kind }: Device, { size, ramfb }: Display): void {
  if (kind === "function")
    throw new CliError(
      "unsupported",
      "--display, --ramfb and --size are for slices and seats: QEMU cannot show the screen of a PCI function, " +
        "whose guest drives connectors, or serves a screen by itself",
    );
  if (kind === "seat" && (ramfb || size === undefined))
    throw new CliError(
      "unsupported",
      "--display and --ramfb are for slices: the screen of a virtio-gpu is shown on consoles as it is, from the start",
    );
}

/** `resolution` is the type's, as `1920x1200`; empty: not known. @throws CliError when the size is more than that */
export function requireRoom(size: ScreenSize, type: string, resolution: string): void {
  const most = sizeIn(resolution);
  if (most === undefined || (size.width <= most.width && size.height <= most.height)) return;
  const asked = `${size.width}x${size.height}`;
  throw usageError(`--size is ${asked}; a vGPU of type ${type} shows at most ${resolution}`);
}
