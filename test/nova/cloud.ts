// A small OpenStack of our own in one folder and on loopback: Nova without Keystone, whose computes are hosts in name only, and what
// Nova needs around it. It is there to schedule for real, not to run guests.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { HeldPort } from "../fakes/held-port.ts";
import type { Daemon } from "../schedulers/daemon.ts";
import { FaultyPlacement } from "../schedulers/faulty-placement.ts";
import { startMariadb, type Mariadb } from "../schedulers/mariadb.ts";
import { startPlacement, type Placement } from "../schedulers/placement.ts";
import { Nova } from "./nova.ts";
import { demandOpenStack, openStackDaemon, runOpenStack, type Program } from "./openstack-daemon.ts";
import {
  computeFile,
  GLANCE_PASTE,
  glanceFile,
  NEUTRON_PASTE,
  neutronFile,
  NOVA_PASTE,
  novaFile,
  type CloudLayout,
} from "./openstack-files.ts";
import { startRabbitmq, type Rabbitmq } from "./rabbitmq.ts";

const MANAGE: Program = ["nova-manage", "nova.cmd.manage"];

/** What ends with the cloud, the last begun first. */
type Ending = () => Promise<unknown>;

export class Cloud implements AsyncDisposable {
  readonly placement: Placement;
  /** Stands between Nova and Placement, and keeps what Nova asked. */
  readonly seen: FaultyPlacement;
  readonly nova: Nova;
  readonly #folder: string;
  readonly #endings: Ending[];
  readonly #computes = new Map<string, Daemon>();

  private constructor(
    { placement, seen, nova }: Pick<Cloud, "placement" | "seen" | "nova">,
    folder: string,
    endings: Ending[],
  ) {
    this.placement = placement;
    this.seen = seen;
    this.nova = nova;
    this.#folder = folder;
    this.#endings = endings;
  }

  /** Resolves when Nova answers and has its conductor and scheduler, and no host yet. */
  static async start(): Promise<Cloud> {
    demandOpenStack();
    const endings: Ending[] = [];
    try {
      return await Cloud.#begin(endings);
    } catch (error) {
      await endAll(endings);
      throw error;
    }
  }

