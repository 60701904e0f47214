#!/usr/bin/env node
// vgpud: reads the command line, starts what the agent needs beside it, and runs the agent until SIGTERM.
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { runAgent } from "./compose.ts";
import { ConfigError, loadConfig, type Config, type Overrides } from "./config.ts";
import { systemClock as clock } from "./core/clock.ts";
import { messageOf } from "./core/errors.ts";
import { startCompanion, type Companion } from "./host/companion.ts";
import { openLog, type Log } from "./host/journal.ts";

const USAGE = `usage: vgpud [options]

  --config FILE          settings in YAML; flags win over it
  --simulate [FILE]      run on a simulated host, described by FILE or the default one:
                         no hardware, no root, no libvirt needed
  --socket PATH          UNIX socket of the gRPC API (default /run/vgpud/vgpud.sock)
  --state-dir DIR        where the ledger is kept (default /var/lib/vgpud)
  --metrics HOST:PORT    where /metrics is served; port 0 takes a free one (default 127.0.0.1:9469)
  --libvirt-uri URI      qemu:///system (default) or xen:///system
  --libvirt-socket PATH  libvirt's socket (default: probe the modular daemons', then libvirtd's)
  --hostd-socket PATH    the socket of vgpud-hostd (default /run/vgpud/hostd.sock)
  --host-root DIR        read /sys, /proc and /dev below DIR; a vgpud-hostd for DIR is started
                         beside the agent unless --hostd-socket names one
  --version, --help

It prints one line that begins with "ready" when it serves, and logs to stderr.
Exit codes: 0 stopped, 64 usage, 69 cannot serve, 70 fault in vgpud, 78 configuration.
`;
const EXIT = { usage: 64, unavailable: 69, software: 70, config: 78 } as const;

