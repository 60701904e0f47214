// The tour of scripts/demo: a simulated host, one domain with a slice made through the API, and what changed by it.
import { spawn, type ChildProcess } from "node:child_process";
import { open } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const program = (name: string): string => fileURLToPath(new URL(`../agent/${name}`, import.meta.url));
/** Series that the tour is about: what is taken and what is left. Times and what domains use change all the time. */
const TOLD =
  /^vgpud_(gpu_resource_(allocated|free)_bytes|gpu_fences|gpu_vgpus|vgpu_type_allocatable|vgpu_info|vgpu_in_use|domain_info|claims|operations_total)/;

interface Daemon {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly metrics: string;
  /** A folder in which disks may lie. */
  readonly images: string;
}

/** What the tour tells is its output. */
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Aborts with the exit code when the user has seen enough. */
const stop = new AbortController();
for (const [signal, code] of [["SIGHUP", 129] as const, ["SIGINT", 130] as const, ["SIGTERM", 143] as const])
  process.on(signal, () => {
    stop.abort(code);
  });
// Nobody reads on, as behind `| head`: what runs is ended all the same, as by SIGPIPE.
process.stdout.on("error", () => {
  stop.abort(141);
});

/** In a process group of its own: Ctrl-C is for the tour alone, which then ends the others in their order. */
function start(name: string, args: readonly string[], stdout: "pipe" | "inherit"): ChildProcess {
  // vgpud's log would be mixed with the tour: it goes where nobody looks.
  const stderr = stdout === "pipe" ? "ignore" : "inherit";
  return spawn(process.execPath, [program(name), ...args], {
    detached: true,
    stdio: ["ignore", stdout, stderr],
  });
}

/** How a child ended, in words; undefined while it runs. */
function endOf({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `by ${signalCode}`;
  return exitCode === null ? undefined : `with exit code ${exitCode}`;
}

/** Resolves when it has ended, whatever with. */
async function ended(child: ChildProcess): Promise<void> {
  if (endOf(child) === undefined) await new Promise((resolve) => child.once("exit", resolve));
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) return "";
  for await (const line of createInterface({ input: stdout, signal: stop.signal })) return line;
  return "";
}

/** `ready KEY=VALUE …`; keys that the tour does not know are left alone. */
function readReady(line: string): Omit<Daemon, "child"> {
  const [word, ...pairs] = line.split(" ");
  const values = new Map(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  const socket = values.get("socket");
  const metrics = values.get("metrics");
  if (word !== "ready" || socket === undefined || metrics === undefined)
    throw new Error(`vgpud did not say where it is ready, but: ${line === "" ? "nothing" : line}`);
  return { socket, metrics, images: values.get("images") ?? path.join(path.dirname(socket), "images") };
}

/** Shows a vgpuctl command as one would type it, runs it, and rejects when it fails. */
async function vgpuctl({ socket }: Daemon, ...args: readonly string[]): Promise<void> {
  stop.signal.throwIfAborted();
  say(`\n$ vgpuctl ${args.join(" ")}`);
  const child = start("cli/main.js", ["--socket", socket, ...args], "inherit");
  const end = (): boolean => child.kill("SIGTERM");
  stop.signal.addEventListener("abort", end);
  await ended(child);
  stop.signal.removeEventListener("abort", end);
  if (child.exitCode !== 0) throw new Error(`vgpuctl ${args[0] ?? ""} ended ${endOf(child) ?? ""}`);
}

async function scrape({ metrics }: Daemon): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(metrics, { signal: stop.signal });
  const lines = (await response.text()).split("\n").filter((line) => TOLD.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );
}

function showChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  for (const [series, value] of after) {
    const was = before.get(series);
    if (was !== value) say(`  ${series} ${was === undefined ? "(new)" : was} -> ${value}`);
  }
  for (const series of before.keys()) if (!after.has(series)) say(`  ${series} gone`);
}

async function tour(daemon: Daemon): Promise<void> {
  const image = path.join(daemon.images, "web-1.img");
  const handle = await open(image, "w");
  await handle.truncate(16 * 1024 * 1024);
  await handle.close();

  say(`vgpud runs on a simulated host: gRPC at ${daemon.socket}, metrics at ${daemon.metrics}`);
  await vgpuctl(daemon, "host");
  await vgpuctl(daemon, "gpus");
  const before = await scrape(daemon);
  const guest = ["--vcpus", "2", "--memory", "2048", "--disk", image, "--disk-format", "raw"];
  await vgpuctl(daemon, "create", "web-1", "--type", "i915-GVTg_V5_4", ...guest);
  await vgpuctl(daemon, "vgpus");
  await vgpuctl(daemon, "domains");
  say("\nmetrics that changed:");
  showChanges(before, await scrape(daemon));
}

function showWhatNext({ socket, metrics }: Daemon): void {
  const libvirt = path.join(path.dirname(socket), "libvirt-sock");
  say("\nIt stays up. In another terminal:");
  say(`  alias vgpuctl='node ${program("cli/main.js")} --socket ${socket}'`);
  say("  vgpuctl gpus; vgpuctl create --help; vgpuctl stop web-1; vgpuctl destroy web-1 --now");
  say(`  curl ${metrics}`);
  say(`  virsh -c 'qemu+unix:///system?socket=${libvirt}' list --all`);
  say("Ctrl-C ends it.");
}

const USAGE = "usage: scripts/demo [--once]";
const { once: isOnce = false } = optionsOrExit();

function optionsOrExit(): { readonly once?: boolean | undefined } {
  try {
    return parseArgs({ options: { once: { type: "boolean" } } }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(64);
  }
}

async function show(child: ChildProcess): Promise<void> {
  const daemon = { child, ...readReady(await firstLine(child)) };
  await tour(daemon);
  if (isOnce) return vgpuctl(daemon, "destroy", "web-1", "--now");
  showWhatNext(daemon);
  return died(child);
}

/** Rejects when vgpud has ended. */
async function died(child: ChildProcess): Promise<never> {
  await ended(child);
  throw new Error(deathOf(child));
}

function deathOf(child: ChildProcess): string {
  return `vgpud ended by itself ${endOf(child) ?? ""}; to see its log: node ${program("main.js")} --simulate`;
}

/** The exit code. */
async function main(): Promise<number> {
  const child = start("main.js", ["--simulate"], "pipe");
  stop.signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const failure = await Promise.race([show(child), died(child)]).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  child.kill("SIGTERM");
  await ended(child);
  if (stop.signal.aborted) return Number(stop.signal.reason);
  if (failure === undefined) return 0;
  // A command may have failed because vgpud was gone, and be heard of first.
  console.error(child.exitCode === 0 ? failure : deathOf(child));
  return 1;
}

process.exitCode = await main();