  static async #begin(endings: Ending[]): Promise<Cloud> {
    const folder = await mkdtemp(path.join(tmpdir(), "openstack-"));
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const held = async (): Promise<number> => {
      const port = await HeldPort.hold();
      endings.push(() => port[Symbol.asyncDispose]());
      return port.port;
    };
    const mariadb = await startMariadb();
    endings.push(() => mariadb.stop());
    const rabbitmq = await startRabbitmq();
    endings.push(() => rabbitmq.stop());
    const placement = await placementOn(mariadb);
    endings.push(() => placement.stop());
    const seen = await FaultyPlacement.start(placement.url);
    endings.push(() => seen[Symbol.asyncDispose]());
    const ports = { nova: await held(), glance: await held(), neutron: await held() };
    await writeFolder(await layoutOf({ folder, ports, mariadb, rabbitmq, placement: seen.url }));
    await makeTables(folder, mariadb);
    const begin = (program: Program, file: string): Daemon => {
      const daemon = openStackDaemon(program, "--config-file", path.join(folder, file));
      endings.push(() => daemon.end("SIGKILL"));
      return daemon;
    };
    const neutron = begin(["neutron-server", "neutron.cmd.eventlet.server"], "neutron.conf");
    const glance = begin(["glance-api", "glance.cmd.api"], "glance.conf");
    begin(["nova-conductor", "nova.cmd.conductor"], "nova.conf");
    begin(["nova-scheduler", "nova.cmd.scheduler"], "nova.conf");
    const api = begin(["nova-api-os-compute", "nova.cmd.api_os_compute"], "nova.conf");
    const nova = new Nova(`http://127.0.0.1:${ports.nova}`, `http://127.0.0.1:${ports.glance}`);
    // The first question about ports fails before Neutron has answered one about networks: it loads what it needs late.
    await neutron.answers(() => isOk(`http://127.0.0.1:${ports.neutron}/v2.0/networks`));
    await glance.answers(() => isOk(`http://127.0.0.1:${ports.glance}/v2/images`));
    const parts = ["nova-conductor", "nova-scheduler"];
    await api.answers(async () => {
      const up = await nova.services();
      return parts.every((part) => up.some(({ binary, state }) => binary === part && state === "up"));
    });
    return new Cloud({ placement, seen, nova }, folder, endings);
  }

  /** A host that Nova places servers on, of that name; resolves when Nova counts it in. */
  async startCompute(host: string): Promise<void> {
    const file = path.join(this.#folder, `${host}.conf`);
    await mkdir(path.join(this.#folder, "state", host), { recursive: true });
    await writeFile(file, computeFile(this.#folder, host));
    const daemon = openStackDaemon(
      ["nova-compute", "nova.cmd.compute"],
      ...["--config-file", path.join(this.#folder, "nova.conf"), "--config-file", file],
    );
    this.#endings.push(() => daemon.end("SIGKILL"));
    this.#computes.set(host, daemon);
    await daemon.answers(() => this.nova.hasHost(host));
  }

  /** As its service manager stops it. */
  async stopCompute(host: string): Promise<void> {
    await this.#computes.get(host)?.end();
    this.#computes.delete(host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endAll(this.#endings);
  }
}

async function endAll(endings: Ending[]): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}

/** As in clouds, but that it grants no slot twice (docs/placement.md): who is refused on a host is what is asked here, not who wins. */
async function placementOn(mariadb: Mariadb): Promise<Placement> {
  const database = await mariadb.create("placement");
  return await startPlacement({ database, workers: 2, allocationConflictRetryCount: 1 });
}

interface Parts {
  readonly folder: string;
  readonly ports: CloudLayout["ports"];
  readonly mariadb: Mariadb;
  readonly rabbitmq: Rabbitmq;
  readonly placement: string;
}

async function layoutOf({ folder, ports, mariadb, rabbitmq, placement }: Parts): Promise<CloudLayout> {
  const databases = {
    nova_api: await mariadb.create("nova_api"),
    nova: await mariadb.create("nova"),
    glance: await mariadb.create("glance"),
    neutron: await mariadb.create("neutron"),
  };
  return { folder, placement, messages: rabbitmq.url, databases, ports };
}

async function writeFolder(layout: CloudLayout): Promise<void> {
  const { folder } = layout;
  for (const each of ["state", "locks", "images"]) await mkdir(path.join(folder, each));
  const files = {
    "nova.conf": novaFile(layout),
    "nova-paste.ini": NOVA_PASTE,
    "glance.conf": glanceFile(layout),
    "glance-paste.ini": GLANCE_PASTE,
    "neutron.conf": neutronFile(layout),
    "neutron-paste.ini": NEUTRON_PASTE,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

async function makeTables(folder: string, mariadb: Mariadb): Promise<void> {
  const of = (file: string): readonly string[] => ["--config-file", path.join(folder, file)];
  const nova = (...options: readonly string[]): Promise<void> =>
    runOpenStack(MANAGE, ...of("nova.conf"), ...options);
  // Where servers are kept that found no host.
  const cell0 = await mariadb.create("nova_cell0");
  await Promise.all([
    runOpenStack(
      ["neutron-db-manage", "neutron.db.migration.cli"],
      ...of("neutron.conf"),
      "upgrade",
      "heads",
    ),
    (async () => {
      await nova("api_db", "sync");
      await nova("cell_v2", "map_cell0", "--database_connection", cell0);
      await nova("db", "sync");
      await nova("cell_v2", "create_cell", "--name", "cell1");
      await runOpenStack(["glance-manage", "glance.cmd.manage"], ...of("glance.conf"), "db", "sync");
    })(),
  ]);
}

async function isOk(url: string): Promise<boolean> {
  return (await fetch(url, { headers: { "x-auth-token": "admin" } })).ok;
}
