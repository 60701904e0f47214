// A host of the demonstration: a bed with vgpud's package under systemd, which is led to Placement, and whose TLS listener and metrics
// are on ports of this machine.
import { readFile } from "node:fs/promises";
import { HeldPort } from "../fakes/held-port.ts";
import type { Authority } from "../e2e/tls/authority.ts";
import { makeDisk } from "../testbed/agent-in-bed.ts";
import { Bed } from "../testbed/bed.ts";
import { ServiceInBed } from "../testbed/service-in-bed.ts";
import type { HostKind } from "./host-kinds.ts";

/** As docs/tls.md has it: all schedulers have this one. */
export const SCHEDULER = "spiffe://example.org/vgpud/scheduler";
/** In each host the way to Placement, which is on another machine. */
const PLACEMENT_PORT = 8778;
const TLS_PORT = 9470;
const METRICS_PORT = 9469;
export const CONFIG_FILE = "/etc/vgpud/config.yaml.d/10-demonstration.yaml";
const TLS_FOLDER = "/etc/vgpud/tls";
/** As certificates here; an alert warns of a list in the last sixth of its time. */
const LIST_SECONDS = 30 * 86_400;
interface Surroundings {
  readonly ca: Authority;
  /** Of this machine's loopback. */
  readonly placementPort: number;
  /** Domains that may come to it; each has a disk of its own. */
  readonly domains: readonly string[];
}

interface Ports {
  readonly tls: HeldPort;
  readonly metrics: HeldPort;
}

export class SeedHost implements AsyncDisposable {
  readonly kind: HostKind;
  readonly bed: Bed;
  readonly service: ServiceInBed;
  readonly #ports: Ports;

  private constructor(kind: HostKind, bed: Bed, service: ServiceInBed, ports: Ports) {
    this.kind = kind;
    this.bed = bed;
    this.service = service;
    this.#ports = ports;
  }

  /** Resolves when vgpud serves with its configuration. */
  static async start(kind: HostKind, surroundings: Surroundings): Promise<SeedHost> {
    const bed = await Bed.start({ machine: kind.machine, share: process.cwd(), init: "systemd" });
    const ports = { tls: await HeldPort.hold(), metrics: await HeldPort.hold() };
    let service: ServiceInBed | undefined;
    try {
      await bed.lead(PLACEMENT_PORT, surroundings.placementPort);
      await bed.forwardPort(ports.tls.port, `tcp:${TLS_PORT}`);
      await bed.forwardPort(ports.metrics.port, `tcp:${METRICS_PORT}`);
      service = await ServiceInBed.install(bed);
      const host = new SeedHost(kind, bed, service, ports);
      for (const name of surroundings.domains) await makeDisk(bed, name);
      await host.#configure(surroundings.ca);
      // What was installed has been on the disk for long when the power goes.
      await bed.check("sync", { timeoutMs: 120_000 });
      return host;
    } catch (error) {
      await bed.stop();
      service?.close();
      throw error;
    }
  }

  get name(): string {
    return this.kind.name;
  }

  /** Of this machine's loopback. */
  get tlsPort(): number {
    return this.#ports.tls.port;
  }

  get metricsAddress(): string {
    return `127.0.0.1:${this.#ports.metrics.port}`;
  }

  /** What the configuration of vgpud is, beside the package's. */
  get #configuration(): string {
    return `${this.kind.settings}tls:
  listen: 127.0.0.1:${TLS_PORT}
  certificate: ${TLS_FOLDER}/host.pem
  key: ${TLS_FOLDER}/host.key
  client_ca: ${TLS_FOLDER}/clients-ca.pem
  revocation_list: ${TLS_FOLDER}/clients.crl
tls_roles:
  admin: [${SCHEDULER}]
scheduler:
  adapter: placement
  placement:
    endpoint: http://127.0.0.1:${PLACEMENT_PORT}
    root: own
    host: ${this.name}
`;
  }

  /** The kernel's slices, past vgpud. */
  async slices(): Promise<readonly string[]> {
    return wordsOf(await this.bed.check(this.kind.slices));
  }

  /** Names of libvirt's domains, past vgpud. */
  async domains(which: "running" | "defined"): Promise<readonly string[]> {
    const all = which === "defined" ? "--all " : "";
    const names = wordsOf(await this.virsh(`list ${all}--name`));
    return names.filter((name) => name !== "Domain-0").sort();
  }

  /** Names of the running domains that have the kernel's slice which is theirs. */
  async withSlice(): Promise<readonly string[]> {
    const running = (await this.domains("running")).join(" ");
    const loop = `for d in ${running}; do if ${this.kind.hasSlice}; then echo $d; fi; done`;
    return running === "" ? [] : wordsOf(await this.bed.check(loop, { timeoutMs: 120_000 })).sort();
  }

  virsh(words: string): Promise<string> {
    return this.bed.check(`virsh -q -c ${this.kind.libvirtUri} ${words}`, { timeoutMs: 120_000 });
  }

  /** Without a word to anybody. */
  async cutPower(): Promise<void> {
    await this.bed.cutPower();
  }

  /** Resolves when vgpud answers with libvirt's domains. */
  async powerOn(): Promise<void> {
    await this.bed.powerOn();
    await this.service.served((client) => client.listDomains());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bed.stop();
    this.service.close();
    await this.#ports.tls[Symbol.asyncDispose]();
    await this.#ports.metrics[Symbol.asyncDispose]();
  }

  async #configure(ca: Authority): Promise<void> {
    const pair = await ca.sign(this.name, { names: `DNS:${this.name}`, usage: "serverAuth" });
    await this.bed.check(`install -d -o root -g vgpud -m 0750 ${TLS_FOLDER}`);
    const files = {
      "host.pem": await readFile(pair.certificate, "utf8"),
      "host.key": await readFile(pair.key, "utf8"),
      "clients-ca.pem": await readFile(ca.certificate, "utf8"),
      "clients.crl": await ca.list(LIST_SECONDS),
    };
    for (const [name, text] of Object.entries(files))
      await this.bed.writeFile(`${TLS_FOLDER}/${name}`, text, 0o640);
    await this.bed.check(`chgrp vgpud ${TLS_FOLDER}/*`);
    await this.bed.writeFile(CONFIG_FILE, this.#configuration);
    await this.service.systemctl("restart", "vgpud.service");
    await this.service.served((client) => client.listDomains());
  }
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
