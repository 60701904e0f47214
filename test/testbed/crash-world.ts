// The bed as the crash tests' world: real kernel, libvirt and QEMU, and domains that never leave their firmware.
import { ARMED, DEATH_FILE_VARIABLE, DEATH_VARIABLE, type Death } from "../e2e/harness/crash/death.ts";
import type { Ground } from "../e2e/harness/crash/ground.ts";
import { AgentCalls } from "../e2e/harness/agent-calls.ts";
import { draft, type Draft } from "../e2e/harness/requests.ts";
import { Rpc } from "../e2e/harness/rpc.ts";
import { asSomebodyElse, foreignXml, type ForeignDomain } from "../e2e/harness/somebody-else.ts";
import { recordOf, type ClaimRecord, type Truth } from "../e2e/harness/world.ts";
import {
  AgentInBed,
  claims,
  eventually,
  images,
  logFile,
  makeDisk,
  pidFile,
  type Program,
} from "./agent-in-bed.ts";
import { mortalAgent } from "./agent-package.ts";
import type { Bed } from "./bed.ts";
import * as gpu from "./gpu.ts";

/** Where the agent is to end is written here before it is told to read it. */
const deathFile = "/run/vgpud-death";
const EIO = "5";
/** Emulation stretches everything. */
const CALL_MS = 180_000;
/** A slice a line: its UUID, GPU and type, and the pid of the QEMU that has its group open, if one has. */
const listSlices = `shopt -s nullglob
qemus=$(pgrep '^qemu-system' || true)
for device in /sys/bus/mdev/devices/*; do
  group=$(basename "$(readlink "$device/iommu_group")") holder=
  for pid in $qemus; do
    if ls -l "/proc/$pid/fd" | grep -q -- "-> /dev/vfio/$group$"; then holder=$pid; fi
  done
  parent=$(dirname "$(readlink -f "$device")")
  echo "\${device##*/} \${parent##*/} $(basename "$(readlink "$device/mdev_type")") $holder"
done`;

export class BedWorld extends AgentCalls implements Ground {
  readonly apertureMib = 512;
  readonly patienceMs = 180_000;
  readonly libvirtSocket: string;
  readonly #bed: Bed;
  readonly #agent: AgentInBed;
  /** What the agents before the one that runs have said. */
  #earlier = "";
  #rpc: Rpc;

  private constructor(bed: Bed, agent: AgentInBed, libvirtSocket: string) {
    super();
    this.#bed = bed;
    this.#agent = agent;
    this.libvirtSocket = libvirtSocket;
    this.#rpc = new Rpc(agent.socket, CALL_MS);
  }

  /** In a fresh or reset bed; its agent waits to be armed. */
  static async open(bed: Bed): Promise<BedWorld> {
    await makeDisk(bed, "disk");
    const agent = await AgentInBed.install(bed, { program: mortal("when armed") });
    return new BedWorld(bed, agent, await bed.forward("unix:/run/libvirt/libvirt-sock"));
  }

  get rpc(): Rpc {
    return this.#rpc;
  }

