// One vgpud for slices of XenGT in the dom0 of the Xen bed, as the suites of a `describe` have it, and what they ask of the host.
import { AgentInBed, eventually, makeDisk } from "../agent-in-bed.ts";
import type { LifeLog } from "../life-log.ts";
import * as domains from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";

/** Lines of the configuration: vgpud makes slices itself. */
export const BY_AGENT = "xengt: { instance_creator: agent }\n";
/** The device models of domains make them. */
export const BY_MODEL = "xengt: { device_model: /usr/local/libexec/xengt-device-model }\n";

export interface XengtAgent {
  readonly agent: AgentInBed;
  /** A command and what it says, for the life's log. */
  readonly tell: (what: string, command: string) => Promise<void>;
}

/** To be called in a `describe`: in a reset bed, which is reset again afterwards, with disks of these names. */
export function xengtAgent(life: LifeLog, settings: string, disks: readonly string[]): () => XengtAgent {
  let installed: XengtAgent;

  before(async () => {
    await bed.reset();
    await bed.check("dmesg --clear");
    const agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system", settings });
    const tell = async (what: string, command: string): Promise<void> => {
      life.tell(`# ${what}\n$ ${command}\n${await bed.check(command)}`);
    };
    installed = { agent, tell };
    for (const name of disks) await makeDisk(bed, name);
    await knowsItsHost(agent);
  });

  after(async () => {
    installed.agent.close();
    await life.write(`\n# what vgpud logged\n${await installed.agent.log()}`);
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await installed.agent.log());
  });

  return () => installed;
}

/** Right after the start libvirt's facts are not known. */
export async function knowsItsHost({ client }: AgentInBed): Promise<void> {
  await eventually(
    () => client.listDomains().then(() => client.gpu()),
    ({ budget }) => budget !== undefined,
  );
}

export async function domidOf(name: string): Promise<number> {
  return Number(await domains.virsh(bed, `domid ${name}`));
}

/** The domids that the kernel shows slices of, sorted. */
export async function slices(): Promise<readonly string[]> {
  return Object.keys(await vgt.instances(bed)).sort();
}
