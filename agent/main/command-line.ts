// The words of vgpud's command line.
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Overrides } from "../config.ts";
import { messageOf } from "../core/errors.ts";

export const USAGE = `usage: vgpud [options]

  --config FILE          settings in YAML; flags win over it
  --simulate [FILE]      run on a simulated host, described by FILE or the default one:
                         no hardware, no root, no libvirt needed
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
Exit codes: 0 stopped, 64 usage, 69 cannot serve, 70 fault in vgpud, 78 configuration.
`;

const flags = {
  config: { type: "string" },
  simulate: { type: "boolean" },
  socket: { type: "string" },
  "read-socket": { type: "string" },
  "state-dir": { type: "string" },
  metrics: { type: "string" },
  "libvirt-uri": { type: "string" },
  "libvirt-socket": { type: "string" },
  "hostd-socket": { type: "string" },
  "host-root": { type: "string" },
  restore: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

/** Wrong words on the command line. */
export class UsageError extends Error {}

export interface Command {
  readonly action: "run" | "restore" | "help" | "version";
  readonly configFile: string | undefined;
  /** `true`: the default host. */
  readonly simulate: string | boolean;
  readonly overrides: Overrides;
}

export function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  // `--simulate HOST.yaml`: parseArgs knows no optional values, so the file arrives as the one positional.
  const [hostFile, ...rest] = positionals;
  if (rest.length > 0 || (hostFile !== undefined && !values.simulate))
    throw new UsageError(`unexpected argument ${rest[0] ?? hostFile ?? ""}`);
  const absolute = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : path.resolve(file);
  return {
    action: actionOf(values),
    configFile: values.config,
    simulate: values.simulate === true ? (hostFile ?? true) : false,
    overrides: {
      socket: absolute(values.socket),
      readSocket: absolute(values["read-socket"]),
      stateDir: absolute(values["state-dir"]),
      hostRoot: absolute(values["host-root"]),
      metrics: values.metrics,
      libvirtUri: values["libvirt-uri"],
      libvirtSocket: absolute(values["libvirt-socket"]),
      hostdSocket: absolute(values["hostd-socket"]),
    },
  };
}

function actionOf({
  help,
  version,
  restore,
}: Readonly<Partial<Record<string, string | boolean>>>): Command["action"] {
  if (help) return "help";
  if (version) return "version";
  return restore ? "restore" : "run";
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}
