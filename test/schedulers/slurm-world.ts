// A simulated host that is the one node of a real Slurm, with an agent on it and the scripts of docs/examples/slurm.
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import type { Draft } from "../e2e/harness/requests.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import type { Gres } from "./slurm-files.ts";
import { FOR_EVER, startSlurm, type Slurm, type SlurmJob, type SlurmOptions } from "./slurm.ts";

const EXAMPLES = fileURLToPath(new URL("../../../docs/examples/slurm/", import.meta.url));
const VGPUCTL = fileURLToPath(import.meta.resolve("../../agent/cli/main.js"));
/** Room for six of the smallest type: the host keeps 128 MiB of its aperture. */
const HOST = `gpus: [{ address: "0000:00:02.0", aperture_mib: 512 }]`;
const NODE = "node1";
const FOREIGN = "f0000000-0000-4000-8000-000000000001";

/** What Slurm counts of that host, and what when others have one of the smallest type. */
export const ALL = "vgpu:7,vgt_low_gm_mb:384,vgt_high_gm_mb:3200,vgt_fence:28";
export const LESS = "vgpu:6,vgt_low_gm_mb:320,vgt_high_gm_mb:2816,vgt_fence:24";
/** The word for sbatch that asks for the smallest type. */
export const SMALL = "--gres=vgpu:1,vgt_low_gm_mb:64,vgt_high_gm_mb:384,vgt_fence:4";
/** The claim id that stands for a job. */
export const claimOf = (job: string): string => `slurm:vgpud:${job}`;

interface SlurmWorldOptions {
  /** In YAML, as the simulator reads it; by default one GPU. */
  readonly host?: string;
  /** What slurm.conf and gres.conf give the node; by default as the example has it. */
  readonly gres?: readonly Gres[];
  /** How often vgpud compares the books. */
  readonly healEvery?: string;
  /** Whether vgpud tells Slurm anything; by default it does. */
  readonly publish?: boolean;
  /** Whether slurmd looks now and then whether vgpud answers; by default it does not. */
  readonly health?: boolean;
  /** Of slurm.conf, other than as a rule. */
  readonly cluster?: SlurmOptions["settings"];
}

export class SlurmWorld implements AsyncDisposable {
  readonly slurm: Slurm;
  readonly world: World;
  readonly #folder: string;

  private constructor(folder: string, slurm: Slurm, world: World) {
    this.#folder = folder;
    this.slurm = slurm;
    this.world = world;
  }

  static async start({
    host = HOST,
    gres,
    healEvery = "2s",
    publish = true,
    health = false,
    cluster = {},
  }: SlurmWorldOptions = {}): Promise<SlurmWorld> {
    const folder = await mkdtemp(path.join(tmpdir(), "slurm-world-"));
    await mkdir(path.join(folder, "bin"));
    await mkdir(path.join(folder, "vm"));
    const script = async (name: string): Promise<string> =>
      (await readFile(path.join(EXAMPLES, name), "utf8"))
        .replace("PATH=", `PATH=${folder}/bin:`)
        .replace(/^patience=.*/m, "patience=3")
        .replace("/etc/slurm/vm/", `${folder}/vm/`);
    const healthFile = path.join(folder, "health");
    await writeFile(healthFile, "#!/bin/sh\n", { mode: 0o755 });
    const looking = health ? { HealthCheckProgram: healthFile, HealthCheckInterval: 1 } : {};
    const slurm = await startSlurm({
      gres: gres ?? gresOf(await readFile(path.join(EXAMPLES, "gres.conf"), "utf8")),
      prolog: await script("vm-prolog.sh"),
      epilog: await script("vm-epilog.sh"),
      settings: { ...looking, ...cluster },
    });
    const conf = slurm.env["SLURM_CONF"] ?? "";
    // Unlike its prolog, slurmd tells this one nothing of a slurm.conf elsewhere than where Debian has it.
    const asked = (await script("vm-health.sh")).replace("PATH=", `export SLURM_CONF='${conf}'\nPATH=`);
    if (health) await writeFile(healthFile, asked);
    const settings = `scheduler:
  adapter: slurm
  first_within: 0s
  heal_every: ${healEvery}
  slurm: { cluster: vgpud, node: ${NODE}, publish: ${String(publish)}, conf: "${conf}", prefix: "${folder}", timeout: 5s }`;
    await installPrograms(folder);
    await writeFile(path.join(folder, "bin/logger"), `#!/bin/sh\necho "$*" >> '${folder}/logger.log'\n`, {
      mode: 0o755,
    });
    const world = await World.start(host, {}, { settings });
    const made = new SlurmWorld(folder, slurm, world);
    await made.#install();
    return made;
  }

