// What stands around the agent: this machine, or a companion process with a host of its own.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SimulatorSockets } from "../compose/agent-options.ts";
import { Configuration } from "../config/configuration.ts";
import type { Effective, Given } from "../config/effective.ts";
import { loadConfig, type Sources } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { messageOf } from "../core/errors.ts";
import { startCompanion, type Companion } from "../host/companion.ts";
import type { Command } from "./command-line.ts";

/** Where the agent runs: this machine, a simulated host, or a copied tree with a hostd of its own. */
export interface Surroundings extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly companion: Companion | undefined;
  /** Undefined on a real host. */
  readonly simulator: SimulatorSockets | undefined;
}

export async function surroundings({ simulate, sources }: Command): Promise<Surroundings> {
  if (simulate !== false) return simulated(sources, simulate);
  const configuration = await Configuration.open(() => loadConfig(sources));
  const { host_root: root } = configuration.started;
  if (root === "/" || sources.flags.some(({ path: key }) => key === "hostd.socket"))
    return {
      configuration,
      companion: undefined,
      simulator: undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  return inFreshFolder("vgpud-hostd-", async (dir) => {
    const socket = path.join(dir, "hostd.sock");
    const ours = { path: "hostd.socket", value: socket, origin: "--host-root" };
    const withHostd = await Configuration.open(() =>
      loadConfig({ ...sources, flags: [...sources.flags, ours] }),
    );
    const companion = await startCompanion("../hostd/main.js", ["--socket", socket, "--root", root]);
    return { configuration: withHostd, companion, simulator: undefined };
  });
}

/** Everything lives in one fresh folder, unless a flag says otherwise, and is gone afterwards. */
async function simulated(sources: Sources, host: string | true): Promise<Surroundings> {
  const uri = host === true ? [] : [given("libvirt.uri", await libvirtOf(host))];
  return inFreshFolder("vgpud-simulated-", async (dir) => {
    const images = path.join(dir, "images");
    await mkdir(images);
    const inside = (key: string, name: string): Given => given(key, path.join(dir, name));
    const flags = [
      ...[
        inside("socket", "vgpud.sock"),
        inside("state_dir", "state"),
        given("metrics.listen", "127.0.0.1:0"),
        ...uri,
      ],
      ...sources.flags,
      ...[inside("host_root", "root"), inside("hostd.socket", "hostd.sock")],
      inside("libvirt.socket", "libvirt-sock"),
    ];
    const configuration = await Configuration.open(async () =>
      withStorageRoot(await loadConfig({ ...sources, flags }), images),
    );
    // Last: what fails before must not leave a process behind.
    const hostArgs = host === true ? [] : ["--host", host];
    const companion = await startCompanion("../simulator/main.js", ["--dir", dir, ...hostArgs]);
    return {
      configuration,
      companion,
      simulator: { control: path.join(dir, "control.sock"), uevents: path.join(dir, "uevents.sock") },
    };
  });
}

function given(key: string, value: string): Given {
  return { path: key, value, origin: "--simulate" };
}

/**
 * Whose domains its libvirt has. The simulator would refuse a wrong description, too, but an operator is told of it as of a wrong
 * configuration.
 */
async function libvirtOf(word: string): Promise<string> {
  // On a real host nothing of the simulator is loaded.
  const { parseHost } = await import("../simulator/host-yaml.ts");
  const { readHost } = await import("../simulator/machines.ts");
  try {
    const { yaml, origin } = await readHost(word);
    return parseHost(yaml, origin).hypervisor === "xen" ? "xen:///system" : "qemu:///system";
  } catch (error) {
    throw new ConfigError([{ where: "--simulate", what: messageOf(error) }], { cause: error });
  }
}

/** The folder is one of the storage roots, the last, whatever the file says. */
function withStorageRoot(found: Effective, folder: string): Effective {
  return { ...found, config: { ...found.config, storage_roots: [...found.config.storage_roots, folder] } };
}

/** The folder goes when its companion has gone, or could not be started. */
async function inFreshFolder(
  prefix: string,
  start: (
    dir: string,
  ) => Promise<Omit<Surroundings, typeof Symbol.asyncDispose> & { readonly companion: Companion }>,
): Promise<Surroundings> {
  const dir = await mkdtemp(path.join(tmpdir(), prefix));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const started = await start(dir);
    const leave = async (): Promise<void> => {
      await started.companion[Symbol.asyncDispose]();
      await remove();
    };
    return { ...started, [Symbol.asyncDispose]: leave };
  } catch (error) {
    await remove();
    throw error;
  }
}
