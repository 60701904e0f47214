// XenServer's list of GVT-g's types (/etc/gvt-g-whitelist), so that its users can bring theirs: one type a line, first the id of the
// GPU's device in hex, then fields of name=value, of which a name in quotes may have spaces. Pure.
import { modeOfType, type SliceSizes } from "../../inventory/share.ts";

/** A type that the list has for GPUs of a device id. */
export interface ListedType {
  /** Four lower-case hex digits. */
  readonly deviceId: string;
  /** As a vGPU can be asked for: of what no type's name has, as spaces, a hyphen is left. */
  readonly name: string;
  readonly sizes: SliceSizes;
  /** `1920x1080`; undefined where the line has none. */
  readonly resolution: string | undefined;
}

/** The most of each that a slice may be asked for with: of hostd's protocol, beyond which nothing comes to the kernel. */
export type SizeBounds = Readonly<Record<keyof SliceSizes, { readonly to: number }>>;

const DEVICE = /^(?:0x)?([0-9a-f]{1,4})\s+/i;
const FIELD = /\s*([a-z_]+)=(?:'([^']*)'|(\S+))/y;
const NAME = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
const RESOLUTION = /^[1-9]\d{0,4}x[1-9]\d{0,4}$/;

/** @throws RangeError naming the line, and what is wrong with it */
export function readWhitelist(text: string, bounds: SizeBounds): readonly ListedType[] {
  const types: ListedType[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const given = line.trim();
    if (given === "" || given.startsWith("#")) continue;
    try {
      const type = readLine(given, bounds);
      if (types.some(({ deviceId, name }) => deviceId === type.deviceId && name === type.name))
        throw new RangeError(`device ${type.deviceId} has a type named '${type.name}' already`);
      types.push(type);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`line ${index + 1}: ${error.message}`);
    }
  }
  return types;
}

function readLine(line: string, bounds: SizeBounds): ListedType {
  const device = DEVICE.exec(line);
  if (!device?.[1])
    throw new RangeError("it has to begin with the device's id in up to four hex digits, as 162a");
  const fields = fieldsOf(line.slice(device[0].length));
  // From 1, since Intel's QEMU ends at a size of 0.
  const number = (name: string, { to: max }: SizeBounds[keyof SizeBounds]): number => {
    const text = fields.get(name);
    if (text === undefined) throw new RangeError(`${name} is missing`);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > max) throw new RangeError(`${name}=${text} is no number from 1 to ${max}`);
    return value;
  };
  const name = fields.get("name");
  if (name === undefined || !NAME.test(name))
    throw new RangeError("name='…' is of 1 to 64 printable characters of ASCII");
  const type = asType(name);
  const mode = modeOfType(type);
  if (mode !== "gvt-g") throw new RangeError(`name='${name}' is vgpud's own for vGPUs of mode ${mode}`);
  const resolution = fields.get("resolution");
  if (resolution !== undefined && !RESOLUTION.test(resolution))
    throw new RangeError(`resolution=${resolution} is none as 1920x1080`);
  const sizes = {
    lowGmMib: number("low_gm_sz", bounds.lowGmMib),
    highGmMib: number("high_gm_sz", bounds.highGmMib),
    fences: number("fence_sz", bounds.fences),
  };
  return { deviceId: device[1].toLowerCase().padStart(4, "0"), name: type, sizes, resolution };
}

function asType(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, "-");
}

/** What is not for vgpud, as the path of a monitor's description, is passed over. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  FIELD.lastIndex = 0;
  let end = 0;
  for (let match = FIELD.exec(text); match !== null; match = FIELD.exec(text)) {
    const [, name = "", quoted, plain] = match;
    if (fields.has(name)) throw new RangeError(`${name} stands there twice`);
    fields.set(name, quoted ?? plain ?? "");
    end = FIELD.lastIndex;
  }
  const rest = text.slice(end).trim();
  if (rest !== "") throw new RangeError(`"${rest}" is no field of the form name=value`);
  return fields;
}
