// What stands around the agent: this machine, or a companion process with a host of its own.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadConfig, type Config, type Overrides } from "../config.ts";
import { startCompanion, type Companion } from "../host/companion.ts";
import type { Command } from "./command-line.ts";

/** Where the agent runs: this machine, a simulated host, or a copied tree with a hostd of its own. */
export interface Surroundings extends AsyncDisposable {
  readonly config: Config;
  readonly companion: Companion | undefined;
}

export async function surroundings({ simulate, configFile, overrides }: Command): Promise<Surroundings> {
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
