// What an operator can set: flags over file over defaults, strict. One schema gives the types, the defaults and the errors.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { messageOf } from "./core/errors.ts";

const absolute = z.string().startsWith("/", "must be an absolute path");
/** `HOST:PORT` or `[v6]:PORT`; port 0 takes a free one. */
const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "must be HOST:PORT")
  .refine((text) => splitAddress(text).port <= 65_535, "the port must be 0 to 65535");

const schema = z.strictObject({
  /** The admin socket of the gRPC API. Who can open it can create domains. */
  socket: absolute.default("/run/vgpud/vgpud.sock"),
  /** The socket for reading. Undefined: beside `socket`, with `-read` before its suffix. */
  read_socket: absolute.optional(),
  /** Holds the ledger. One vgpud at a time. */
  state_dir: absolute.default("/var/lib/vgpud"),
  /** Below which /sys, /proc and /dev are read: a copied or simulated tree instead of this machine. */
  host_root: absolute.default("/"),
  metrics: z.strictObject({ listen: address.default("127.0.0.1:9469") }).prefault({}),
  libvirt: z
    .strictObject({
      uri: z.enum(["qemu:///system", "xen:///system", "test:///default"]).default("qemu:///system"),
      /** Undefined: virtqemud's or virtxend's socket, then libvirtd's. */
      socket: absolute.optional(),
    })
    .prefault({}),
  hostd: z.strictObject({ socket: absolute.default("/run/vgpud/hostd.sock") }).prefault({}),
  /** Directories below which disk images, kernels and initrds of domains may lie, links and backing chains resolved. */
  storage_roots: z.array(absolute).default(["/var/lib/libvirt/images"]),
});

export type Config = z.infer<typeof schema>;

/** The configuration cannot be used. The message names the file and the key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Settings that flags can give; undefined where a flag was not. */
export interface Overrides {
  readonly socket: string | undefined;
  readonly readSocket: string | undefined;
  readonly stateDir: string | undefined;
  readonly hostRoot: string | undefined;
  readonly metrics: string | undefined;
  readonly libvirtUri: string | undefined;
  readonly libvirtSocket: string | undefined;
  readonly hostdSocket: string | undefined;
}

export async function loadConfig(file: string | undefined, overrides: Overrides): Promise<Config> {
  const text = file === undefined ? "" : await readConfigFile(file);
  return parseConfig({ text, name: file ?? "the command line" }, overrides);
}

export function parseConfig(
  source: { readonly text: string; readonly name: string },
  overrides: Overrides,
): Config {
  const parsed = parseYaml(source);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new ConfigError(`${source.name}: must be a mapping of settings`);
  const file = parsed as Readonly<Record<string, unknown>>;
  const merged = {
    ...file,
    ...given({
      socket: overrides.socket,
      read_socket: overrides.readSocket,
      state_dir: overrides.stateDir,
      host_root: overrides.hostRoot,
    }),
    ...section(file, "metrics", { listen: overrides.metrics }),
    ...section(file, "libvirt", { uri: overrides.libvirtUri, socket: overrides.libvirtSocket }),
    ...section(file, "hostd", { socket: overrides.hostdSocket }),
  };
  const result = schema.safeParse(merged);
  if (!result.success) throw new ConfigError(`${source.name}: ${z.prettifyError(result.error)}`);
  return result.data;
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read the configuration ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function parseYaml({ text, name }: { readonly text: string; readonly name: string }): unknown {
  try {
    return (parse(text) as unknown) ?? {};
  } catch (error) {
    throw new ConfigError(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** A section of the file with what flags say on top; nothing where neither says anything, so that defaults apply. */
function section(
  file: Readonly<Record<string, unknown>>,
  name: string,
  values: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const flags = given(values);
  const inFile = file[name];
  if (Object.keys(flags).length === 0) return inFile === undefined ? {} : { [name]: inFile };
  return { [name]: typeof inFile === "object" && inFile !== null ? { ...inFile, ...flags } : flags };
}

/** Where the socket for reading is: as configured, or beside the other one. */
export function readSocketOf({ socket, read_socket: readSocket }: Config): string {
  const { dir, name, ext } = path.parse(socket);
  return readSocket ?? path.join(dir, `${name}-read${ext}`);
}

/** The parts of a `HOST:PORT` that the schema has accepted; brackets around an IPv6 address are dropped. */
export function splitAddress(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
