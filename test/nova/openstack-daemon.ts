// Debian's OpenStack services as plain processes: of their packages only the libraries are installed, so that the entry points are
// called as the programs of the services' packages would.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Daemon, demand } from "../schedulers/daemon.ts";

const run = promisify(execFile);
/** Debian's own: what comes first on PATH may belong to another Python. */
const PYTHON = "/usr/bin/python3";
const LIBRARIES = "/usr/lib/python3/dist-packages";
/** Tables of Neutron are made in hundreds of steps. */
const ONCE_MS = 600_000;

/** Throws what to do about services that are not there. */
export function demandOpenStack(): void {
  const installer = "install-nova-test-packages";
  const modules = {
    nova: "nova/cmd/compute.py",
    glance: "glance/cmd/api.py",
    neutron: "neutron/server/__init__.py",
  };
  demand(
    ...Object.entries(modules).map(([name, file]) => ({
      program: `${LIBRARIES}/${file}`,
      package: `python3-${name}`,
      installer,
    })),
  );
}

/** A program: as it is called, and the module whose `main` it is. */
export type Program = readonly [name: string, module: string];

function words([name, module]: Program, options: readonly string[]): readonly string[] {
  const main = `import sys; from ${module} import main; sys.argv[0] = "${name}"; sys.exit(main())`;
  return [PYTHON, "-c", main, ...options];
}

/** One that serves until it is ended. */
export function openStackDaemon(program: Program, ...options: readonly string[]): Daemon {
  return new Daemon(words(program, options));
}

/** One that does something and ends; rejects with what it complained of. */
export async function runOpenStack(program: Program, ...options: readonly string[]): Promise<void> {
  const [python = "", ...rest] = words(program, options);
  await run(python, rest, { timeout: ONCE_MS, maxBuffer: 1 << 26 });
}
