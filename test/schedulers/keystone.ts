// Debian's OpenStack Keystone of our own, in a folder and on a port of loopback of its own: one request at a time, its database a file.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { HeldPort } from "../fakes/held-port.ts";
import { Daemon, demand } from "./daemon.ts";

const PROGRAM = "/usr/bin/keystone-wsgi-public";
const MANAGER = "/usr/bin/keystone-manage";
/** Debian's own, which Keystone runs with. */
const PYTHON = "/usr/bin/python3";
const ANSWER_MS = 60_000;
const SETUP_MS = 120_000;
const HOUR_S = 3_600;
const REGION = "RegionOne";
/** Of Keystone's own administrator, who also is whom other services of the cloud ask it as. */
export const ADMIN = { name: "admin", password: "admin-of-a-test", project: "admin" };
const run = promisify(execFile);

const named = z.object({ id: z.string(), name: z.string() });
const tokenSchema = z.object({ token: z.object({ project: named, user: named }) });
const rolesSchema = z.object({ roles: z.array(named) });

export interface Credential {
  readonly id: string;
  readonly secret: string;
  /** Deletes it, as an operator who withdraws it. */
  readonly withdraw: () => Promise<void>;
}

/** A token with what it is of. */
interface Scoped {
  readonly token: string;
  readonly user: string;
  readonly project: string;
}

export class Keystone implements AsyncDisposable {
  /** With its version. */
  readonly url: string;
  readonly #folder: string;
  readonly #port: HeldPort;
  #daemon: Daemon | undefined;
  #users = 0;

  private constructor(folder: string, port: HeldPort) {
    this.#folder = folder;
    this.#port = port;
    this.url = urlOn(port);
  }

  /** Resolves when it answers. */
  static async start(): Promise<Keystone> {
    const installer = "install-long-test-packages";
    demand({ program: PROGRAM, package: "python3-keystone", installer });
    const folder = await mkdtemp(path.join(tmpdir(), "keystone-"));
    for (const keys of ["fernet", "credential"]) await mkdir(path.join(folder, keys), { mode: 0o700 });
    await writeFile(configurationIn(folder), configuration(folder, HOUR_S));
    const port = await HeldPort.hold();
    const keys = ["--keystone-user", "root", "--keystone-group", "root"];
    const bootstrap = [
      ...["bootstrap", "--bootstrap-password", ADMIN.password, "--bootstrap-region-id", REGION],
      ...["--bootstrap-internal-url", urlOn(port)],
    ];
    for (const words of [["db_sync"], ["fernet_setup", ...keys], ["credential_setup", ...keys], bootstrap])
      await run(MANAGER, ["--config-file", configurationIn(folder), ...words], { timeout: SETUP_MS });
    // A read that Keystone has left open would keep a commit out for ever otherwise ("database is locked").
    const wal = `import sqlite3; sqlite3.connect("${databaseIn(folder)}").execute("pragma journal_mode=wal")`;
    await run(PYTHON, ["-c", wal], { timeout: SETUP_MS });
    const keystone = new Keystone(folder, port);
    try {
      await keystone.boot();
    } catch (error) {
      await keystone[Symbol.asyncDispose]();
      throw error;
    }
    return keystone;
  }

