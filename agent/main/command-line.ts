// The words of vgpud's command line.
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Given } from "../config/effective.ts";
import type { Sources } from "../config/load.ts";
import { messageOf } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";

export const USAGE = `usage: vgpud [options]

  --config FILE          settings in YAML from this file alone; default: config.yaml and config.yaml.d/*.yaml
                         of /etc/vgpud, /run/vgpud and /usr/lib/vgpud; flags win over files
  --config-root DIR      look for those files below DIR
  --check-config         say everything that is wrong with the configuration, and end
  --show-config          print the configuration that holds, each value with its origin, and end
  --simulate [HOST]      run on a simulated host: no hardware, no root, no libvirt needed; HOST is a YAML
                         file that describes it or a machine that --list-machines names
  --list-machines        list the machines that --simulate knows by name, and end
  --socket PATH          UNIX socket of the gRPC API (default /run/vgpud/vgpud.sock)
  --read-socket PATH     UNIX socket for reading only (default: beside --socket, named …-read.sock)
  --state-dir DIR        where the ledger is kept (default /var/lib/vgpud)
  --metrics HOST:PORT    where /metrics is served; port 0 takes a free one (default 127.0.0.1:9469)
  --libvirt-uri URI      qemu:///system (default) or xen:///system
  --libvirt-socket PATH  libvirt's socket (default: probe the modular daemons', then libvirtd's)
  --hostd-socket PATH    the socket of vgpud-hostd (default /run/vgpud/hostd.sock)
  --host-root DIR        read /sys, /proc and /dev below DIR; a vgpud-hostd for DIR is started
                         beside the agent unless --hostd-socket names one
  --restore              make the slices of living claims again, without libvirt, and end; run once
                         after a boot, before libvirt and vgpud
  --version, --help

It prints one line that begins with "ready" when it serves, with its addresses, and logs to stderr.
On SIGHUP it reads its configuration again; a file that is wrong changes nothing.
Exit codes: 0 stopped, 64 usage, 69 cannot serve, 70 fault in vgpud, 78 configuration.
`;

/** The flags that set a key of the configuration, and which. */
export const keyFlags = {
  socket: "socket",
  "read-socket": "read_socket",
  "state-dir": "state_dir",
  metrics: "metrics.listen",
  "libvirt-uri": "libvirt.uri",
  "libvirt-socket": "libvirt.socket",
  "hostd-socket": "hostd.socket",
  "host-root": "host_root",
} as const;
type KeyFlag = keyof typeof keyFlags;
/** Their values are no paths, and are taken as they are; a path is taken from where the agent is started. */
const plainFlags: readonly string[] = ["metrics", "libvirt-uri"] satisfies readonly KeyFlag[];

const text = { type: "string" } as const;
const flags = {
  config: text,
  "config-root": text,
  "check-config": { type: "boolean" },
  "show-config": { type: "boolean" },
  simulate: { type: "boolean" },
  "list-machines": { type: "boolean" },
  socket: text,
  "read-socket": text,
  "state-dir": text,
  metrics: text,
  "libvirt-uri": text,
  "libvirt-socket": text,
  "hostd-socket": text,
  "host-root": text,
  restore: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"] & Record<KeyFlag, typeof text>;

/** Wrong words on the command line. */
export class UsageError extends Error {}

export interface Command {
  readonly action: "run" | "restore" | "check-config" | "show-config" | "list-machines" | "help" | "version";
  readonly sources: Sources;
  /** A file or the name of a machine; `true`: the default host. */
  readonly simulate: string | boolean;
}

export function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  // `--simulate HOST`: parseArgs knows no optional values, so the host arrives as the one positional.
  const [host, ...rest] = positionals;
  if (rest.length > 0 || (host !== undefined && !values.simulate))
    throw new UsageError(`unexpected argument ${rest[0] ?? host ?? ""}`);
  return {
    action: actionOf(values),
    sources: {
      file: values.config,
      // A simulated host is complete in itself: what this machine's files say is not about it.
      root: values.simulate ? undefined : path.resolve(values["config-root"] ?? "/"),
      flags: Object.entries(keyFlags).flatMap(([flag, key]) => given(flag, key, values)),
    },
    simulate: values.simulate === true ? (host ?? true) : false,
  };
}

function given(
  flag: string,
  key: string,
  values: Readonly<Record<string, string | boolean | undefined>>,
): Given[] {
  const value = values[flag];
  if (typeof value !== "string") return [];
  return [{ path: key, value: plainFlags.includes(flag) ? value : path.resolve(value), origin: `--${flag}` }];
}

function actionOf(values: Readonly<Partial<Record<string, string | boolean>>>): Command["action"] {
  // With whatever else they stand.
  const asked = (["help", "version"] as const).find((action) => values[action]);
  if (asked !== undefined) return asked;
  const actions = ["check-config", "show-config", "list-machines", "restore"] as const;
  const [action, other] = actions.filter((one) => values[one]);
  if (other !== undefined) throw new UsageError(`--${action ?? ""} and --${other} exclude each other`);
  return action ?? "run";
}

function parse(argv: readonly string[]) {
  const words = { args: [...argv], options: flags, allowPositionals: true } as const;
  refuseUnknown(parseArgs({ ...words, strict: false, tokens: true }).tokens);
  try {
    return parseArgs(words);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Before parseArgs does: it would tell how to give the flag as an argument, and there is none that begins with `-`. */
function refuseUnknown(tokens: readonly { readonly kind: string; readonly rawName?: string }[]): void {
  const known = Object.keys(flags).map((name) => `--${name}`);
  for (const { rawName } of tokens) {
    if (rawName === undefined || rawName === "-h" || known.includes(rawName)) continue;
    const hint = didYouMean(rawName, known);
    throw new UsageError(`there is no flag ${rawName}${hint === undefined ? "" : `; ${hint}`}`);
  }
}
