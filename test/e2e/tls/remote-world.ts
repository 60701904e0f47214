// A simulated host whose vgpud serves TLS, with its certificates and with clients of all kinds.
import { credentials } from "@grpc/grpc-js";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { Rpc } from "../harness/rpc.ts";
import { World } from "../harness/world.ts";
import { Authority, type Pair } from "./authority.ts";

export const ADMIN = "spiffe://test/vgpud/admin";
export const READ = "spiffe://test/vgpud/read";
const HOST_NAME = "host.test";

/** What a client met. */
export interface Met {
  /** Whether its handshake came to an end. */
  readonly secured: boolean;
  /** All that it was sent afterwards. */
  readonly bytes: number;
  /** What its end of the connection was told. */
  readonly error: string | undefined;
}

export class RemoteWorld implements AsyncDisposable {
  readonly folder: string;
  readonly ca: Authority;
  readonly world: World;
  readonly address: string;

  private constructor(folder: string, ca: Authority, world: World, address: string) {
    this.folder = folder;
    this.ca = ca;
    this.world = world;
    this.address = address;
  }

  /** `limits` as the configuration has them; `more` are lines of it. */
  static async start({
    limits,
    revocation = true,
    more = "",
  }: { limits?: string; revocation?: boolean; more?: string } = {}): Promise<RemoteWorld> {
    const folder = await mkdtemp(path.join(tmpdir(), "vgpud-tls-"));
    const ca = await Authority.root(path.join(folder, "ca"), "clients");
    const files = await filesIn(folder, ca);
    const settings = `${settingsOf(files, revocation)}\n${more}`;
    const world = await World.start("", {}, { settings, ...(limits === undefined ? {} : { limits }) });
    return new RemoteWorld(folder, ca, world, await world.agent.said("tls"));
  }

  get port(): number {
    return Number(this.address.split(":").at(-1));
  }

  file(name: keyof TlsFilePaths): string {
    return pathsIn(this.folder)[name];
  }

  client(name: string, uri: string): Promise<Pair> {
    return this.ca.sign(name, { names: `URI:${uri}`, usage: "clientAuth" });
  }

  async rpc(pair: Pair): Promise<Rpc> {
    const [ca, key, certificate] = await Promise.all(
      [this.ca.certificate, pair.key, pair.certificate].map((file) => readFile(file)),
    );
    return new Rpc({
      ...{ address: this.address, name: HOST_NAME },
      credentials: credentials.createSsl(ca ?? null, key, certificate),
    });
  }

  /** Connects with a certificate, or none, and waits until it is let go, or spoken to. */
  async knock(pair: Pair | undefined, options: tls.ConnectionOptions = {}): Promise<Met> {
    const socket = await this.connect(pair, options);
    let bytes = 0;
    let secured = false;
    let error: string | undefined;
    socket.on("secureConnect", () => (secured = true));
    socket.on("data", (data: Buffer) => (bytes += data.length));
    socket.on("error", (thrown: NodeJS.ErrnoException) => (error = thrown.code));
    await Promise.race(["close", "data"].map((event) => new Promise((met) => socket.once(event, met))));
    socket.destroy();
    return { secured, bytes, error };
  }

  async connect(pair: Pair | undefined, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    const own = pair && { cert: await readFile(pair.certificate), key: await readFile(pair.key) };
    return tls.connect({
      ...{ host: "127.0.0.1", port: this.port, servername: HOST_NAME, ALPNProtocols: ["h2"] },
      ...{ ca: await readFile(this.ca.certificate), ...own, ...options },
    });
  }

  /** One that was let in: the server has spoken to it. */
  async letIn(pair: Pair): Promise<tls.TLSSocket> {
    const socket = await this.connect(pair);
    socket.on("error", () => undefined);
    const closed = once(socket, "close").then(() => Promise.reject(new Error("it was sent away")));
    closed.catch(() => undefined);
    await Promise.race([once(socket, "data"), closed]);
    return socket;
  }

  /** As certificate managers do: whole, or not at all. */
  async replace(name: keyof TlsFilePaths, text: string): Promise<void> {
    const next = `${this.file(name)}.next`;
    await writeFile(next, text, { mode: 0o600 });
    await rename(next, this.file(name));
  }

  async setList(seconds?: number): Promise<void> {
    await this.replace("revocation_list", await this.ca.list(seconds));
  }

  /** Resolves when the agent has read its files again. */
  async reload(says: RegExp = /the TLS listener uses its files as they are now/): Promise<void> {
    const before = this.world.agent.log.split("\n").filter((line) => says.test(line)).length;
    this.world.agent.signal("SIGHUP");
    await this.world.agent.logged(says, before + 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}

export interface TlsFilePaths {
  readonly certificate: string;
  readonly key: string;
  readonly client_ca: string;
  readonly revocation_list: string;
}

function pathsIn(folder: string): TlsFilePaths {
  const at = (name: string): string => path.join(folder, name);
  return {
    ...{ certificate: at("host.pem"), key: at("host.key") },
    ...{ client_ca: at("clients-ca.pem"), revocation_list: at("clients.crl") },
  };
}

/** All that a listener needs. */
export async function filesIn(folder: string, ca: Authority): Promise<TlsFilePaths> {
  const paths = pathsIn(folder);
  const host = await hostPair(ca);
  await copyFile(host.certificate, paths.certificate);
  await copyFile(host.key, paths.key);
  await copyFile(ca.certificate, paths.client_ca);
  await writeFile(paths.revocation_list, await ca.list());
  return paths;
}

export function hostPair(ca: Authority): Promise<Pair> {
  return ca.sign("host", { names: `DNS:${HOST_NAME},IP:127.0.0.1`, usage: "serverAuth" });
}

export function settingsOf(files: TlsFilePaths, revocation: boolean, listen = "127.0.0.1:0"): string {
  const { certificate, key, client_ca: ca, revocation_list: list } = files;
  const revoked = revocation ? `, revocation_list: ${list}` : "";
  return `
tls: { listen: "${listen}", certificate: ${certificate}, key: ${key}, client_ca: ${ca}${revoked} }
tls_roles: { admin: ["${ADMIN}"], read: ["${READ}"] }
`;
}
