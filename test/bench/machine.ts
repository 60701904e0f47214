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

/** Load is told apart: it changes while the figures are taken. */
export async function readMachine(): Promise<Machine> {
  const all = cpus();
  const packages = ["libvirt-daemon", "qemu-system-x86", "python3-libvirt", "prometheus-libvirt-exporter"];
  return {
    processor: `${all.length} × ${all[0]?.model.trim() ?? "unknown"}`,
    memory: `${(totalmem() / BYTES_PER_GIB).toFixed(0)} GiB`,
    kernel: release(),
    programs: [`Node.js ${process.versions.node}`, ...(await Promise.all(packages.map(versionOf)))],
  };
}

/** Over the last minute. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

async function versionOf(name: string): Promise<string> {
  const words = ["-W", "-f", "${Version}", name];
  const { stdout } = await run("dpkg-query", words).catch(() => ({ stdout: "not installed" }));
  return `${name} ${stdout}`;
}
