// Debian's RabbitMQ of our own, in a folder and on ports of loopback of its own: what the parts of Nova and Neutron talk over.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { HeldPort } from "../fakes/held-port.ts";
import { Daemon, demand } from "../schedulers/daemon.ts";

/** The script itself, without Debian's wrapper, which would change to the user of the service. */
const PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/** By which nodes of Erlang find each other; RabbitMQ would leave one behind that outlives it. */
const MAPPER = "/usr/bin/epmd";
const installer = "install-nova-test-packages";

/** Resolves when it takes connections. */
export async function startRabbitmq(): Promise<Rabbitmq> {
  demand(
    { program: PROGRAM, package: "rabbitmq-server", installer },
    { program: MAPPER, package: "erlang-base", installer },
  );
  const folder = await mkdtemp(path.join(tmpdir(), "rabbitmq-"));
  const rabbitmq = new Rabbitmq(folder, await HeldPort.hold(), await HeldPort.hold());
  try {
    await rabbitmq.boot();
  } catch (error) {
    await rabbitmq.stop();
    throw error;
  }
  return rabbitmq;
}

export class Rabbitmq implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: HeldPort;
  readonly #mapperPort: HeldPort;
  #daemons: readonly Daemon[] = [];

  constructor(folder: string, port: HeldPort, mapperPort: HeldPort) {
    this.#folder = folder;
    this.#port = port;
    this.#mapperPort = mapperPort;
  }

  /** As oslo.messaging calls it in `transport_url`. */
  get url(): string {
    return `rabbit://guest:guest@127.0.0.1:${this.#port.port}/`;
  }

  async boot(): Promise<void> {
    const { port } = this.#port;
    const folder = this.#folder;
    for (const each of ["mnesia", "log"]) await mkdir(path.join(folder, each));
    await writeFile(path.join(folder, "enabled_plugins"), "[].\n");
    await writeFile(path.join(folder, "rabbitmq.conf"), "loopback_users = none\n");
    const mapper = new Daemon([MAPPER, "-address", "127.0.0.1", "-port", String(this.#mapperPort.port)]);
    this.#daemons = [mapper];
    const name = `vgpud-${port}@localhost`;
    const server = new Daemon([PROGRAM], {
      HOME: folder,
      ERL_CRASH_DUMP: path.join(folder, "erl_crash.dump"),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(this.#mapperPort.port),
      // The script becomes Erlang in place of starting it, so that a signal reaches that.
      RABBITMQ_ALLOW_INPUT: "true",
      // A node that has its name already takes any port for other nodes, of which there are none; RabbitMQ would want one of its own.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput -sname ${name} -kernel inet_dist_use_interface {127,0,0,1}`,
      RABBITMQ_NODENAME: name,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_MNESIA_BASE: path.join(folder, "mnesia"),
      RABBITMQ_LOG_BASE: path.join(folder, "log"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_PID_FILE: path.join(folder, "pid"),
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, "enabled_plugins"),
      RABBITMQ_CONFIG_FILE: path.join(folder, "rabbitmq"),
    });
    this.#daemons = [mapper, server];
    // It listens when all else of it has started.
    await server.answers(() => listens(port));
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.end("SIGKILL")));
    for (const port of [this.#port, this.#mapperPort]) await port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Rejects while nobody does. */
async function listens(port: number): Promise<true> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
  return true;
}
