// A reload under systemd with a domain alive: part of "vgpud as a service", which has installed it.
import assert from "node:assert/strict";
import { defined } from "./agent-client.ts";
import { domainRequest, eventually } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import { fieldsOf, type ServiceInBed } from "./service-in-bed.ts";

const vgpud = "vgpud.service";
const dropIn = "/etc/vgpud/config.yaml.d/50-bed.yaml";
/** Away from the default root, so that only the new configuration lets a disk there be used. */
const otherRoot = "/srv/vm";

interface Reloaded {
  readonly bed: () => Bed;
  readonly service: () => ServiceInBed;
}

/** Cases of a `describe`: a domain named `web` runs, and runs on. */
export function reloads({ bed, service }: Reloaded): void {
  before(async () => {
    await bed().check(`mkdir -p ${otherRoot} $(dirname ${dropIn})`);
    await bed().check(`head -c 1M /dev/urandom > ${otherRoot}/elsewhere.img`);
  });
  after(async () => {
    await bed().check(`rm -f ${dropIn}`);
    await reload(`"configuration reloaded"`);
  });

  it("takes over what is new, in the process that runs", async () => {
    const process = await service().property(vgpud, "MainPID");
    await assert.rejects(placedElsewhere());
    await bed().writeFile(dropIn, `storage_roots: [/var/lib/libvirt/images, ${otherRoot}]\n`);
    await reload(`"configuration reloaded"`);
    await placedElsewhere();
    assert.equal(await service().property(vgpud, "MainPID"), process);
    assert.equal(await service().property(vgpud, "ActiveState"), "active");
  });

  it("keeps all of the old when anything of the new is wrong, and says in the journal where", async () => {
    await bed().writeFile(dropIn, "log: { level: debug }\nstorage_rots: [/]\n");
    const fault = await reload(`"configuration is wrong"`);
    assert.equal(fault["PRIORITY"], "3");
    const { where, why } = fieldsOf(fault["MESSAGE"]);
    assert.match(String(where), /50-bed\.yaml:2:1$/);
    assert.match(String(why), /storage_roots/);
    await placedElsewhere();
    assert.equal(await service().property(vgpud, "ActiveState"), "active");
  });

  /** Asks for a domain whose disk lies outside the default root, without making it. */
  async function placedElsewhere(): Promise<void> {
    const request = domainRequest("elsewhere", "8");
    const disk = defined(request.domain?.disks[0]);
    disk.path = `${otherRoot}/elsewhere.img`;
    await service().client.createDomain({ ...request, validateOnly: true });
  }

  /** The new entry of the journal with this text; systemd's own part ends before the agent has read its files. */
  async function reload(text: string): Promise<Readonly<Record<string, unknown>>> {
    const entries = async (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
      (await service().journal()).filter(({ MESSAGE }) => String(MESSAGE).includes(text));
    const before = (await entries()).length;
    await service().systemctl("reload", vgpud);
    return defined((await eventually(entries, (found) => found.length > before)).at(-1));
  }
}
