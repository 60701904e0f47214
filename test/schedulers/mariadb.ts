// Debian's MariaDB of our own, in a folder and on a port of loopback of its own: the database that Placement mostly has in clouds.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { HeldPort } from "../fakes/held-port.ts";
import { Daemon, demand } from "./daemon.ts";

const run = promisify(execFile);
const INSTALL_MS = 120_000;
const installer = "install-long-test-packages";
const INSTALL_DB = "/usr/bin/mariadb-install-db";
const CLIENT = "/usr/bin/mariadb";
const NEEDED = [
  { program: "/usr/sbin/mariadbd", package: "mariadb-server-core", installer },
  { program: INSTALL_DB, package: "mariadb-server-core", installer },
  { program: CLIENT, package: "mariadb-client-core", installer },
];

/** Resolves when it answers. Its settings are MariaDB's own defaults: what they do to Placement is what tests ask. */
export async function startMariadb(): Promise<Mariadb> {
  demand(...NEEDED);
  const folder = await mkdtemp(path.join(tmpdir(), "mariadb-"));
  const mariadb = new Mariadb(folder, await HeldPort.hold());
  try {
    await mariadb.boot();
  } catch (error) {
    await mariadb.stop();
    throw error;
  }
  return mariadb;
}

export class Mariadb implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: HeldPort;
  #daemon: Daemon | undefined;

  constructor(folder: string, port: HeldPort) {
    this.#folder = folder;
    this.#port = port;
  }

  /** Makes the database and somebody who may do everything in it. Resolves with SQLAlchemy's URL. */
  async create(database: string): Promise<string> {
    const user = `'${database}'@'127.0.0.1'`;
    await this.query(
      `create database ${database} character set utf8mb3;
       create user ${user} identified by '${database}'; grant all on ${database}.* to ${user};`,
    );
    const credentials = `${database}:${database}`;
    return `mysql+pymysql://${credentials}@127.0.0.1:${this.#port.port}/${database}?charset=utf8`;
  }

  /** As its administrator; resolves with rows of columns between tabs. */
  async query(sql: string): Promise<string> {
    const words = [
      "--no-defaults",
      `--socket=${this.#socket}`,
      "--user=root",
      "--skip-column-names",
      "--batch",
    ];
    const { stdout } = await run(CLIENT, [...words, `--execute=${sql}`]);
    return stdout.trim();
  }

  async boot(): Promise<void> {
    const data = path.join(this.#folder, "data");
    const common = ["--no-defaults", `--datadir=${data}`, "--user=root"];
    const fresh = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
    await run(INSTALL_DB, [...common, ...fresh], { timeout: INSTALL_MS });
    this.#daemon = new Daemon([
      "/usr/sbin/mariadbd",
      ...common,
      `--socket=${this.#socket}`,
      `--pid-file=${path.join(this.#folder, "pid")}`,
      "--bind-address=127.0.0.1",
      `--port=${this.#port.port}`,
      // What a test writes need not outlive the machine's power.
      "--innodb-flush-log-at-trx-commit=2",
      "--innodb-use-native-aio=0",
    ]);
    await this.#daemon.answers(async () => (await this.query("select 1")) === "1");
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    await this.#daemon?.end("SIGKILL");
    await this.#port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #socket(): string {
    return path.join(this.#folder, "sock");
  }
}
