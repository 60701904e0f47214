// vgpud and vgpud-hostd in the bed as an operator has them: hostd as root, vgpud as a user of its own in group libvirt.
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { CreateDomainRequest } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import type { OnStop } from "../../proto/gen/vgpud/v1/claim.ts";
import { AgentClient } from "./agent-client.ts";
import { unpackAgent } from "./agent-package.ts";
import type { Bed } from "./bed.ts";
import type { Suffix } from "./gpu.ts";
import type { RunningCommand } from "./guest-channel.ts";

export const images = "/var/lib/libvirt/images";
export const claims = "/var/lib/vgpud/claims";
const installed = "/opt/vgpud";
const guestSocket = "/run/vgpud/vgpud.sock";
const metricsPort = 9469;
export const logFile = "/var/log/vgpud.log";
export const pidFile = "/run/vgpud.pid";
const configFile = "/etc/vgpud/vgpud.yaml";

const config = (libvirtUri: string): string => `socket: ${guestSocket}
state_dir: /var/lib/vgpud
metrics: { listen: "127.0.0.1:${metricsPort}" }
libvirt: { uri: "${libvirtUri}" }
storage_roots: [${images}]
`;
const account = `set -e
useradd --system --groups libvirt --home-dir /var/lib/vgpud --shell /usr/sbin/nologin vgpud
install -d -o vgpud -g vgpud -m 750 /var/lib/vgpud`;
const asVgpud = "setpriv --reuid vgpud --regid vgpud --init-groups";
const hostd = `exec setpriv --regid vgpud --clear-groups node ${installed}/dist/agent/hostd/main.js`;
const START_MS = 240_000;
const ASK_AGAIN_MS = 200;

/** What is started: by default the program as it is shipped. */
export interface Program {
  /** Below the folder that `unpackAgent` fills. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Installation {
  readonly program?: Program;
  /** Of the bed's hypervisor; default qemu:///system. */
  readonly libvirtUri?: string;
  /** Lines of its configuration beside those that are the same everywhere. */
  readonly settings?: string;
}

const shipped: Program = { script: "dist/agent/main.js", environment: {} };

/** One vgpud in the bed, with the hostd and the client it needs. */
export class AgentInBed {
  readonly #bed: Bed;
  readonly #libvirtUri: string;
  /** The agent's socket, on this machine. */
  readonly socket: string;
  readonly #scrapes: string;
  #agent: RunningCommand | undefined;
  #over = false;
  #client: AgentClient;

  private constructor(
    bed: Bed,
    libvirtUri: string,
    forwards: { readonly socket: string; readonly scrapes: string },
  ) {
    this.#bed = bed;
    this.#libvirtUri = libvirtUri;
    this.socket = forwards.socket;
    this.#scrapes = forwards.scrapes;
    this.#client = new AgentClient(this.socket);
  }

  /** Makes the account and starts both, in a bed that has neither: a fresh or reset one. */
  static async install(bed: Bed, installation: Installation = {}): Promise<AgentInBed> {
    const forwards = {
      socket: await bed.forward(`unix:${guestSocket}`),
      scrapes: await bed.forward(`tcp:${metricsPort}`),
    };
    await bed.check(account);
    await bed.check(await unpackAgent(installed));
    const agent = new AgentInBed(bed, installation.libvirtUri ?? "qemu:///system", forwards);
    await agent.configure(installation.settings);
    await agent.startHostd();
    await agent.start(installation.program);
    return agent;
  }

  /** Holds from its next start on. */
  async configure(settings = ""): Promise<void> {
    await this.#bed.writeFile(configFile, `${config(this.#libvirtUri)}${settings}`);
  }

