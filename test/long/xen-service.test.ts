// vgpud as a service in the dom0 of a real Xen: its package, its units as shipped, systemd, and whatever else starts a Xen host there.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { CreateDomainRequest } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { XenGuestType } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { ConditionStatus } from "../../proto/gen/vgpud/v1/condition.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { defined, refusalOf } from "../testbed/agent-client.ts";
import { domainRequest, eventually, images, makeDisk } from "../testbed/agent-in-bed.ts";
import { Bed } from "../testbed/bed.ts";
import { driverOf } from "../testbed/gpu.ts";
import { ServiceInBed } from "../testbed/service-in-bed.ts";
import { virsh } from "../testbed/xen/domains.ts";
import { xen } from "../testbed/xen/machine.ts";
import * as vgt from "../testbed/xen/vgt.ts";
import * as xl from "../testbed/xen/xl.ts";

const LOGS = "dist/testbed-log";
const HOSTD = "vgpud-hostd.service";
/** As the README says for a Xen host. */
const CONFIG_FILE = "/etc/vgpud/config.yaml.d/10-xen.yaml";
const BY_AGENT = "libvirt:\n  uri: xen:///system\nxengt:\n  instance_creator: agent\n";
const BY_MODEL =
  "libvirt:\n  uri: xen:///system\nxengt:\n  device_model: /usr/local/libexec/xengt-device-model\n";
/** The kernel's log; where slices lie is told by no file that a unit may read, nor by this bed's. */
const HIDDEN = ["GM_FRAGMENTED", "GVT_TROUBLE_IN_LOG"];
/** Not where a processor's graphics are. */
const SECOND = "0000:00:03.0";
const wholeGpu = CreateDomainRequest.fromPartial({
  claimId: "claim-desk",
  domain: {
    ...{ name: "desk", vcpus: 1, memoryMib: 96, xenGuestType: XenGuestType.PV },
    // The soft IOMMU is for functions given to a PV guest, whose memory is not where it thinks it is.
    boot: {
      source: {
        $case: "kernel",
        value: { kernelPath: `${images}/vmlinux`, initrdPath: `${images}/initrd`, cmdline: "iommu=soft" },
      },
    },
  },
  vgpu: { want: { $case: "mode", value: Mode.GVT_D }, gpu: SECOND },
});

