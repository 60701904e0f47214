// Who wants domains: vgpuctl on a machine of its own, with the three files that `schedule` needs, a certificate, and no other way to the
// hosts than TLS.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Authority } from "../e2e/tls/authority.ts";
import { images } from "../testbed/agent-in-bed.ts";
import { SCHEDULER } from "./seed-host.ts";

const PROGRAM = fileURLToPath(new URL("../../agent/cli/main.js", import.meta.url));
const SCHEDULE_FILE = "schedule.yaml";
const FLAVORS_FILE = "flavors.yaml";
/** Instead of the folder, whose name is another one each time, in what is shown of files. */
const HOME = "/home/ann";

/** The seed's three sizes; of `desk.medium` they are no type's, and so rounded: 128/384/4 becomes 128/512/4. */
const FLAVORS = `desk.large:  { vcpus: 1, memory: 64, vgt_low_gm_sz: 256, vgt_high_gm_sz: 1024, vgt_fence_sz: 4 }
desk.medium: { vcpus: 1, memory: 64, vgt_low_gm_sz: 128, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }
desk.small:  { vcpus: 1, memory: 64, vgt_low_gm_sz: 64, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }
`;

export interface Reached {
  readonly name: string;
  /** Of this machine's loopback. */
  readonly tlsPort: number;
}

/** How a run of vgpuctl ended. */
export interface Ran {
  /** As a shell has it. */
  readonly line: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const listSchema = z.object({
  claims: z.array(z.object({ claim_id: z.string(), host: z.string(), domain: z.string().nullable() })),
});

export type Claim = z.output<typeof listSchema>["claims"][number];

export class Caller implements AsyncDisposable {
  readonly folder: string;
  /** Signs hosts and clients. */
  readonly ca: Authority;

  private constructor(folder: string, ca: Authority) {
    this.folder = folder;
    this.ca = ca;
  }

  static async start(): Promise<Caller> {
    const folder = await mkdtemp(path.join(tmpdir(), "vgpud-seed-"));
    return new Caller(folder, await Authority.root(path.join(folder, "ca"), "vgpud CA"));
  }

  /** `domains`: that it will ask for, and which of them are to be started with their host. */
  async knows(
    placementUrl: string,
    hosts: readonly Reached[],
    domains: Readonly<Record<string, { readonly autostart: boolean }>>,
  ): Promise<void> {
    const wish = { names: `URI:${SCHEDULER}`, usage: "clientAuth" };
    const { certificate, key } = await this.ca.sign("scheduler", wish);
    const addresses = hosts.map(({ name, tlsPort }) => `    ${name}: 127.0.0.1:${tlsPort}\n`).join("");
    const schedule = `placement:
  endpoint: ${placementUrl}
agents:
  addresses:
${addresses}  tls:
    ca: ${this.ca.certificate}
    certificate: ${certificate}
    key: ${key}
    server_name: "{host}"
flavors: ${this.#at(FLAVORS_FILE)}
`;
    await writeFile(this.#at(SCHEDULE_FILE), schedule);
    await writeFile(this.#at(FLAVORS_FILE), FLAVORS);
    for (const [name, { autostart }] of Object.entries(domains))
      await writeFile(this.#at(`${name}.yaml`), domainFile(name, autostart));
  }

  /** Its files as it is shown them. */
  async files(): Promise<Readonly<Record<string, string>>> {
    const shown = async (name: string) => {
      const written = await readFile(this.#at(name), "utf8");
      return [name, written.replaceAll(this.folder, HOME)] as const;
    };
    return Object.fromEntries(await Promise.all([SCHEDULE_FILE, FLAVORS_FILE, "desk-1.yaml"].map(shown)));
  }

  create(name: string, flavor: string): Promise<Ran> {
    return this.schedule("create", "--flavor", flavor, "-f", `${name}.yaml`);
  }

  destroy(name: string): Promise<Ran> {
    return this.schedule("destroy", name, "--now", "--yes");
  }

  /** What is booked, on whichever host, by claim id. */
  async claims(): Promise<readonly Claim[]> {
    const { exitCode, stdout, stderr } = await this.schedule("list", "-o", "json");
    if (exitCode !== 0) throw new Error(`vgpuctl schedule list ended with ${exitCode}: ${stderr}`);
    return listSchema.parse(JSON.parse(stdout)).claims;
  }

  schedule(...words: readonly string[]): Promise<Ran> {
    return this.run("schedule", ...words, "--schedule-file", SCHEDULE_FILE);
  }

  /** vgpuctl in the folder of its files. */
  async run(...words: readonly string[]): Promise<Ran> {
    // Emulation stretches everything.
    const child = spawn(process.execPath, [PROGRAM, ...words, "--timeout", "8m"], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const closed = once(child, "close");
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await closed;
    return { line: `vgpuctl ${words.join(" ")}`, exitCode: child.exitCode ?? -1, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #at(name: string): string {
    return path.join(this.folder, name);
  }
}

function domainFile(name: string, autostart: boolean): string {
  return `domain:
  name: ${name}
  autostart: ${autostart}
  disks:
    - path: ${images}/${name}.img
      format: raw
`;
}
