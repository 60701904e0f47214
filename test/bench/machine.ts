// What the figures were taken on.
import { execFile } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);
const BYTES_PER_GIB = 1024 ** 3;

export interface Machine {
  readonly processor: string;
  readonly memory: string;
  readonly kernel: string;
  /** Name and version of each program that takes part. */
  readonly programs: readonly string[];
}

/** Of Debian's, those whose versions a page tells. */
const COMPARED = ["libvirt-daemon", "qemu-system-x86", "python3-libvirt", "prometheus-libvirt-exporter"];
/** What compiles a library of the measurement's own. */
const COMPILER = ["gcc", "libc6-dev"];

/** Load is told apart: it changes while the figures are taken. */
export async function readMachine(): Promise<Machine> {
  const all = cpus();
  return {
    processor: `${all.length} × ${all[0]?.model.trim() ?? "unknown"}`,
    memory: `${(totalmem() / BYTES_PER_GIB).toFixed(0)} GiB`,
    kernel: release(),
    programs: [`Node.js ${process.versions.node}`, ...(await Promise.all(COMPARED.map(named)))],
  };
}

/** Over the last minute. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

/** What a part needs and the machine does not have. */
export async function missingPackages(): Promise<readonly string[]> {
  const wanted = [...COMPARED, ...COMPILER];
  const versions = await Promise.all(wanted.map(versionOf));
  return wanted.filter((_, index) => versions[index] === undefined);
}

async function named(name: string): Promise<string> {
  return `${name} ${(await versionOf(name)) ?? "not installed"}`;
}

/** Undefined for one that is not installed, or no more. */
async function versionOf(name: string): Promise<string | undefined> {
  const words = ["-W", "-f", "${db:Status-Status} ${Version}", name];
  const { stdout } = await run("dpkg-query", words).catch(() => ({ stdout: "" }));
  const [status, version] = stdout.split(" ");
  return status === "installed" ? version : undefined;
}
