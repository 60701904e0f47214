// vgpud under systemd in the KVM bed, as the suites of a `describe` have it, and what must outlive it.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { makeDisk } from "./agent-in-bed.ts";
import { ServiceInBed } from "./service-in-bed.ts";
import { bed } from "./suite-bed.ts";

const lifeLog = "dist/testbed-log";
export const vgpud = "vgpud.service";
export const hostd = "vgpud-hostd.service";

/** To be called in a `describe`: the bed boots systemd and has the package; disks for `web` and `db`. `log` names what is told. */
export class ServiceSuite {
  #service: ServiceInBed | undefined;
  readonly #life: string[] = [];

  constructor(log: string) {
    before(async () => {
      await bed.reset("systemd");
      this.#service = await ServiceInBed.install(bed);
      for (const name of ["web", "db"]) await makeDisk(bed, name);
    });

    after(async () => {
      this.#service?.close();
      await bed.reset("minimal");
      await mkdir(lifeLog, { recursive: true });
      await writeFile(`${lifeLog}/${log}.log`, `${this.#life.join("\n\n")}\n`);
    });

    afterEach(async function () {
      if (this.currentTest?.state !== "failed") return;
      console.error(await bed.check("journalctl --no-pager -b -n 80 -o short-precise | cut -c1-400"));
      console.error((await bed.run(`systemctl status --no-pager ${vgpud} ${hostd}`)).stdout);
    });
  }

  /** From the first test on. */
  get service(): ServiceInBed {
    assert.ok(this.#service);
    return this.#service;
  }

  /** Keeps a piece of evidence. */
  tell(what: string, text: string): void {
    this.#life.push(`# ${what}\n${text}`);
  }

  pidOf(unit: string): Promise<string> {
    return this.service.property(unit, "MainPID");
  }

  /** Of the domain `web`. */
  qemuPid(): Promise<string> {
    return bed.check("cat /run/libvirt/qemu/web.pid");
  }

  /** What must outlive every restart of vgpud. */
  async whatOutlives(): Promise<readonly string[]> {
    return Promise.all([this.qemuPid(), this.pidOf(hostd), bed.check("ls /sys/bus/mdev/devices")]);
  }

  async assertOutlived(before: readonly string[]): Promise<void> {
    assert.deepEqual(await this.whatOutlives(), before);
    const { domains } = await this.service.served((client) => client.listDomains());
    assert.deepEqual(
      domains.map(({ name, ownership, claimState }) => [name, ownership, claimState]),
      [["web", "OWNERSHIP_OWN", "CLAIM_STATE_ACTIVE"]],
    );
  }
}