  /** Also after a boot of the guest, which starts neither by itself. */
  async startHostd(): Promise<void> {
    await this.#bed.check("install -d -o vgpud -g vgpud -m 750 /run/vgpud");
    this.#bed.background(`${hostd} --socket /run/vgpud/hostd.sock --root / >/var/log/hostd.log 2>&1`);
    await until(this.#bed, "[ -S /run/vgpud/hostd.sock ]");
  }

  /** Resolves when it has said that it is ready. */
  async start({ script, environment } = shipped): Promise<void> {
    await this.#bed.check("rm -f /run/vgpud/ready");
    const variables = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'; `);
    const command = `exec ${asVgpud} node ${installed}/${script} --config ${configFile}`;
    const output = `2>>${logFile} >/run/vgpud/ready`;
    this.#agent = this.#bed.background(`${variables.join("")}echo $$ >${pidFile}; ${command} ${output}`);
    this.#over = false;
    const result = this.#agent.result.finally(() => {
      this.#over = true;
    });
    const ended = result.then(async ({ code }) => {
      throw new Error(`vgpud ended with status ${code}\n${await this.log()}`);
    });
    await Promise.race([until(this.#bed, "grep -qs ^ready /run/vgpud/ready", START_MS), ended]);
    ended.catch(() => undefined);
    this.#client.close();
    this.#client = new AgentClient(this.socket);
  }

  /** Whether it was started and has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Resolves when it has ended, by whatever. */
  async ended(): Promise<void> {
    await this.#agent?.result;
  }

  /** Ends it at once, as a crash does, or in order with SIGTERM. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#agent?.kill(signal);
    await this.#agent?.result;
  }

  /** A new one after each start. */
  get client(): AgentClient {
    return this.#client;
  }

  /** What the agent has logged since it was installed, one JSON object a line. */
  log(): Promise<string> {
    return this.#bed.check(`cat ${logFile}`);
  }

  /** A scrape: values by series, as `vgpud_domains_dropped` or `vgpud_gpu_fences{pci_address="…",state="free"}`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const body = await get(this.#scrapes, "/metrics");
    const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** Waits for a condition in the guest, a bash command. */
export async function until(bed: Bed, condition: string, timeoutMs = 60_000): Promise<void> {
  await bed.check(`until ${condition}; do sleep 0.1; done`, { timeoutMs });
}

/** Asks again until the answer is the one waited for; for what is promised to come by itself. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`not so within ${timeoutMs} ms: ${isThere.toString()}: ${JSON.stringify(answer)}`);
    await delay(ASK_AGAIN_MS);
  }
}

/** A domain with one disk and one slice. Its claim id is `claim-NAME`; the disk must exist (`makeDisk`). */
export function domainRequest(name: string, suffix: Suffix, onStop?: OnStop): CreateDomainRequest {
  return CreateDomainRequest.fromPartial({
    claimId: `claim-${name}`,
    domain: {
      ...{ name, vcpus: 1, memoryMib: 64 },
      disks: [{ path: diskOf(name), format: DiskFormat.RAW }],
      ...(onStop && { onStop }),
    },
    vgpu: { want: { $case: "type", value: `i915-GVTg_V5_${suffix}` } },
  });
}

function diskOf(name: string): string {
  return `${images}/${name}.img`;
}

/** `sti`, `hlt`, and again: as the octal numbers of printf. */
const WAITS = String.raw`\373\364\353\374`;
const BOOTABLE = { at: 510, mark: String.raw`\125\252` };

/**
 * A raw disk whose boot sector waits for ever and hears no request to shut down. Without one Xen's firmware finds nothing to boot and
 * resets the guest after a minute.
 */
export async function makeDisk(bed: Bed, name: string): Promise<void> {
  const disk = diskOf(name);
  const write = `dd of=${disk} bs=1 conv=notrunc status=none`;
  await bed.check(
    `truncate -s 1M ${disk} && printf '${WAITS}' | ${write} && printf '${BOOTABLE.mark}' | ${write} seek=${BOOTABLE.at}`,
  );
}

async function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      text(response).then(resolve, reject);
    })
      .on("error", reject)
      .end();
  });
}