  /** Of what vgpuctl on the node is to make. */
  async #install(): Promise<void> {
    const vgpuctl = path.join(this.#folder, "bin/vgpuctl");
    const words = [process.execPath, VGPUCTL].map((word) => `'${word}'`).join(" ");
    const gate = gateOf("vgpuctl", this.#folder);
    await writeFile(vgpuctl, `#!/bin/sh\n${gate}\nexec ${words} "$@" --socket '${this.world.socket}'\n`);
    await chmod(vgpuctl, 0o755);
    const { images } = this.world;
    const request = `vgpu: { type: i915-GVTg_V5_8 }
domain: { vcpus: 1, memory_mib: 512, boot: { kernel: { kernel_path: ${images}/vmlinuz } } }
`;
    await writeFile(this.#request, request);
  }

  get #request(): string {
    return path.join(this.#folder, "request.yaml");
  }

  /** Queues the example's job; `more` are words for sbatch. Resolves with its id. */
  async submitMachine(...more: readonly string[]): Promise<string> {
    const { PATH = "" } = process.env;
    const words = [
      `--export=ALL,LOOK_EVERY=1,PATH=${this.#folder}/bin:${PATH}`,
      `--output=${this.#folder}/job-%j.log`,
      ...more,
    ];
    const script = path.join(EXAMPLES, "vm-job.sh");
    return await this.slurm.run("sbatch", "--parsable", ...words, script, this.#request);
  }

  /** What a job of the example's script has written. */
  async jobSaid(id: string): Promise<string> {
    return (await this.#linesOf(`job-${id}.log`)).join("\n");
  }

  /** Queues a job that does nothing; `words` are sbatch's. Resolves with its id when it runs. */
  async idleJob(...words: readonly string[]): Promise<string> {
    const id = await this.slurm.submit(FOR_EVER, ...words);
    await this.slurm.comesTo(id, "RUNNING");
    return id;
  }

  /** While it is so, the prolog makes the machine of every job. */
  async setPrologMakes(isSo: boolean): Promise<void> {
    const file = path.join(this.#folder, "vm/gpu.yaml");
    if (isSo) await writeFile(file, await readFile(this.#request));
    else await rm(file, { force: true });
  }

  /** Until it is opened, the scripts of jobs wait where they run that program. */
  async shutGate(program: "scontrol" | "vgpuctl"): Promise<void> {
    await writeFile(path.join(this.#folder, "gate"), `${program}\n`);
  }

  async openGate(): Promise<void> {
    await rm(path.join(this.#folder, "gate"));
    await rm(path.join(this.#folder, "waits"));
  }

  /** Resolves when a script waits there. */
  async waitsAtGate(): Promise<void> {
    const waits = async (): Promise<boolean> =>
      await readFile(path.join(this.#folder, "waits")).then(
        () => true,
        () => false,
      );
    await until("a script waits at the gate", waits);
  }

  /** While it is not so, vgpud cannot ask Slurm anything of jobs. */
  async setSqueue(isThere: boolean): Promise<void> {
    const file = path.join(this.#folder, "bin/squeue");
    if (isThere) await symlink("/usr/bin/squeue", file);
    else await rm(file);
  }

  /** Resolves with the jobs when these machines run and no other. */
  async machinesUntil(
    what: string,
    wanted: (jobs: readonly SlurmJob[]) => readonly string[] | false,
  ): Promise<void> {
    await until(
      what,
      async () => {
        const jobs = wanted(await this.slurm.jobs());
        if (!jobs) return false;
        const names = (await this.world.truth()).domains.map(({ name }) => name).sort();
        return isDeepStrictEqual(names, jobs.map((id) => `vm-${id}`).sort());
      },
      120_000,
    );
  }

  /** What vgpud and the scripts around jobs have asked and told scontrol, a line each. */
  async scontrolled(): Promise<readonly string[]> {
    return await this.#linesOf("scontrol.log");
  }

  /** What the scripts before and after a job have written to the node's log. */
  async logged(): Promise<readonly string[]> {
    return await this.#linesOf("logger.log");
  }

  async #linesOf(file: string): Promise<readonly string[]> {
    const text = await readFile(path.join(this.#folder, file), "utf8").catch(() => "");
    return text.split("\n").filter(Boolean);
  }

  /** Somebody else makes one of the smallest type, which vgpud has seen then. */
  async takeByOthers(): Promise<void> {
    await this.world.makeForeignSlice(FOREIGN);
    await this.#look();
  }

  async giveBack(): Promise<void> {
    await this.world.host.control({ command: "remove-mdev", uuid: FOREIGN });
    await this.#look();
  }

  /** vgpud looks at the host anew. */
  async #look(): Promise<void> {
    await this.world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "" });
  }

  /** Asks the agent for the smallest type in the name of a job. */
  async create(
    claimId: string,
    change: (draft: Draft) => void = () => undefined,
    name = "asked",
  ): Promise<void> {
    await this.world.create(name, (draft) => {
      draft.request.claimId = claimId;
      draft.vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
      change(draft);
    });
  }

  /** The agent's condition for that reason has such a message. */
  async conditionSays(reason: string, message: RegExp): Promise<void> {
    await until(`the condition ${reason} says ${String(message)}`, async () => {
      const { host } = await this.world.rpc.call(Hosts.getHost, {});
      return host?.conditions.some((each) => each.reason === reason && message.test(each.message));
    });
  }

  /** What Slurm says of the node under that name, as Gres. */
  async node(name: string): Promise<string> {
    const text = await this.slurm.run("scontrol", "show", "node", NODE);
    return new RegExp(`^ +${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  }

  async counts(gres: string): Promise<void> {
    await until(`Slurm counts ${gres}`, async () => (await this.node("Gres")) === gres);
  }

  async isNode(state: string): Promise<void> {
    await until(`the node is ${state}`, async () => (await this.slurm.nodeStates())[0] === state);
  }

  /** The node's slurmd tells slurmctld what it has, as it does now and then (about every half hour): undraining a node brings that about. */
  async register(): Promise<void> {
    await this.slurm.run("scontrol", "update", `nodename=${NODE}`, "state=undrain");
    await until("the node has registered", async () => !(await this.node("BootTime")).startsWith("None"));
  }

  /** vgpud has compared the books once more, of a host that was so before, and has told Slurm what there was to tell. */
  async compared(): Promise<void> {
    // One begins with it. The first may be one that was under way, and the third begins when the second has ended.
    const begun = async (): Promise<number> => (await this.#linesOf("slurmd.log")).length;
    const before = await begun();
    await until("vgpud has compared", async () => (await begun()) >= before + 3);
  }

  /** Ends all jobs, and waits for what they leave to go. */
  async cancelAll(): Promise<void> {
    await this.slurm.run("scancel", "--user=root");
    await this.machinesUntil("nothing is left of any job", (jobs) =>
      jobs.every(({ state }) => !["PENDING", "RUNNING", "COMPLETING"].includes(state)) ? [] : false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.slurm.stop();
    await this.world[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

/**
 * Below the folder Slurm's programs are as Debian has them, but that what two of them are asked is written down, and that they may wait at a
 * gate.
 */
async function installPrograms(folder: string): Promise<void> {
  await mkdir(path.join(folder, "sbin"));
  await symlink("/usr/bin/squeue", path.join(folder, "bin/squeue"));
  await listenTo("bin/scontrol", folder);
  await listenTo("sbin/slurmd", folder);
}

async function listenTo(program: string, folder: string): Promise<void> {
  const name = path.basename(program);
  const script = `#!/bin/sh
echo "$*" >> '${path.join(folder, name)}.log'
${gateOf(name, folder)}
exec /usr/${program} "$@"
`;
  await writeFile(path.join(folder, program), script, { mode: 0o755 });
}

/** Of a program in scripts of jobs, and not where vgpud runs it. */
function gateOf(program: string, folder: string): string {
  const isShut = `[ -n "\${SLURM_JOB_PARTITION-}" ] && grep -qx ${program} '${folder}/gate' 2>/dev/null`;
  return `while ${isShut}; do touch '${folder}/waits'; sleep 0.1; done`;
}

function gresOf(text: string): readonly Gres[] {
  return [...text.matchAll(/^Name=(\w+) Count=(\d+)$/gm)].map(([, name = "", count]) => ({
    name,
    count: Number(count),
  }));
}
