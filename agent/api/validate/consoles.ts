// The consoles of a request, and how the vGPU's own screen is shown on them.
import * as z from "zod";
import type * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { Display } from "../../core/vgpu-elements.ts";
import type { Console, DomainSpec } from "../../lifecycle/domain-spec.ts";
import { all, inRange, invalid, join, refuse, required } from "./fields.ts";
import { CONSOLE_PORT, PIXELS } from "./forms.ts";

const ADDRESS = z.union([z.ipv4(), z.ipv6()]);
const LOOPBACK = "127.0.0.1";

export function parseConsoles(
  graphics: pb.Graphics | undefined,
  path: string,
): Pick<DomainSpec, "vnc" | "spice"> {
  const parsed = all({
    vnc: () => parseConsole(graphics?.vnc, join(path, "vnc")),
    spice: () => parseConsole(graphics?.spice, join(path, "spice")),
  });
  const { vnc, spice } = parsed;
  if (vnc?.port !== undefined && vnc.port === spice?.port)
    throw invalid(join(path, "spice.port"), "is the port of vnc, too");
  return parsed;
}

function parseConsole(console: pb.Vnc | undefined, path: string): Console | undefined {
  if (!console) return undefined;
  const { listen, port } = console;
  return all<Console>({
    listen: () => {
      if (listen === "") return LOOPBACK;
      if (!ADDRESS.safeParse(listen).success)
        throw invalid(join(path, "listen"), "must be an IPv4 or IPv6 address");
      return listen;
    },
    port: () => (port === undefined ? undefined : inRange(join(path, "port"), port, CONSOLE_PORT)),
  });
}

export function parseDisplay({ graphics, vgpuDisplay }: pb.DomainSpec, path: string): Display | undefined {
  if (!vgpuDisplay) return undefined;
  const { enabled, ramfb, width, height } = vgpuDisplay;
  const hasConsole = graphics?.vnc !== undefined || graphics?.spice !== undefined;
  const shown = enabled ?? hasConsole;
  const at = (name: string): string => join(path, name);
  const needs = `needs a shown display: set enabled, and a console in graphics`;
  refuse([
    enabled === true && !hasConsole && invalid(at("enabled"), "needs a console in graphics to be shown on"),
    !shown && ramfb && invalid(at("ramfb"), needs),
    !shown && width !== undefined && invalid(at("width"), needs),
    !shown && height !== undefined && invalid(at("height"), needs),
  ]);
  if (!shown) return undefined;
  return { ramfb, size: parseSize({ width, height }, at) };
}

function parseSize(
  { width, height }: { readonly width: number | undefined; readonly height: number | undefined },
  at: (name: string) => string,
): Display["size"] {
  if (width === undefined && height === undefined) return undefined;
  return all({
    width: () => pixels(width, at("width")),
    height: () => pixels(height, at("height")),
  });
}

/** One without the other leaves a shape that nobody asked for. */
function pixels(value: number | undefined, field: string): number {
  if (value === undefined) throw required(field);
  return inRange(field, value, PIXELS);
}
