// vgpud in the bed as a host has it: installed from its package, started by systemd from the units as shipped.
import { status } from "@grpc/grpc-js";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";
import { builtPackage } from "../package/built-package.ts";
import { AgentClient } from "./agent-client.ts";
import type { Bed } from "./bed.ts";

const run = promisify(execFile);
/** Below the project, and so below /share in the guest. */
const plainPackage = "dist/testbed-vgpud.deb";
const INSTALL_MS = 240_000;
const START_MS = 240_000;
const CALL_AGAIN_MS = 500;

export class ServiceInBed {
  readonly #bed: Bed;
  /** The agent's socket, on this machine. */
  readonly socket: string;
  readonly client: AgentClient;

  private constructor(bed: Bed, socket: string) {
    this.#bed = bed;
    this.socket = socket;
    this.client = new AgentClient(socket);
  }

  /** Installs the package in a bed whose PID 1 is systemd; resolves when vgpud is ready. */
  static async install(bed: Bed): Promise<ServiceInBed> {
    await unpackedForEmulation();
    const service = new ServiceInBed(bed, await bed.forward("unix:/run/vgpud/vgpud.sock"));
    await service.installPackage();
    return service;
  }

  /** The answer as a client gets it that calls again, as it is told to, while vgpud starts. */
  async served<T>(call: (client: AgentClient) => Promise<T>): Promise<T> {
    const deadline = performance.now() + START_MS;
    for (;;)
      try {
        return await call(this.client);
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > deadline) throw error;
        await delay(CALL_AGAIN_MS);
      }
  }

  /** What dpkg and the package's scripts say; the same package once more is an upgrade to them. */
  installPackage(): Promise<string> {
    const command = `DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --install /share/${plainPackage} 2>&1`;
    return this.#bed.check(command, { timeoutMs: INSTALL_MS });
  }

  /** One property of a unit, as systemd has it at the moment. */
  property(unit: string, name: string): Promise<string> {
    return this.#bed.check(`systemctl show --property=${name} --value ${unit}`);
  }

  /** Resolves when systemd has done it; a unit that hangs makes it fail. */
  async systemctl(...words: readonly string[]): Promise<void> {
    await this.#bed.check(`systemctl ${words.join(" ")}`, { timeoutMs: 120_000 });
  }

  /** The entries of vgpud in the journal since its installation, as journalctl gives them for machines. */
  async journal(...matches: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await this.#bed.check(`journalctl --output=json --unit=vgpud.service ${matches.join(" ")}`);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(fieldsOf);
  }

  close(): void {
    this.client.close();
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === status.UNAVAILABLE;
}

const anyFields = z.record(z.string(), z.unknown());

/** The members of a JSON object, such as an entry of the journal or a line of vgpud's log. */
export function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return anyFields.parse(JSON.parse(String(json)));
}

let unpacked: Promise<void> | undefined;

/** The package without compression: to undo it takes most of an installation under emulation. Once for each run. */
function unpackedForEmulation(): Promise<void> {
  unpacked ??= repack();
  return unpacked;
}

async function repack(): Promise<void> {
  const deb = await builtPackage();
  const folder = await mkdtemp(path.join(path.dirname(plainPackage), "testbed-deb-"));
  try {
    await run("dpkg-deb", ["--raw-extract", deb, folder]);
    await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", folder, plainPackage]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