  get agent(): Ground["agent"] {
    const ended = async (): Promise<{ readonly stderr: string }> => {
      await this.#agent.ended();
      return { stderr: (await this.log()).slice(this.#earlier.length) };
    };
    return {
      over: this.#agent.over,
      ended: ended(),
      arm: (death) => this.#arm(death),
      end: (signal) => this.#agent.end(signal),
    };
  }

  draft(name: string): Draft {
    const made = draft(images, name);
    made.spec.vcpus = 1;
    made.spec.memoryMib = 64;
    return made;
  }

  async truth(): Promise<Truth> {
    const [mdevs, domains, availableInstances] = await Promise.all([
      this.#mdevs(),
      this.#domains(),
      gpu.available(this.#bed),
    ]);
    return { gpus: [{ address: gpu.gpuAddress, availableInstances }], mdevs, domains, faults: [] };
  }

  async claimFiles(): Promise<readonly string[]> {
    return (await this.#bed.check(`ls ${claims}`)).split("\n").filter((name) => name.endsWith(".json"));
  }

  async records(): Promise<readonly ClaimRecord[]> {
    const files = await this.#bed.check(
      `shopt -s nullglob; for file in ${claims}/*.json; do cat "$file"; printf '\\0'; done`,
    );
    return files
      .split("\0")
      .filter((text) => text.trim() !== "")
      .map(recordOf);
  }

  /** As few as a run leaves here cost nothing. */
  async forgetTombstones(): Promise<void> {
    await Promise.resolve();
  }

  /** Whatever is asked for: the kernel refuses creates, which a real libvirt cannot be told to do. */
  async setFaults(): Promise<void> {
    await gpu.setKnob(this.#bed, "fail_create", EIO);
  }

  async clearFaults(): Promise<void> {
    await gpu.setKnob(this.#bed, "fail_create", "0");
  }

  async makeForeignSlice(uuid: string): Promise<void> {
    const { code, stderr } = await gpu.create(this.#bed, "8", uuid);
    if (code !== 0) throw new Error(`the kernel does not make ${uuid}: ${stderr}`);
  }

  async defineForeign(domain: ForeignDomain): Promise<void> {
    const xml = foreignXml(domain).replace("<domain type='kvm'>", "<domain type='qemu'>");
    await asSomebodyElse(this.libvirtSocket, (libvirt) => libvirt.defineDomain(xml));
  }

  async kill(): Promise<void> {
    await this.#agent.end("SIGKILL");
  }

  async boot(): Promise<void> {
    await this.#bed.reboot();
    await this.#agent.startHostd();
  }

  async startAgain(_words: readonly [], how: { readonly mortal: Death | "when armed" }): Promise<void> {
    this.#rpc[Symbol.dispose]();
    this.#earlier = await this.log();
    await this.#agent.start(mortal(how.mortal));
    this.#rpc = new Rpc(this.#agent.socket, CALL_MS);
    if (how.mortal === "when armed") await this.#libvirtAnswers();
  }

  /** Where no claim waits for libvirt nothing else would, and what is played next be refused. */
  async #libvirtAnswers(): Promise<void> {
    const said = async (): Promise<string> => (await this.log()).slice(this.#earlier.length);
    await eventually(said, (log) => log.includes('"msg":"libvirt answers"'));
  }

  /** Everything that the agents have said. */
  log(): Promise<string> {
    return this.#agent.log();
  }

  /** The bed is left as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#rpc[Symbol.dispose]();
    this.#agent.close();
    if (!this.#agent.over) await this.kill();
  }

  async #arm(death: Death): Promise<void> {
    await this.#bed.writeFile(deathFile, JSON.stringify(death));
    await this.#bed.check(`count() { grep -c '^${ARMED}$' ${logFile} || true; }
before=$(count)
kill -USR2 $(cat ${pidFile})
until [ $(count) -gt $before ] || [ ! -e /proc/$(cat ${pidFile}) ]; do sleep 0.05; done`);
  }

  async #mdevs(): Promise<Truth["mdevs"]> {
    const lines = (await this.#bed.check(listSlices)).split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const [uuid = "", address = "", type = "", pid] = line.split(" ");
      const holder =
        pid === undefined || pid === "" ? null : { pid: Number(pid), command: "qemu-system-x86" };
      return { uuid, gpu: address, type, holder };
    });
  }

  async #domains(): Promise<Truth["domains"]> {
    return await asSomebodyElse(this.libvirtSocket, async (libvirt) => {
      const all = await libvirt.listDomains();
      return await Promise.all(
        all.map(async (domain) => {
          const { state } = await libvirt.domainState(domain);
          const device = /<hostdev [^>]*type='mdev'[^]*?<address uuid='([^']*)'/g;
          const mdevs = [...(await libvirt.domainXml(domain)).matchAll(device)].map(([, uuid = ""]) => uuid);
          return { name: domain.name, uuid: domain.uuid, state, mdevs };
        }),
      );
    });
  }
}

/** The agent of the crash tests. */
function mortal(death: Death | "when armed"): Program {
  const armed = death === "when armed" ? {} : { [DEATH_VARIABLE]: JSON.stringify(death) };
  return {
    script: mortalAgent,
    environment: { [DEATH_FILE_VARIABLE]: deathFile, ...armed },
  };
}
