// A simulated host and a vgpud on it, each a real process: the agent can be killed and meets the same kernel again.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { faultSchema, type Fault, type FaultFields } from "../../../agent/simulator/faults/fault.ts";
import {
  type CreateDomainResponse,
  DomainServiceService as Domains,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";
import { AgentCalls, present } from "./agent-calls.ts";
import { AgentProcess, type ProcessOptions } from "./agent-process.ts";
import { draft, GPU, type, type Draft } from "./requests.ts";
import { Rpc } from "./rpc.ts";
import { asSomebodyElse, foreignXml, type ForeignDomain, type LibvirtUri } from "./somebody-else.ts";
import { until } from "./until.ts";

const snapshotSchema = z.object({
  gpus: z.array(z.object({ address: z.string(), availableInstances: z.record(z.string(), z.number()) })),
  mdevs: z.array(
    z.object({
      uuid: z.string(),
      gpu: z.string(),
      type: z.string(),
      holder: z.object({ pid: z.number(), command: z.string() }).nullable(),
    }),
  ),
  domains: z.array(
    z.object({ name: z.string(), uuid: z.string(), state: z.string(), mdevs: z.array(z.string()) }),
  ),
  faults: z.array(faultSchema),
});

/** What the simulated kernel and libvirt really have. */
export type Truth = z.output<typeof snapshotSchema>;

const recordSchema = z.object({
  kind: z.enum(["domain", "vgpu", "reservation"]),
  claimId: z.string(),
  vgpuId: z.string(),
  /** Of a slice; all else has none in its file. */
  type: z.string().default(""),
  state: z.string(),
  goal: z.string(),
  /** Of a claim that has one of ours. */
  domain: z.object({ id: z.string(), name: z.string(), onStop: z.string() }).optional(),
  /** Of a reservation: milliseconds since the epoch. */
  expiresAt: z.number().optional(),
  /** Of a claim that was bound from one. */
  reservation: z.object({ claimId: z.string() }).optional(),
});

/** A claim as its file says it. */
export type ClaimRecord = z.output<typeof recordSchema>;

/** What a claim's file has below the line that guards it. */
export function recordOf(file: string): ClaimRecord {
  return recordSchema.parse(JSON.parse(file.slice(file.indexOf("\n"))));
}

interface Setting {
  /** Lines of the configuration beside those of every world. */
  readonly settings?: string;
  /** Instead of a folder of the simulated host's. */
  readonly stateDir?: string;
  /** YAML for the section `limits` of the configuration. */
  readonly limits?: string;
  /** By which of its drivers libvirt is asked: QEMU's, unless the host runs Xen. */
  readonly libvirtUri?: LibvirtUri;
  /** Of the agent's log, which is kept for the test that fails. */
  readonly logLevel?: "debug" | "warn";
}

/** For who asks for more changes within a second than the shipped limit lets one connection. */
export const MANY_A_SECOND: Setting = { limits: "{ connection_rate: 10000 }" };

const configurationOf = (
  images: string,
  { limits, settings, libvirtUri, logLevel = "debug" }: Setting,
): string => `
${settings ?? ""}
${limits === undefined ? "" : `limits: ${limits}`}
${libvirtUri === undefined ? "" : `libvirt: { uri: "${libvirtUri}" }`}
storage_roots: [${images}]
networks: [default]
bridges: [br0]
allow_raw_xml: true
log: { level: ${logLevel} }
`;

/** Everything that is durable on the host. */
export interface Footprint {
  readonly truth: Truth;
  /** The ledger's files. */
  readonly claims: readonly string[];
}

/** The worlds that the test which runs may have used, for their logs when it fails. */
let opened: World[] = [];

export { present } from "./agent-calls.ts";

export class World extends AgentCalls implements AsyncDisposable {
  readonly host: SimulatedHost;
  agent: AgentProcess;
  rpc: Rpc;
  /** Where /metrics is. */
  metricsUrl = "";
  disposed = false;

  readonly stateDir: string;
  /** Of the host without a description. */
  readonly apertureMib = 1024;
  /** How long what comes by itself is waited for. */
  readonly patienceMs = 30_000;
  readonly libvirtUri: LibvirtUri;
  readonly #process: ProcessOptions;

  private constructor(host: SimulatedHost, process: ProcessOptions, setting: Setting) {
    super();
    this.host = host;
    this.#process = process;
    this.libvirtUri = setting.libvirtUri ?? "qemu:///system";
    this.stateDir = setting.stateDir ?? path.join(host.directory, "state");
    this.agent = new AgentProcess(this.words, process);
    this.rpc = new Rpc(this.socket);
  }

  /** `yaml` is the HOST.yaml; without it one GPU with an aperture of 1024 MiB. */
  static async start(yaml = "", process: ProcessOptions = {}, setting: Setting = {}): Promise<World> {
    const host = await SimulatedHost.start(yaml);
    const images = path.join(host.directory, "images");
    await mkdir(images);
    for (const name of ["disk.img", "vmlinuz", "initrd"]) await writeFile(path.join(images, name), "");
    await writeFile(path.join(host.directory, "vgpud.yaml"), configurationOf(images, setting));
    const world = new World(host, process, setting);
    opened.push(world);
    await world.#ready();
    return world;
  }

  get images(): string {
    return path.join(this.host.directory, "images");
  }

  get socket(): string {
    return path.join(this.host.directory, "vgpud.sock");
  }

  get readSocket(): string {
    return path.join(this.host.directory, "vgpud-read.sock");
  }

  /** The agent's command line. */
  get words(): string[] {
    const { directory, root, hostdSocket, libvirtSocket } = this.host;
    return [
      ...[
        "--config",
        path.join(directory, "vgpud.yaml"),
        "--socket",
        this.socket,
        "--state-dir",
        this.stateDir,
      ],
      ...["--metrics", "127.0.0.1:0", "--host-root", root, "--hostd-socket", hostdSocket],
      ...["--libvirt-socket", libvirtSocket],
    ];
  }

  draft(name: string): Draft {
    return draft(this.images, name);
  }

  /** Sends the draft's request, changed. */
  async create(
    name: string,
    change: (draft: Draft) => void = () => undefined,
  ): Promise<CreateDomainResponse> {
    const made = this.draft(name);
    change(made);
    return await this.createAs(made.request);
  }

  async scrape(): Promise<string> {
    return await (await fetch(this.metricsUrl)).text();
  }

  async truth(): Promise<Truth> {
    return snapshotSchema.parse(await this.host.control({ command: "snapshot" }));
  }

  async claimFiles(): Promise<string[]> {
    const names = await readdir(path.join(this.stateDir, "claims")).catch(() => []);
    return names.filter((name) => !name.endsWith(".tmp")).sort();
  }

  /** The claims on disk. */
  async records(): Promise<ClaimRecord[]> {
    const files = (await this.claimFiles()).filter((name) => name.endsWith(".json"));
    const records = await Promise.all(
      files.map(async (name) => {
        const text = await readFile(path.join(this.stateDir, "claims", name), "utf8").catch(() => undefined);
        return text === undefined ? [] : [recordOf(text)];
      }),
    );
    return records.flat();
  }

  /** The states of the claims on disk. */
  async claimStates(): Promise<string[]> {
    return (await this.records()).map(({ state }) => state);
  }

  async footprint(): Promise<Footprint> {
    return { truth: await this.truth(), claims: await this.claimFiles() };
  }

  /** Where libvirt answers. */
  get libvirtSocket(): string {
    return this.host.libvirtSocket;
  }

  /** The host boots. */
  async boot(): Promise<void> {
    await this.host.control({ command: "reboot" });
  }

  /** Somebody else makes a `_8`. */
  async makeForeignSlice(uuid: string): Promise<void> {
    await this.host.control({ command: "create-mdev", gpu: GPU, type: type(8), uuid });
  }

  /** Somebody else defines a domain. */
  async defineForeign(domain: ForeignDomain): Promise<void> {
    const xml = foreignXml(domain, this.libvirtUri);
    await this.asSomebodyElse((libvirt) => libvirt.defineDomain(xml));
  }

  /** Does something with the host's libvirt by a connection of one's own. */
  asSomebodyElse<T>(act: (libvirt: Libvirt) => Promise<T>): Promise<T> {
    return asSomebodyElse(this.libvirtSocket, act, this.libvirtUri);
  }

  /** Somebody else undefines a domain. */
  async undefineBehindItsBack(name: string): Promise<void> {
    await this.asSomebodyElse(async (libvirt) => {
      await libvirt.undefineDomain(present(await libvirt.lookupDomainByName(name)));
    });
  }

  /** One without a name has that of its kind. */
  async setFaults(...faults: readonly FaultFields[]): Promise<void> {
    await this.host.control({ command: "set-faults", faults });
  }

  /** Whether a fault of the kind that was set for two times has had one. */
  async hasStruck(kind: Fault["kind"]): Promise<boolean> {
    const { faults } = await this.truth();
    return faults.some((fault) => fault.kind === kind && fault.times === 1);
  }

  async clearFaults(): Promise<void> {
    await this.host.control({ command: "clear-faults" });
  }

  /** Starts the agent again on the same host, after it ended; `more` are words of its command line. */
  async startAgain(more: readonly string[] = [], process: ProcessOptions = {}): Promise<void> {
    this.rpc[Symbol.dispose]();
    this.agent = new AgentProcess([...this.words, ...more], { ...this.#process, ...process });
    this.rpc = new Rpc(this.socket);
    await this.#ready();
  }

  /** Readiness does not need libvirt; what most tests ask for does. */
  async #ready(): Promise<void> {
    this.metricsUrl = await this.agent.ready();
    const { faults } = await this.truth();
    if (!faults.some(({ kind }) => kind === "LIBVIRT_GONE" || kind === "LIBVIRT_HANGS"))
      await this.sawLibvirt();
  }

  /** Resolves when the agent's view holds libvirt's domains. */
  async sawLibvirt(): Promise<void> {
    await until("libvirt's domains are seen", async () => {
      const { incomplete } = await this.rpc.call(Domains.listDomains, {
        pageSize: 1,
        pageToken: "",
        withUsage: false,
      });
      return incomplete === undefined;
    });
  }

  /** As after a week: claim ids may be used again. The agent is started anew, since it alone may touch the files. */
  async forgetTombstones(): Promise<void> {
    await this.agent.end();
    await rm(path.join(this.stateDir, "claims"), { recursive: true });
    await this.startAgain();
  }

  async kill(): Promise<void> {
    await this.agent.end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    this.rpc[Symbol.dispose]();
    await this.agent[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

/** Root hooks (hooks.ts): mocha in several processes keeps those of a file's imports for the first file alone. */
export function tellFailed(test: { readonly state?: string | undefined } | undefined): void {
  if (test?.state === "failed")
    for (const { agent } of opened) process.stderr.write(`the agent's log:\n${agent.log}\n`);
  opened = opened.filter(({ disposed }) => !disposed);
}

/** A test that ran out of time has not ended its processes. */
export async function endAll(): Promise<void> {
  await Promise.all(opened.filter(({ disposed }) => !disposed).map((world) => world[Symbol.asyncDispose]()));
}
