// vgpud as a host runs it: its package, its units as shipped, real systemd, kernel, libvirt and QEMU, AppArmor on.
import assert from "node:assert/strict";
import { ConditionStatus } from "../../proto/gen/vgpud/v1/condition.ts";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { AgentClient, defined, refusalOf } from "./agent-client.ts";
import { domainRequest, eventually } from "./agent-in-bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, nothing } from "./host-state.ts";
import { fieldsOf } from "./service-in-bed.ts";
import { hostd, ServiceSuite, vgpud } from "./service-suite.ts";
import { bed } from "./suite-bed.ts";
import { reboots } from "./systemd-reboot.ts";
import { reloads } from "./systemd-reload.ts";

/** The kernel's log, and what other processes may. */
const HIDDEN = ["GVT_TROUBLE_IN_LOG", "MEMLOCK_TOO_LOW"];

describe("vgpud as a service", () => {
  const suite = new ServiceSuite("systemd");

  async function tellStatus(what: string): Promise<void> {
    const { stdout } = await bed.run(`systemctl status --no-pager --lines=0 ${vgpud} ${hostd}`);
    suite.tell(`systemctl status ${vgpud} ${hostd} (${what})`, stdout.trim());
  }

  async function sliceOf(name: string): Promise<string> {
    const vgpus = await suite.service.client.listVgpus();
    return defined(vgpus.find(({ domainName }) => domainName === name)).vgpuId;
  }

  describe("installed", () => {
    it("is ready, enabled, and says in one line what the host offers", async () => {
      assert.equal(await suite.service.property(vgpud, "ActiveState"), "active");
      assert.match(await suite.service.property(vgpud, "StatusText"), /^1 GPU, 0 slices, room for 1 × V5_2/);
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
      suite.tell("systemd-analyze security", scores.join("\n"));
    });

    it("has no capability and no privilege to gain, and libvirt's polkit lets it in by its group", async () => {
      const status = await bed.check(`cat /proc/${await suite.pidOf(vgpud)}/status`);
      assert.match(status, /^CapEff:\t0{16}$/m);
      assert.match(status, /^CapBnd:\t0{16}$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(await bed.check("id --name --groups vgpud"), /\blibvirt\b/);
      await eventually(
        () => suite.service.client.listDomains(),
        ({ incomplete }) => incomplete === undefined,
      );
    });
  });

  describe("its diagnosis", () => {
    it("knows from inside the unit all but what the unit hides", async () => {
      const doctor = async () => {
        const { stdout } = await vgpuctl(suite.service.socket, ["doctor", "--all", "-o", "json"]);
        const { conditions } = DiagnoseResponse.fromJSON(JSON.parse(stdout));
        return conditions.filter(({ status }) => status === ConditionStatus.UNKNOWN);
      };
      // libvirt is asked for its version when it has been connected to.
      const unknown = await eventually(doctor, (found) =>
        found.every(({ reason }) => reason !== "LIBVIRT_UNAVAILABLE"),
      );
      suite.tell(
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
      assert.equal(await suite.service.property(hostd, "ActiveState"), "inactive");
      const { domain } = await suite.service.client.createDomain(domainRequest("web", "4"));
      assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
      assert.equal(await suite.service.property(hostd, "ActiveState"), "active");
      const slice = await sliceOf("web");
      assert.equal(
        await bed.check(`basename $(readlink /sys/bus/mdev/devices/${slice}/mdev_type)`),
        "i915-GVTg_V5_4",
      );
      const profile = await bed.check(`cat /proc/${await suite.qemuPid()}/attr/current`);
      assert.match(profile, /^libvirt-.* \(enforce\)$/);
      await eventually(
        () => suite.service.property(vgpud, "StatusText"),
        (line) => /^1 GPU, 1 slice, /.test(line),
      );
      await tellStatus("with a domain");
    });

    it("lives in a cgroup that is neither vgpud's nor hostd's", async () => {
      const cgroup = (pid: string): Promise<string> => bed.check(`cut -d: -f3 /proc/${pid}/cgroup`);
      assert.match(await cgroup(await suite.qemuPid()), /^\/machine\.slice\//);
      assert.equal(await cgroup(await suite.pidOf(vgpud)), "/system.slice/vgpud.service");
      assert.equal(await cgroup(await suite.pidOf(hostd)), "/system.slice/vgpud-hostd.service");
    });
  });

  describe("the journal", () => {
    it("has what happened to a claim as fields of one entry, and its priority", async () => {
      const told = (await suite.service.journal()).filter(({ MESSAGE }) =>
        String(MESSAGE).includes('"claim-web"'),
      );
      const settled = defined(told.find(({ MESSAGE }) => String(MESSAGE).includes('"claim settled"')));
      assert.equal(settled["PRIORITY"], "6");
      assert.equal(settled["SYSLOG_IDENTIFIER"], "vgpud");
      assert.equal(settled["_SYSTEMD_UNIT"], vgpud);
      const fields = fieldsOf(settled["MESSAGE"]);
      assert.equal(fields["claim"], "claim-web");
      assert.equal(fields["vgpu"], await sliceOf("web"));
      assert.equal(fields["gpu"], gpu.gpuAddress);
      assert.equal(fields["state"], "active");
      suite.tell("journalctl -u vgpud (of the claim)", told.map(({ MESSAGE }) => String(MESSAGE)).join("\n"));
    });

    it("finds a failure by its priority", async () => {
      await gpu.setKnob(bed, "fail_create", "5");
      const refusal = await refusalOf(suite.service.client.createDomain(domainRequest("db", "8")));
      await gpu.setKnob(bed, "fail_create", "0");
      assert.equal(refusal.reason, "KERNEL_REFUSED");
      // Under emulation the caller's patience may end before the create is undone.
      await eventually(
        () => suite.service.client.listDomains(),
        ({ domains }) => domains.every(({ name }) => name !== "db"),
      );
      const warnings = await suite.service.journal("--priority=warning");
      assert.ok(warnings.some(({ MESSAGE }) => String(MESSAGE).includes('"claim-db"')));
      assert.ok(!warnings.some(({ PRIORITY }) => Number(PRIORITY) > 4));
    });
  });

  describe("reloaded with a domain alive", () => {
    reloads({ bed: () => bed, service: () => suite.service });
  });

  describe("stopped with a domain alive", () => {
    let before: readonly string[];

    it("leaves domain, slice and hostd as they are, and its sockets open", async () => {
      before = await suite.whatOutlives();
      await suite.service.systemctl("stop", vgpud);
      assert.equal(await suite.service.property(vgpud, "Result"), "success");
      assert.equal(await suite.service.property("vgpud-admin.socket", "SubState"), "listening");
      assert.deepEqual(await suite.whatOutlives(), before);
    });

    it("lets vgpud-restore.service take the ledger, which finds the slice there", async () => {
      await suite.service.systemctl("start", "vgpud-restore.service");
      const said = await bed.check("journalctl --output=cat --unit=vgpud-restore.service");
      assert.match(said, /"claim":"claim-web".*"slice is there"/);
    });

    it("is started by the next client that connects, and knows its claims", async () => {
      await suite.assertOutlived(before);
      assert.equal(await suite.service.property(vgpud, "ActiveState"), "active");
    });
  });

  describe("over a reboot of the host", () => {
    before(async () => {
      await suite.service.client.destroyDomain("web");
      assert.deepEqual(await leftOvers(bed), nothing);
    });

    reboots({
      bed: () => bed,
      service: () => suite.service,
      tell: (what, text) => {
        suite.tell(what, text);
      },
      behindSocket: false,
    });
  });
});

/** The words before a command that is to run as a user of no other group. */
function as(group: string): string {
  return `setpriv --reuid nobody --regid ${group} --clear-groups`;
}