  /** Starts it, anew where it runs; the tokens that it gives from then on are good for so long. */
  async boot(tokenSeconds = HOUR_S): Promise<void> {
    await this.#daemon?.end("SIGKILL");
    await writeFile(configurationIn(this.#folder), configuration(this.#folder, tokenSeconds));
    const program = [PROGRAM, "--host", "127.0.0.1", "--port", String(this.#port.port)];
    this.#daemon = new Daemon(program, { OS_KEYSTONE_CONFIG_FILES: configurationIn(this.#folder) });
    await this.#daemon.answers(async () => (await fetch(this.url)).status === 200);
  }

  /** Of the administrator, who may do everything in every service. */
  async token(): Promise<string> {
    return (await this.#admin()).token;
  }

  /** Puts a service with its internal endpoint into the catalogue. */
  async list(type: string, url: string): Promise<void> {
    const { token } = await this.#admin();
    const { service } = z
      .object({ service: z.object({ id: z.string() }) })
      .parse(await this.#ask("POST", "/services", { token, body: { service: { type, name: type } } }));
    const endpoint = { service_id: service.id, interface: "internal", region_id: REGION, url };
    await this.#ask("POST", "/endpoints", { token, body: { endpoint } });
  }

  /** An application credential of a user of its own, with that role alone. */
  async credential(role: "admin" | "reader"): Promise<Credential> {
    this.#users += 1;
    const name = `vgpud-${this.#users}`;
    const password = `of-${name}`;
    const { token, project } = await this.#admin();
    const made = await this.#ask("POST", "/users", {
      ...{ token, body: { user: { name, password, domain_id: "default" } } },
    });
    const { user } = z.object({ user: named }).parse(made);
    const { roles } = rolesSchema.parse(await this.#ask("GET", "/roles", { token }));
    const given = roles.find((each) => each.name === role)?.id ?? role;
    await this.#ask("PUT", `/projects/${project}/users/${user.id}/roles/${given}`, { token });
    const owner = await this.#scoped({ name, password });
    const wanted = { application_credential: { name, roles: [{ name: role }] } };
    const where = `/users/${user.id}/application_credentials`;
    const { application_credential: credential } = z
      .object({ application_credential: z.object({ id: z.string(), secret: z.string() }) })
      .parse(await this.#ask("POST", where, { token: owner.token, body: wanted }));
    return {
      ...credential,
      withdraw: async () => {
        await this.#ask("DELETE", `${where}/${credential.id}`, { token: owner.token });
      },
    };
  }

  /** Ends a token before its time. */
  async revoke(subject: string): Promise<void> {
    await this.#ask("DELETE", "/auth/tokens", {
      token: await this.token(),
      headers: { "x-subject-token": subject },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    await this.#port[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #admin(): Promise<Scoped> {
    return this.#scoped(ADMIN);
  }

  async #scoped({ name, password }: { readonly name: string; readonly password: string }): Promise<Scoped> {
    const domain = { id: "default" };
    const auth = {
      identity: { methods: ["password"], password: { user: { name, password, domain } } },
      scope: { project: { name: ADMIN.project, domain } },
    };
    const response = await this.#send("POST", "/auth/tokens", { body: { auth } });
    const { token } = tokenSchema.parse(await response.json());
    const id = response.headers.get("x-subject-token") ?? "";
    return { token: id, user: token.user.id, project: token.project.id };
  }

  async #ask(method: string, where: string, asked: Asked): Promise<unknown> {
    const text = await (await this.#send(method, where, asked)).text();
    return text === "" ? undefined : JSON.parse(text);
  }

  async #send(method: string, where: string, { token, body, headers }: Asked): Promise<Response> {
    const response = await fetch(this.url + where, {
      method,
      headers: {
        ...headers,
        ...(token !== undefined && { "x-auth-token": token }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.ok) return response;
    const said =
      response.status < 500 ? await response.text() : `its log ends with\n${this.#daemon?.log ?? ""}`;
    throw new Error(`Keystone answers ${response.status} to ${method} ${where}: ${said}`);
  }
}

interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function urlOn({ port }: HeldPort): string {
  return `http://127.0.0.1:${port}/v3`;
}

function configurationIn(folder: string): string {
  return path.join(folder, "keystone.conf");
}

function databaseIn(folder: string): string {
  return path.join(folder, "keystone.sqlite");
}

function configuration(folder: string, tokenSeconds: number): string {
  return `
[database]
connection = sqlite:///${databaseIn(folder)}
sqlite_synchronous = false
[fernet_tokens]
key_repository = ${folder}/fernet
[credential]
key_repository = ${folder}/credential
[token]
expiration = ${tokenSeconds}
`;
}
