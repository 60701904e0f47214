// Nova as its administrator, who owns the servers, too. What it answers is read as far as tests ask for it.
import assert from "node:assert/strict";
import { z } from "zod";
import { until } from "../e2e/harness/until.ts";

const ANSWER_MS = 120_000;
/** A server goes through three services and their queue, on a machine that has other work. */
const BUILT_MS = 300_000;

const servicesSchema = z.object({
  services: z.array(z.object({ id: z.string(), binary: z.string(), host: z.string(), state: z.string() })),
});
const hypervisorsSchema = z.object({
  hypervisors: z.array(z.object({ hypervisor_hostname: z.string(), state: z.string() })),
});
const serverSchema = z.object({
  server: z.object({
    id: z.string(),
    status: z.string(),
    "OS-EXT-SRV-ATTR:host": z.string().nullish(),
    fault: z.object({ message: z.string() }).optional(),
  }),
});
const idSchema = z.object({ id: z.string() });

export interface Server {
  readonly id: string;
  /** Nova's word, as ACTIVE. */
  readonly status: string;
  /** Empty where none was found. */
  readonly host: string;
  /** Why it failed; empty where it did not. */
  readonly fault: string;
}

export class Nova {
  readonly #url: string;
  readonly #images: string;
  #image: string | undefined;

  /** The second is Glance's. */
  constructor(url: string, images: string) {
    this.#url = url;
    this.#images = images;
  }

  async services(): Promise<z.output<typeof servicesSchema>["services"]> {
    return servicesSchema.parse(await this.#ask("GET", "/os-services", 200)).services;
  }

  /** Whether it places servers on that host. */
  async hasHost(host: string): Promise<boolean> {
    const { hypervisors } = hypervisorsSchema.parse(await this.#ask("GET", "/os-hypervisors", 200));
    const known = hypervisors.some((each) => each.hypervisor_hostname === host && each.state === "up");
    return known && (await this.services()).some((each) => each.host === host && each.state === "up");
  }

  /** A host that is gone for good. */
  async forgetHost(host: string): Promise<void> {
    await this.#ask("DELETE", await this.#computeOn(host), 204);
  }

  /** Whatever its nova-compute tells of itself. */
  async takeForDead(host: string): Promise<void> {
    await this.#ask("PUT", await this.#computeOn(host), 200, { forced_down: true });
  }

  /** Resolves when the host counts again: not before its nova-compute has done with what was evacuated from it. */
  async takeForAlive(host: string): Promise<void> {
    const where = await this.#computeOn(host);
    const look = async () => (await this.#send("PUT", where, { forced_down: false })).ok;
    await until(`Nova takes ${host} for alive`, look, BUILT_MS);
  }

  /** Resolves with the id of a flavor with these extra specs. */
  async createFlavor(name: string, specs: Readonly<Record<string, string>>): Promise<string> {
    const flavor = { name, ram: 512, vcpus: 1, disk: 1 };
    const { flavor: made } = z
      .object({ flavor: idSchema })
      .parse(await this.#ask("POST", "/flavors", 200, { flavor }));
    await this.#ask("POST", `/flavors/${made.id}/os-extra_specs`, 200, { extra_specs: specs });
    return made.id;
  }

  /** Resolves when it is built, or will not be; on `host` whatever the scheduler would like better. */
  async boot(name: string, flavor: string, host?: string): Promise<Server> {
    this.#image ??= await this.#createImage();
    const where = host === undefined ? {} : { host };
    const server = { name, imageRef: this.#image, flavorRef: flavor, networks: "none", ...where };
    const { server: made } = z
      .object({ server: idSchema })
      .parse(await this.#ask("POST", "/servers", 202, { server }));
    return await this.serverUntil(made.id, `${name} is built`, ({ status }) => status !== "BUILD");
  }

  async serverUntil(id: string, what: string, isSo: (server: Server) => boolean): Promise<Server> {
    const look = async () => {
      const server = await this.#server(id);
      return isSo(server) && server;
    };
    return await until(what, look, BUILT_MS);
  }

  /** One of its actions, as `migrate`, which goes on when this resolves. */
  async act(id: string, action: string, how: object | null = null): Promise<void> {
    await this.#ask("POST", `/servers/${id}/action`, [200, 202, 204], { [action]: how });
  }

  /** Resolves when it is gone; at once when it is already. */
  async destroy(id: string): Promise<void> {
    await this.#ask("DELETE", `/servers/${id}`, [204, 404]);
    await until(
      `server ${id} is gone`,
      async () => (await this.#send("GET", `/servers/${id}`)).status === 404,
      BUILT_MS,
    );
  }

  async destroyAll(): Promise<void> {
    const { servers } = z
      .object({ servers: z.array(idSchema) })
      .parse(await this.#ask("GET", "/servers?all_tenants=1", 200));
    await Promise.all(servers.map(({ id }) => this.destroy(id)));
  }

  async #computeOn(host: string): Promise<string> {
    const found = (await this.services()).find(
      (each) => each.host === host && each.binary === "nova-compute",
    );
    assert.ok(found, host);
    return `/os-services/${found.id}`;
  }

  async #server(id: string): Promise<Server> {
    const { server } = serverSchema.parse(await this.#ask("GET", `/servers/${id}`, 200));
    const { status, "OS-EXT-SRV-ATTR:host": host, fault } = server;
    return { id, status, host: host ?? "", fault: fault?.message ?? "" };
  }

  /** A disk of one byte: nobody reads it. */
  async #createImage(): Promise<string> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ name: "empty", disk_format: "raw", container_format: "bare" });
    const made = await fetch(`${this.#images}/v2/images`, { method: "POST", headers, body });
    const { id } = idSchema.parse(await made.json());
    const stored = await fetch(`${this.#images}/v2/images/${id}/file`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: "x",
    });
    assert.equal(stored.status, 204);
    return id;
  }

  async #ask(
    method: string,
    where: string,
    wanted: number | readonly number[],
    body?: unknown,
  ): Promise<unknown> {
    const response = await this.#send(method, where, body);
    const text = await response.text();
    const told = `${method} ${where}: HTTP ${response.status} ${text}`;
    assert.ok([wanted].flat().includes(response.status), told);
    return text === "" ? undefined : JSON.parse(text);
  }

  async #send(method: string, where: string, body?: unknown): Promise<Response> {
    return await fetch(`${this.#url}/v2.1${where}`, {
      method,
      headers: {
        "openstack-api-version": "compute 2.93",
        ...{ "x-auth-token": "admin", "x-user-id": "admin", "x-tenant-id": "project" },
        "x-roles": "admin,member,reader",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
