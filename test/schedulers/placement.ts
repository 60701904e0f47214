// Debian's OpenStack Placement of our own, in a folder and on a port of loopback of its own.
// By default its server takes one request at a time (wsgiref) and its database is a file, which is what a test of one agent needs.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { HeldPort } from "../fakes/held-port.ts";
import { Daemon, demand } from "./daemon.ts";
import { ADMIN, type Keystone } from "./keystone.ts";

const PROGRAM = "/usr/bin/placement-api";
const MANAGER = "/usr/bin/placement-manage";
const ANSWER_MS = 60_000;
const SYNC_MS = 120_000;
const installer = "install-long-test-packages";
const OF_WORKERS = [
  { program: "/usr/bin/uwsgi", package: "uwsgi-core", installer },
  { program: "/usr/lib/uwsgi/plugins/python311_plugin.so", package: "uwsgi-plugin-python3", installer },
];
const run = promisify(execFile);

export interface PlacementOptions {
  /** SQLAlchemy's URL of a database that exists; by default a file in the folder. */
  readonly database?: string;
  /** Whether candidates come in an order that changes. */
  readonly randomize?: boolean;
  /** How often it tries a claim again whose provider has changed meanwhile; its own default is 10. */
  readonly allocationConflictRetryCount?: number;
  /** So many processes of uwsgi, each with a request at a time, as in clouds; a file for a database is too little for several. */
  readonly workers?: number;
  /** Who says whom it believes; without, it believes everybody. */
  readonly keystone?: Keystone;
}

/** What it answered; the body is what its JSON says, undefined when it is empty. */
export interface PlacementAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Resolves when it answers. Whoever stops it removes what it was told. */
export async function startPlacement(options: PlacementOptions = {}): Promise<Placement> {
  const { workers } = options;
  demand({ program: PROGRAM, package: "python3-placement" }, ...(workers === undefined ? [] : OF_WORKERS));
  const folder = await mkdtemp(path.join(tmpdir(), "placement-"));
  const file = path.join(folder, "placement.conf");
  await writeFile(file, configuration(folder, options));
  const token = (): Promise<string> => options.keystone?.token() ?? Promise.resolve("admin");
  const placement = new Placement(folder, await HeldPort.hold(), { workers, token });
  try {
    // Workers that start at once would make the same tables at once.
    if (workers !== undefined)
      await run(MANAGER, ["--config-file", file, "db", "sync"], { timeout: SYNC_MS });
    await placement.boot();
  } catch (error) {
    await placement.stop();
    throw error;
  }
  return placement;
}

export class Placement implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #port: HeldPort;
  readonly #workers: number | undefined;
  readonly #token: () => Promise<string>;
  #daemon: Daemon | undefined;

  /** `token`: an administrator's. */
  constructor(
    folder: string,
    port: HeldPort,
    { workers, token }: { readonly workers: number | undefined; readonly token: () => Promise<string> },
  ) {
    this.#folder = folder;
    this.#port = port;
    this.#workers = workers;
    this.#token = token;
    this.url = `http://127.0.0.1:${port.port}`;
  }

  /** Of the server; 0 when none runs. */
  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** The end of what it logged. */
  get log(): string {
    return this.#daemon?.log ?? "";
  }

  /** Starts it, again after `kill`, at the same address and with what it was told. */
  async boot(): Promise<void> {
    const { port } = this.#port;
    const one = [PROGRAM, "--host", "127.0.0.1", "--port", String(port)];
    const words = this.#workers === undefined ? one : uwsgi(port, this.#workers);
    this.#daemon = new Daemon(words, { OS_PLACEMENT_CONFIG_DIR: this.#folder });
    await this.#daemon.answers(async () => (await this.ask("GET", "/")).status === 200);
  }

  /** As `boot`, of one that may still run. */
  async restart(): Promise<void> {
    await this.kill();
    await this.boot();
  }

  /** SIGKILL; resolves when it is gone. What it was told stays. */
  async kill(): Promise<void> {
    await this.#daemon?.end("SIGKILL");
    this.#daemon = undefined;
  }

  /** Stopped, it accepts connections and answers nobody until SIGCONT. */
  signal(name: NodeJS.Signals): void {
    this.#daemon?.signal(name);
  }

  /** Ends it and removes what it was told. */
  async stop(): Promise<void> {
    await this.kill();
    await this.#port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** As an administrator who works beside the agent. */
  async ask(method: string, where: string, body?: unknown): Promise<PlacementAnswer> {
    const response = await fetch(`${this.url}${where}`, {
      method,
      headers: {
        "x-auth-token": await this.#token(),
        "openstack-api-version": "placement 1.39",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }
}

/** Of Debian's, whose plugin runs the program as a module. */
function uwsgi(port: number, workers: number): readonly string[] {
  return [
    ...["/usr/bin/uwsgi", "--plugins", "python311", "--http-socket", `127.0.0.1:${port}`],
    // A connection to the database that was opened before the fork would be everybody's.
    ...["--master", "--lazy-apps", "--need-app", "--processes", String(workers), "--threads", "1"],
    // Workers end with the master; the client's idle connection would keep a worker from others.
    ...["--no-orphans", "--die-on-term", "--add-header", "Connection: close"],
    ...["--disable-logging", "--buffer-size", "65535", "--wsgi-file", PROGRAM],
  ];
}

function configuration(folder: string, options: PlacementOptions): string {
  const { database = `sqlite:///${folder}/placement.sqlite`, randomize = false, workers } = options;
  const { allocationConflictRetryCount: retries = 10, keystone } = options;
  // Of a token nothing is asked but its name: "admin" may do everything. Tables are made when it starts, which saves the three
  // seconds of placement-manage, unless workers do it; a test's database need not outlive the machine's power.
  return `
[api]
auth_strategy = ${keystone ? "keystone" : "noauth2"}
${keystone ? askedAt(keystone) : ""}
[placement]
randomize_allocation_candidates = ${randomize}
allocation_conflict_retry_count = ${retries}
[placement_database]
connection = ${database}
sync_on_startup = ${workers === undefined}
sqlite_synchronous = false
`;
}

/** It believes a token for some seconds before it asks again, so that one that was revoked is soon heard of. */
function askedAt({ url }: Keystone): string {
  return `
[keystone_authtoken]
auth_url = ${url}
www_authenticate_uri = ${url}
auth_type = password
username = ${ADMIN.name}
password = ${ADMIN.password}
project_name = ${ADMIN.project}
user_domain_id = default
project_domain_id = default
token_cache_time = 5
`;
}
