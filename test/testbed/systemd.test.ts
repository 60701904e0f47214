// vgpud as a host runs it: its package, its units as shipped, real systemd, kernel, libvirt and QEMU, AppArmor on.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { ConditionStatus } from "../../proto/gen/vgpud/v1/condition.ts";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { AgentClient, defined, refusalOf } from "./agent-client.ts";
import { domainRequest, eventually, makeDisk, until } from "./agent-in-bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, ledgerStates, nothing } from "./host-state.ts";
import { fieldsOf, ServiceInBed } from "./service-in-bed.ts";
import { bed } from "./suite-bed.ts";
import { reboots } from "./systemd-reboot.ts";
import { reloads } from "./systemd-reload.ts";

const lifeLog = "dist/testbed-log";
const vgpud = "vgpud.service";
const hostd = "vgpud-hostd.service";
/** The kernel's log, and what other processes may. */
const HIDDEN = ["GVT_TROUBLE_IN_LOG", "MEMLOCK_TOO_LOW"];

describe("vgpud as a service", () => {
  let service: ServiceInBed;
  const life: string[] = [];

  before(async () => {
    await bed.reset("systemd");
    service = await ServiceInBed.install(bed);
    for (const name of ["web", "db"]) await makeDisk(bed, name);
  });

  after(async () => {
    service.close();
    await bed.reset("minimal");
    await mkdir(lifeLog, { recursive: true });
    await writeFile(`${lifeLog}/systemd.log`, `${life.join("\n\n")}\n`);
  });

  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.error(await bed.check("journalctl --no-pager -b -n 80 -o short-precise | cut -c1-400"));
    console.error((await bed.run(`systemctl status --no-pager ${vgpud} ${hostd}`)).stdout);
  });

  function tell(what: string, text: string): void {
    life.push(`# ${what}\n${text}`);
  }

  async function tellStatus(what: string): Promise<void> {
    const { stdout } = await bed.run(`systemctl status --no-pager --lines=0 ${vgpud} ${hostd}`);
    tell(`systemctl status ${vgpud} ${hostd} (${what})`, stdout.trim());
  }

  const pidOf = (unit: string): Promise<string> => service.property(unit, "MainPID");
  const qemuPid = (): Promise<string> => bed.check("cat /run/libvirt/qemu/web.pid");

  async function sliceOf(name: string): Promise<string> {
    const vgpus = await service.client.listVgpus();
    return defined(vgpus.find(({ domainName }) => domainName === name)).vgpuId;
  }

  /** What must outlive every restart of vgpud. */
  async function whatOutlives(): Promise<readonly string[]> {
    return Promise.all([qemuPid(), pidOf(hostd), bed.check("ls /sys/bus/mdev/devices")]);
  }

  async function assertOutlived(before: readonly string[]): Promise<void> {
    assert.deepEqual(await whatOutlives(), before);
    const { domains } = await service.served((client) => client.listDomains());
    assert.deepEqual(
      domains.map(({ name, ownership, claimState }) => [name, ownership, claimState]),
      [["web", "OWNERSHIP_OWN", "CLAIM_STATE_ACTIVE"]],
    );
  }

  describe("installed", () => {
    it("is ready, enabled, and says in one line what the host offers", async () => {
      assert.equal(await service.property(vgpud, "ActiveState"), "active");
      assert.match(await service.property(vgpud, "StatusText"), /^1 GPU, 0 slices, room for 1 × V5_2/);
      const units =
        "vgpud.service vgpud-admin.socket vgpud-read.socket vgpud-hostd.socket vgpud-restore.service";
      const enabled = await bed.check(`systemctl is-enabled ${units}`);
      assert.deepEqual([...new Set(enabled.split("\n"))], ["enabled"]);
      await tellStatus("installed");
    });

    it("is exposed no more in the running system than its files promise", async () => {
      const scores: string[] = [];
      for (const [unit, threshold] of [[vgpud, 20] as const, [hostd, 35] as const]) {
        const said = await bed.check(`systemd-analyze security --no-pager --threshold=${threshold} ${unit}`);
        scores.push(
          defined(said.split("\n").at(-1))
            .replace(/[^\x20-\x7e]+/g, "")
            .trim(),
        );
      }
      tell("systemd-analyze security", scores.join("\n"));
    });

    it("has no capability and no privilege to gain, and libvirt's polkit lets it in by its group", async () => {
      const status = await bed.check(`cat /proc/${await pidOf(vgpud)}/status`);
      assert.match(status, /^CapEff:\t0{16}$/m);
      assert.match(status, /^CapBnd:\t0{16}$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(await bed.check("id --name --groups vgpud"), /\blibvirt\b/);
      await eventually(
        () => service.client.listDomains(),
        ({ incomplete }) => incomplete === undefined,
      );
    });
  });

  describe("its diagnosis", () => {
    it("knows from inside the unit all but what the unit hides", async () => {
      const doctor = async () => {
        const { stdout } = await vgpuctl(service.socket, ["doctor", "--all", "-o", "json"]);
        const { conditions } = DiagnoseResponse.fromJSON(JSON.parse(stdout));
        return conditions.filter(({ status }) => status === ConditionStatus.UNKNOWN);
      };
      // libvirt is asked for its version when it has been connected to.
      const unknown = await eventually(doctor, (found) =>
        found.every(({ reason }) => reason !== "LIBVIRT_UNAVAILABLE"),
      );
      tell(
        "vgpuctl doctor: what is unknown",
        unknown.map(({ reason, message }) => `${reason}: ${message}`).join("\n"),
      );
      assert.deepEqual(unknown.map(({ reason }) => reason).sort(), HIDDEN);
    });
  });

  describe("the sockets", () => {
    const connect = `const net = require("node:net");
for (const name of ["vgpud", "vgpud-read", "hostd"]) {
  const done = (result) => console.log(name + " " + result);
  const socket = net.connect("/run/vgpud/" + name + ".sock", () => { done("open"); socket.destroy(); });
  socket.on("error", ({ code }) => done(code));
}`;
    const cases = [
      ["nogroup", { vgpud: "EACCES", "vgpud-read": "EACCES", hostd: "EACCES" }],
      ["vgpud-read", { vgpud: "EACCES", "vgpud-read": "open", hostd: "EACCES" }],
      ["vgpud", { vgpud: "open", "vgpud-read": "EACCES", hostd: "EACCES" }],
    ] as const;
    for (const [group, reachable] of cases)
      it(`let somebody of group ${group} connect as that group may`, async () => {
        await bed.writeFile("/tmp/connect.cjs", connect);
        const said = await bed.check(`${as(group)} /usr/lib/vgpud/bin/node /tmp/connect.cjs`);
        assert.deepEqual(Object.fromEntries(said.split("\n").map((line) => line.split(" "))), reachable);
      });

    it("for reading shows the host and changes nothing", async () => {
      const reader = new AgentClient(await bed.forward("unix:/run/vgpud/vgpud-read.sock"));
      try {
        assert.equal((await reader.gpu()).pciAddress, gpu.gpuAddress);
        const refusal = await refusalOf(reader.createDomain(domainRequest("web", "4")));
        assert.equal(refusal.code, "PERMISSION_DENIED");
        assert.equal(refusal.reason, "SOCKET_READ_ONLY");
      } finally {
        reader.close();
      }
      assert.deepEqual(await leftOvers(bed), nothing);
    });
  });

  describe("a domain", () => {
    it("gets its slice through hostd, which systemd starts when it is first asked", async () => {
      assert.equal(await service.property(hostd, "ActiveState"), "inactive");
      const { domain } = await service.client.createDomain(domainRequest("web", "4"));
      assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
      assert.equal(await service.property(hostd, "ActiveState"), "active");
      const slice = await sliceOf("web");
      assert.equal(
        await bed.check(`basename $(readlink /sys/bus/mdev/devices/${slice}/mdev_type)`),
        "i915-GVTg_V5_4",
      );
      const profile = await bed.check(`cat /proc/${await qemuPid()}/attr/current`);
      assert.match(profile, /^libvirt-.* \(enforce\)$/);
      await eventually(
        () => service.property(vgpud, "StatusText"),
        (line) => /^1 GPU, 1 slice, /.test(line),
      );
      await tellStatus("with a domain");
    });

    it("lives in a cgroup that is neither vgpud's nor hostd's", async () => {
      const cgroup = (pid: string): Promise<string> => bed.check(`cut -d: -f3 /proc/${pid}/cgroup`);
      assert.match(await cgroup(await qemuPid()), /^\/machine\.slice\//);
      assert.equal(await cgroup(await pidOf(vgpud)), "/system.slice/vgpud.service");
      assert.equal(await cgroup(await pidOf(hostd)), "/system.slice/vgpud-hostd.service");
    });
  });

  describe("the journal", () => {
    it("has what happened to a claim as fields of one entry, and its priority", async () => {
      const told = (await service.journal()).filter(({ MESSAGE }) => String(MESSAGE).includes('"claim-web"'));
      const settled = defined(told.find(({ MESSAGE }) => String(MESSAGE).includes('"claim settled"')));
      assert.equal(settled["PRIORITY"], "6");
      assert.equal(settled["SYSLOG_IDENTIFIER"], "vgpud");
      assert.equal(settled["_SYSTEMD_UNIT"], vgpud);
      const fields = fieldsOf(settled["MESSAGE"]);
      assert.equal(fields["claim"], "claim-web");
      assert.equal(fields["vgpu"], await sliceOf("web"));
      assert.equal(fields["gpu"], gpu.gpuAddress);
      assert.equal(fields["state"], "active");
      tell("journalctl -u vgpud (of the claim)", told.map(({ MESSAGE }) => String(MESSAGE)).join("\n"));
    });

    it("finds a failure by its priority", async () => {
      await gpu.setKnob(bed, "fail_create", "5");
      const refusal = await refusalOf(service.client.createDomain(domainRequest("db", "8")));
      await gpu.setKnob(bed, "fail_create", "0");
      assert.equal(refusal.reason, "KERNEL_REFUSED");
      // Under emulation the caller's patience may end before the create is undone.
      await eventually(
        () => service.client.listDomains(),
        ({ domains }) => domains.every(({ name }) => name !== "db"),
      );
      const warnings = await service.journal("--priority=warning");
      assert.ok(warnings.some(({ MESSAGE }) => String(MESSAGE).includes('"claim-db"')));
      assert.ok(!warnings.some(({ PRIORITY }) => Number(PRIORITY) > 4));
    });
  });

  describe("reloaded with a domain alive", () => {
    reloads({ bed: () => bed, service: () => service });
  });

  describe("stopped with a domain alive", () => {
    let before: readonly string[];

    it("leaves domain, slice and hostd as they are, and its sockets open", async () => {
      before = await whatOutlives();
      await service.systemctl("stop", vgpud);
      assert.equal(await service.property(vgpud, "Result"), "success");
      assert.equal(await service.property("vgpud-admin.socket", "SubState"), "listening");
      assert.deepEqual(await whatOutlives(), before);
    });

    it("lets vgpud-restore.service take the ledger, which finds the slice there", async () => {
      await service.systemctl("start", "vgpud-restore.service");
      const said = await bed.check("journalctl --output=cat --unit=vgpud-restore.service");
      assert.match(said, /"claim":"claim-web".*"slice is there"/);
    });

    it("is started by the next client that connects, and knows its claims", async () => {
      await assertOutlived(before);
      assert.equal(await service.property(vgpud, "ActiveState"), "active");
    });
  });

  describe("stopped in its tracks", () => {
    it("is ended by the watchdog, starts again and knows its claims", async () => {
      const before = await whatOutlives();
      const restarts = Number(await service.property(vgpud, "NRestarts"));
      await bed.check(`kill -STOP ${await pidOf(vgpud)}`);
      await until(bed, `[ $(systemctl show -P NRestarts ${vgpud}) -gt ${restarts} ]`, 120_000);
      await assertOutlived(before);
      const journal = await bed.check(`journalctl --output=cat --unit=${vgpud} _PID=1`);
      assert.match(journal, /Watchdog timeout \(limit 30s\)!/);
      tell("journalctl -u vgpud _PID=1 (watchdog)", journal);
    });
  });

  describe("a removal that hangs in the kernel", () => {
    const blocked = "pgrep -f '^vgpud-hostd: remove-mdev'";
    let child: string;

    before(async () => {
      await gpu.setKnob(bed, "remove_behaviour", "2");
    });

    it("leaves the claim DELETING, and is hostd's child to wait for", async () => {
      // Nobody waits for the answer: the upgrade below ends the call.
      service.client.destroyDomain("web").catch(() => undefined);
      const { failure } = await eventually(
        () => service.client.getClaim("claim-web"),
        (claim) => claim.claimState === "CLAIM_STATE_DELETING" && claim.failure !== undefined,
      );
      assert.equal(failure?.reason, "VGPU_REMOVE_BLOCKED");
      child = await bed.check(blocked);
      assert.match(await bed.check(`cut -d: -f3 /proc/${child}/cgroup`), /vgpud-hostd\.service$/);
      await bed.check(`kill -KILL ${child}`);
      assert.equal(await bed.check(blocked), child);
    });

    it("does not keep an upgrade from starting vgpud and hostd anew, which find it still under way", async () => {
      const [agent, root] = await Promise.all([pidOf(vgpud), pidOf(hostd)]);
      await service.installPackage();
      assert.notEqual(await pidOf(vgpud), agent);
      assert.notEqual(await pidOf(hostd), root);
      const journal = await bed.check(`journalctl --output=cat --unit=${vgpud} --unit=${hostd} _PID=1`);
      assert.doesNotMatch(journal, /State 'stop-\w+' timed out/);
      const { claimState } = await service.served((client) => client.getClaim("claim-web"));
      assert.equal(claimState, "CLAIM_STATE_DELETING");
      // The new hostd may be looking with a child of its own.
      assert.ok((await bed.check(blocked)).split("\n").includes(child));
    });

    it("ends the claim when the kernel lets go", async () => {
      await gpu.setKnob(bed, "remove_behaviour", "0");
      await eventually(
        () => service.client.getClaim("claim-web"),
        ({ claimState }) => claimState === "CLAIM_STATE_GONE",
      );
      assert.deepEqual(await leftOvers(bed), nothing);
      assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
      assert.deepEqual(await ledgerStates(bed), ["gone"]);
    });
  });

  describe("over a reboot of the host", () => {
    reboots({ bed: () => bed, service: () => service, tell, behindSocket: false });
  });
});

/** The words before a command that is to run as a user of no other group. */
function as(group: string): string {
  return `setpriv --reuid nobody --regid ${group} --clear-groups`;
}