const flags = {
  config: { type: "string" },
  simulate: { type: "boolean" },
  socket: { type: "string" },
  "state-dir": { type: "string" },
  metrics: { type: "string" },
  "libvirt-uri": { type: "string" },
  "libvirt-socket": { type: "string" },
  "hostd-socket": { type: "string" },
  "host-root": { type: "string" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

/** Wrong words on the command line. */
class UsageError extends Error {}

interface Command {
  readonly action: "run" | "help" | "version";
  readonly configFile: string | undefined;
  /** `true`: the default host. */
  readonly simulate: string | boolean;
  readonly overrides: Overrides;
}

function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  // `--simulate HOST.yaml`: parseArgs knows no optional values, so the file arrives as the one positional.
  const [hostFile, ...rest] = positionals;
  if (rest.length > 0 || (hostFile !== undefined && !values.simulate))
    throw new UsageError(`unexpected argument ${rest[0] ?? hostFile ?? ""}`);
  const absolute = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : path.resolve(file);
  return {
    action: values.help ? "help" : values.version ? "version" : "run",
    configFile: values.config,
    simulate: values.simulate === true ? (hostFile ?? true) : false,
    overrides: {
      socket: absolute(values.socket),
      stateDir: absolute(values["state-dir"]),
      hostRoot: absolute(values["host-root"]),
      metrics: values.metrics,
      libvirtUri: values["libvirt-uri"],
      libvirtSocket: absolute(values["libvirt-socket"]),
      hostdSocket: absolute(values["hostd-socket"]),
    },
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Where the agent runs: this machine, a simulated host, or a copied tree with a hostd of its own. */
interface Surroundings extends AsyncDisposable {
  readonly config: Config;
  readonly companion: Companion | undefined;
}

async function surroundings({ simulate, configFile, overrides }: Command): Promise<Surroundings> {
  if (simulate !== false) return simulated(configFile, simulate, overrides);
  const config = await loadConfig(configFile, overrides);
  const needsHostd = config.host_root !== "/" && overrides.hostdSocket === undefined;
  if (!needsHostd) return { config, companion: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  return inFreshFolder("vgpud-hostd-", async (dir) => {
    const socket = path.join(dir, "hostd.sock");
    const words = ["--socket", socket, "--root", config.host_root];
    const companion = await startCompanion("../hostd/main.js", words);
    return { config: { ...config, hostd: { socket } }, companion };
  });
}

/** Everything lives in one fresh folder, unless a flag says otherwise, and is gone afterwards. */
function simulated(
  configFile: string | undefined,
  host: string | true,
  given: Overrides,
): Promise<Surroundings> {
  return inFreshFolder("vgpud-simulated-", async (dir) => {
    const images = path.join(dir, "images");
    await mkdir(images);
    const config = await loadConfig(configFile, {
      ...given,
      socket: given.socket ?? path.join(dir, "vgpud.sock"),
      stateDir: given.stateDir ?? path.join(dir, "state"),
      metrics: given.metrics ?? "127.0.0.1:0",
      hostRoot: path.join(dir, "root"),
      hostdSocket: path.join(dir, "hostd.sock"),
      libvirtSocket: path.join(dir, "libvirt-sock"),
    });
    // Last: what fails before must not leave a process behind.
    const hostArgs = host === true ? [] : ["--host", path.resolve(host)];
    const companion = await startCompanion("../simulator/main.js", ["--dir", dir, ...hostArgs]);
    return { config: { ...config, storage_roots: [...config.storage_roots, images] }, companion };
  });
}

/** The folder goes when its companion has gone, or could not be started. */
async function inFreshFolder(
  prefix: string,
  start: (dir: string) => Promise<{ readonly config: Config; readonly companion: Companion }>,
): Promise<Surroundings> {
  const dir = await mkdtemp(path.join(tmpdir(), prefix));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const { config, companion } = await start(dir);
    const leave = async (): Promise<void> => {
      await companion[Symbol.asyncDispose]();
      await remove();
    };
    return { config, companion, [Symbol.asyncDispose]: leave };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function run(command: Command, log: Log): Promise<void> {
  const stop = stopSignal(log);
  await using around = await surroundings(command);
  void around.companion?.ended.then((why) => {
    if (stop.signal.aborted) return;
    log.fatal({ why }, "what the agent runs on has ended");
    stop.abort();
    process.exitCode = EXIT.unavailable;
  });
  const options = {
    config: around.config,
    version: await packageVersion(),
    simulated: command.simulate !== false,
    descriptorSet: await readFile(fromPackage("proto/gen/descriptor.binpb")),
    log,
    onReady: (addresses: { readonly socket: string; readonly metrics: string }) => {
      process.stdout.write(`ready socket=${addresses.socket} metrics=${addresses.metrics}\n`);
    },
  };
  await runAgent(options, stop.signal);
}

/** Terminals and supervisors may send one request to stop more than once. */
const SAME_REQUEST_MS = 2_000;

/** Aborts at the first SIGTERM or SIGINT; a later one does not wait for an orderly stop. */
function stopSignal(log: Log): AbortController {
  const stop = new AbortController();
  let firstAt = Infinity;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (clock.now() - firstAt > SAME_REQUEST_MS) process.exit(EXIT.unavailable);
      if (stop.signal.aborted) return;
      firstAt = clock.now();
      log.info({ signal }, "told to stop");
      stop.abort();
    });
  }
  return stop;
}

/** Compiled, this file lies two folders below the package. */
function fromPackage(file: string): URL {
  return new URL(`../../${file}`, import.meta.url);
}

async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(fromPackage("package.json"), "utf8")) as {
    readonly version: string;
  };
  return version;
}

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command.action === "help") process.stdout.write(USAGE);
  else if (command.action === "version") process.stdout.write(`vgpud ${await packageVersion()}\n`);
  else await run(command, openLog(process.env["JOURNAL_STREAM"] !== undefined));
}

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof ConfigError ? EXIT.config : EXIT.unavailable;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`vgpud: ${messageOf(error)}\n`);
  if (error instanceof UsageError) process.stderr.write('try "vgpud --help"\n');
  process.exitCode = exitCodeFor(error);
}
