// The tour of scripts/demo: a simulated host, one domain with a slice made through the API, and what changed by it.
import { spawn, type ChildProcess } from "node:child_process";
import { open } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = (name: string): string => fileURLToPath(new URL(`../agent/${name}`, import.meta.url));
/** Series that the tour is about; times and sizes of the process itself change all the time. */
const TOLD =
  /^vgpud_(gpu_resource_(allocated|free)|gpu_fences|gpu_vgpus|vgpu|domain|claims|operations_total)/;

interface Daemon {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly metrics: string;
}

async function startDaemon(): Promise<Daemon> {
  // Its log would be mixed with the tour: it goes where nobody looks, except for errors that end it.
  const child = spawn(process.execPath, [program("main.js"), "--simulate"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", () => {
      reject(new Error("vgpud ended before it was ready; try: node dist/agent/main.js --simulate"));
    });
  });
  const { socket, metrics } =
    /^ready socket=(?<socket>\S+) metrics=(?<metrics>\S+)$/.exec(line)?.groups ?? {};
  if (socket === undefined || metrics === undefined) throw new Error(`not understood: ${line}`);
  return { child, socket, metrics };
}

/** Shows a vgpuctl command as one would type it, runs it, and rejects when it fails. */
async function vgpuctl({ socket }: Daemon, ...args: readonly string[]): Promise<void> {
  console.log(`\n$ vgpuctl ${args.join(" ")}`);
  const child = spawn(process.execPath, [program("cli/main.js"), "--socket", socket, ...args], {
    stdio: "inherit",
  });
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`vgpuctl ${args[0] ?? ""} ended with exit code ${String(code)}`);
}

async function scrape({ metrics }: Daemon): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(metrics);
  const lines = (await response.text()).split("\n").filter((line) => TOLD.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );
}

function showChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  for (const [series, value] of after) {
    const was = before.get(series);
    if (was !== value) console.log(`  ${series} ${was === undefined ? "(new)" : was} -> ${value}`);
  }
  for (const series of before.keys()) if (!after.has(series)) console.log(`  ${series} gone`);
}

async function tour(daemon: Daemon): Promise<void> {
  const image = path.join(path.dirname(daemon.socket), "images", "web-1.img");
  const handle = await open(image, "w");
  await handle.truncate(16 * 1024 * 1024);
  await handle.close();

  console.log(`vgpud runs on a simulated host: gRPC at ${daemon.socket}, metrics at ${daemon.metrics}`);
  await vgpuctl(daemon, "host");
  await vgpuctl(daemon, "gpus");
  const before = await scrape(daemon);
  const guest = ["--vcpus", "2", "--memory", "2048", "--disk", image, "--disk-format", "raw"];
  await vgpuctl(daemon, "create", "web-1", "--type", "i915-GVTg_V5_4", ...guest);
  await vgpuctl(daemon, "vgpus");
  await vgpuctl(daemon, "domains");
  console.log("\nmetrics that changed:");
  showChanges(before, await scrape(daemon));
}

async function main(): Promise<void> {
  const once = process.argv.includes("--once");
  const daemon = await startDaemon();
  const ended = new Promise<void>((resolve) =>
    daemon.child.once("exit", () => {
      resolve();
    }),
  );
  process.once("SIGINT", () => daemon.child.kill("SIGTERM"));
  process.once("SIGTERM", () => daemon.child.kill("SIGTERM"));
  try {
    await tour(daemon);
    if (once) await vgpuctl(daemon, "destroy", "web-1", "--now");
    else {
      console.log(
        `\nIt stays up. In another terminal:\n  alias vgpuctl='node ${program("cli/main.js")} --socket ${daemon.socket}'`,
      );
      console.log("  vgpuctl gpus; vgpuctl create --help; vgpuctl stop web-1; vgpuctl destroy web-1 --now");
      console.log(`  curl ${daemon.metrics}`);
      console.log(
        `  virsh -c 'qemu+unix:///system?socket=${path.join(path.dirname(daemon.socket), "libvirt-sock")}' list --all`,
      );
      console.log("Ctrl-C ends it.");
      await ended;
    }
  } finally {
    daemon.child.kill("SIGTERM");
    await ended;
  }
}

await main();