describe("vgpud as a service in the dom0 of a real Xen", function () {
  this.timeout(900_000);
  let bed: Bed;
  let service: ServiceInBed;
  const life: string[] = [];

  before(async () => {
    bed = await Bed.start({ machine: xen, share: process.cwd(), init: "systemd" });
    await bed.check(
      "modprobe -r xengt i915 fake_igd && modprobe fake_igd slot=2,3 && modprobe xengt && udevadm settle",
    );
    service = await ServiceInBed.install(bed);
    await bed.check("install -d /etc/vgpud/config.yaml.d");
    await bed.writeFile(CONFIG_FILE, BY_AGENT);
    await service.systemctl("restart", "vgpud.service");
    for (const name of ["web", "late", "refused", "starts", "stays"]) await makeDisk(bed, name);
    await ready();
  });

  after(async () => {
    await mkdir(LOGS, { recursive: true });
    await writeFile(`${LOGS}/xen-service.log`, `${life.join("\n\n")}\n`);
    // First what would live on: where the installation failed there is no service.
    await bed.stop();
    service.close();
  });

  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    console.error(await bed.check("journalctl --no-pager -b -n 80 -o short-precise | cut -c1-400"));
  });

  /** Resolves when libvirt has answered and XenGT's files are read. */
  async function ready(): Promise<void> {
    const gpus = () =>
      service.served(async (client) => (await client.listDomains(), await client.listGpus()));
    await eventually(gpus, (seen) => seen.some(({ budget }) => budget !== undefined), 240_000);
  }

  async function tell(what: string, command: string): Promise<void> {
    life.push(`# ${what}\n$ ${command}\n${await bed.check(command)}`);
  }

  const domidOf = (name: string): Promise<string> => virsh(bed, `domid ${name}`);
  const slices = async (): Promise<readonly string[]> => Object.keys(await vgt.instances(bed)).sort();
  const inHostd = async (command: string): Promise<string> =>
    bed.check(`nsenter --mount --target ${await service.property(HOSTD, "MainPID")} ${command}`);

  async function done(...words: readonly string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await vgpuctl(service.socket, ["--timeout", "120s", ...words]);
    assert.equal(exitCode, 0, `${stdout}${stderr}`);
  }

  it("is ready, and says in one line what the host offers", async () => {
    assert.equal(await service.property("vgpud.service", "ActiveState"), "active");
    const said = await eventually(
      () => service.property("vgpud.service", "StatusText"),
      (line) => line.startsWith("2 GPUs, 0 slices, room for 1 × V5_2"),
    );
    life.push(`# systemctl status vgpud (StatusText)\n${said}`);
  });

  it("knows from inside the unit all but what the unit hides", async () => {
    const { stdout } = await vgpuctl(service.socket, ["doctor", "--all", "-o", "json"]);
    const { conditions } = DiagnoseResponse.fromJSON(JSON.parse(stdout));
    const unknown = conditions.filter(({ status }) => status === ConditionStatus.UNKNOWN);
    life.push(
      `# vgpuctl doctor: what is unknown\n${unknown.map(({ reason, message }) => `${reason}: ${message}`).join("\n")}`,
    );
    assert.deepEqual([...new Set(unknown.map(({ reason }) => reason))].sort(), HIDDEN);
  });

  it("makes the slice of a domain through hostd, which asks xenstore from its sandbox", async () => {
    await service.client.createDomain(domainRequest("web", "4"));
    assert.equal(await virsh(bed, "domstate web"), "running");
    assert.deepEqual(await slices(), [await domidOf("web")]);
    await tell("the line that was written", "dmesg | grep 'xengt: line'");
    await tell("both units", `systemctl status --no-pager --lines=0 vgpud.service ${HOSTD}`);
  });

  it("leaves the slice and the domain when vgpud and hostd are restarted, and takes it back afterwards", async () => {
    await service.systemctl("restart", "vgpud.service", HOSTD);
    const { claimState } = await service.served((client) => client.getClaim("claim-web"));
    assert.equal(claimState, "CLAIM_STATE_ACTIVE");
    assert.equal(await virsh(bed, "domstate web"), "running");
    await ready();
    await service.client.destroyDomain("web");
    assert.deepEqual(await slices(), []);
  });

  it("writes below /sys/kernel to XenGT's files and no others", async () => {
    // What nobody may write by its mode the kernel refuses as well.
    const open = await inHostd("find /sys/kernel -type f -perm /222 -writable");
    const writable = open.split("\n").filter((file) => !file.startsWith(`${vgt.root}/`));
    assert.deepEqual(writable, []);
    assert.match(open, /create_vgt_instance$/m);
  });

  it("makes slices of a XenGT that was loaded after hostd had started", async () => {
    const pid = await service.property(HOSTD, "MainPID");
    await bed.check("modprobe -r xengt && modprobe xengt");
    await ready();
    await service.client.createDomain(domainRequest("late", "8"));
    assert.deepEqual(await slices(), [await domidOf("late")]);
    assert.equal(await service.property(HOSTD, "MainPID"), pid);
    await service.client.destroyDomain("late");
    assert.deepEqual(await slices(), []);
  });

  it("tells the device model's own reason, which hostd reads in Xen's log", async () => {
    await bed.writeFile(CONFIG_FILE, BY_MODEL);
    await service.systemctl("restart", "vgpud.service");
    await ready();
    await vgt.setKnob(bed, "refuse_after", 0);
    try {
      const refusal = await refusalOf(service.client.createDomain(domainRequest("refused", "4")));
      assert.match(refusal.message, /its device model said last: .*create_vgt_instance failed: errno=22/);
    } finally {
      await vgt.setKnob(bed, "refuse_after", -1);
      await bed.writeFile(CONFIG_FILE, BY_AGENT);
      await service.systemctl("restart", "vgpud.service");
      await ready();
    }
  });

  it("shows a domain of xl, which libvirt does not list, as somebody else's", async () => {
    await xl.create(bed, "theirs");
    await done("reconcile");
    const { domains } = await eventually(
      () => service.client.listDomains(),
      ({ incomplete }) => incomplete === undefined,
    );
    assert.deepEqual(
      domains.map(({ name, ownership }) => [name, ownership]),
      [["theirs", "OWNERSHIP_FOREIGN"]],
    );
    await xl.destroy(bed, "theirs");
    await done("reconcile");
  });

  it("gives a whole GPU to a guest by pciback, and back to its driver", async () => {
    const driver = (): Promise<string> => driverOf(bed, SECOND);
    await done("set-mode", SECOND, "gvt-d");
    assert.equal(await driver(), "pciback");
    await bed.check(`cp /var/lib/domu/vmlinux /var/lib/domu/initrd ${images}/`);
    await service.client.createDomain(wholeGpu);
    assert.match(await bed.check("xl pci-list desk"), new RegExp(SECOND));
    await service.client.destroyDomain("desk");
    await done("set-mode", SECOND, "auto");
    assert.equal(await driver(), "i915");
  });

  it("starts after a boot of the host what is to be started with it, each with a slice for its new number", async () => {
    const request = domainRequest("starts", "4");
    defined(request.domain).autostart = true;
    await service.client.createDomain(request);
    await service.client.createDomain(domainRequest("stays", "8"));
    await bed.reboot();
    await ready();
    await eventually(
      () => service.client.getClaim("claim-starts"),
      ({ state, claimState }) => state === "DOMAIN_STATE_RUNNING" && claimState === "CLAIM_STATE_ACTIVE",
      240_000,
    );
    assert.deepEqual(await slices(), [await domidOf("starts")]);
    const stays = await service.client.getClaim("claim-stays");
    assert.deepEqual([stays.state, stays.claimState], ["DOMAIN_STATE_SHUT_OFF", "CLAIM_STATE_STOPPED"]);
    assert.equal(await service.property("vgpud-restore.service", "Result"), "success");
    await tell(
      "what started after the boot",
      "journalctl -b --no-pager -o cat -u vgpud-restore -u vgpud | cut -c1-300",
    );
  });
});
