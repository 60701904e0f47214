// Speed of the agent on a simulated host, as ratios against virsh doing the same to the same libvirt in the same run.
// Absolute times are printed and gate nothing: machines differ, ratios, CPU time and memory differ less.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials } from "@grpc/grpc-js";
import { DiskFormat, DomainSpec } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  DomainServiceClient,
} from "../../proto/gen/vgpud/v1/domain_service.ts";

const CYCLES = 30;
const WARM_UP = 3;
const SCRAPES = 200;
/** A domain made and destroyed by vgpud, with a ledger and a slice, against four virsh commands without either. */
const MAX_CYCLE_RATIO = 1;
const MAX_CPU_MS_PER_CYCLE = 120;
const MAX_CPU_MS_PER_SCRAPE = 15;
const MAX_RSS_MIB = 160;

const run = promisify(execFile);
const client = (socket: string): DomainServiceClient =>
  new DomainServiceClient(`unix:${socket}`, credentials.createInsecure());

interface Bench {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly metrics: string;
  readonly dir: string;
}

async function start(): Promise<Bench> {
  const main = fileURLToPath(new URL("../../agent/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--simulate"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { socket = "", metrics = "" } =
    /socket=(?<socket>\S+) metrics=(?<metrics>\S+)/.exec(line)?.groups ?? {};
  return { child, socket, metrics, dir: path.dirname(socket) };
}

function call<Request, Response>(
  method: (request: Request, done: (error: Error | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method(request, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

async function throughVgpud(api: DomainServiceClient, image: string): Promise<void> {
  const domain = DomainSpec.fromPartial({
    name: `bench-${randomUUID()}`,
    vcpus: 1,
    memoryMib: 64,
    disks: [{ path: image, format: DiskFormat.RAW }],
  });
  const claimId = randomUUID();
  const vgpu = { want: { $case: "type", value: "i915-GVTg_V5_8" } } as const;
  await call(api.createDomain.bind(api), CreateDomainRequest.fromPartial({ claimId, domain, vgpu }));
  const ref = { ref: { $case: "claimId", value: claimId } } as const;
  const gracePeriod = { seconds: 0n, nanos: 0 };
  await call(api.destroyDomain.bind(api), DestroyDomainRequest.fromPartial({ domain: ref, gracePeriod }));
}

async function throughVirsh({ dir }: Bench): Promise<void> {
  const name = `bench-${randomUUID()}`;
  const file = path.join(dir, `${name}.xml`);
  const os = "<os><type arch='x86_64'>hvm</type></os>";
  await writeFile(file, `<domain type='kvm'><name>${name}</name><memory>65536</memory>${os}</domain>`);
  const virsh = (...words: readonly string[]) =>
    run("virsh", ["-q", "-c", `qemu+unix:///system?socket=${path.join(dir, "libvirt-sock")}`, ...words]);
  await virsh("define", file);
  await virsh("start", name);
  await virsh("destroy", name);
  await virsh("undefine", name);
}

/** Milliseconds of user and system time of a process so far (proc(5), fields 14 and 15 in ticks of 10 ms). */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function rssMib(pid: number): Promise<number> {
  const kib = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Undefined: told, not gated. */
  readonly limit?: number;
}

async function measure(bench: Bench): Promise<Figure[]> {
  const pid = bench.child.pid ?? 0;
  const image = path.join(bench.dir, "images", "bench.img");
  await writeFile(image, "");
  await truncate(image, 1024 * 1024);
  const api = client(bench.socket);
  for (let i = 0; i < WARM_UP; i += 1) await throughVgpud(api, image);

  const [ours, theirs]: [number[], number[]] = [[], []];
  let cycleCpu = 0;
  // In turn, so that a machine whose speed drifts drifts for both.
  for (let i = 0; i < CYCLES; i += 1) {
    const before = await cpuMs(pid);
    ours.push(await timed(() => throughVgpud(api, image)));
    cycleCpu += (await cpuMs(pid)) - before;
    theirs.push(await timed(() => throughVirsh(bench)));
  }
  const beforeScrapes = await cpuMs(pid);
  for (let i = 0; i < SCRAPES; i += 1) await (await fetch(bench.metrics)).text();
  const scrapeCpu = (await cpuMs(pid)) - beforeScrapes;
  api.close();
  return [
    { what: "create and destroy by vgpud, median", value: median(ours), unit: "ms" },
    { what: "define, start, destroy, undefine by virsh, median", value: median(theirs), unit: "ms" },
    { what: "ratio of the two", value: median(ours) / median(theirs), unit: "", limit: MAX_CYCLE_RATIO },
    {
      what: "vgpud's CPU time for a create and a destroy",
      value: cycleCpu / CYCLES,
      unit: "ms",
      limit: MAX_CPU_MS_PER_CYCLE,
    },
    {
      what: "vgpud's CPU time for a scrape",
      value: scrapeCpu / SCRAPES,
      unit: "ms",
      limit: MAX_CPU_MS_PER_SCRAPE,
    },
    { what: "vgpud's resident memory", value: await rssMib(pid), unit: "MiB", limit: MAX_RSS_MIB },
  ];
}

const bench = await start();
try {
  for (const { what, value, unit, limit } of await measure(bench)) {
    const over = limit !== undefined && value > limit;
    const gate = limit === undefined ? "" : ` (at most ${limit}${over ? ", EXCEEDED" : ""})`;
    console.log(`${what}: ${value.toFixed(2)} ${unit}${gate}`);
    if (over) process.exitCode = 1;
  }
} finally {
  bench.child.kill("SIGTERM");
  await once(bench.child, "exit");
}
