// vgpud gives a whole GPU to a guest of a real Xen by pciback, and to the driver that it had when it is told.
import assert from "node:assert/strict";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { XenGuestType } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../../unit/cli/vgpuctl.ts";
import { refusalOf } from "../agent-client.ts";
import { AgentInBed, eventually, images } from "../agent-in-bed.ts";
import { gpuAddress } from "../gpu.ts";
import { virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as xl from "./xl.ts";

/** Not where a processor's graphics are. */
const SECOND = "0000:00:03.0";
/** The soft IOMMU is for functions given to a PV guest, whose memory is not where it thinks it is. */
const guestKernel = {
  kernelPath: `${images}/vmlinux`,
  initrdPath: `${images}/initrd`,
  cmdline: "console=hvc0 quiet iommu=soft",
};

describe("vgpud gives GPUs to guests of a real Xen", () => {
  let agent: AgentInBed;

  before(async () => {
    await bed.reset();
    await bed.check(
      "modprobe -r xengt i915 fake_igd && modprobe fake_igd slot=2,3 && modprobe xengt && modprobe xen-pciback && udevadm settle",
    );
    await bed.check(`cp /var/lib/domu/vmlinux /var/lib/domu/initrd ${images}/`);
    agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system" });
    // Right after the start libvirt's facts are not known.
    await eventually(
      () => vgpuctl(agent.socket, ["set-mode", SECOND, "gvt-d", "--dry-run"]),
      ({ exitCode }) => exitCode === 0,
    );
  });

  after(async () => {
    agent.close();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  async function does(line: string): Promise<{ readonly code: number; readonly text: string }> {
    const { exitCode, stdout, stderr } = await vgpuctl(agent.socket, [
      "--timeout",
      "120s",
      ...line.split(" "),
    ]);
    return { code: exitCode, text: `${stdout}${stderr}` };
  }

  async function done(line: string): Promise<string> {
    const { code, text } = await does(line);
    assert.equal(code, 0, text);
    return text;
  }

  /** Empty for none. */
  const driverOf = (address: string): Promise<string> =>
    bed.check(`basename "$(readlink /sys/bus/pci/devices/${address}/driver)"`);

  /** Paravirtualized: it boots the bed's own kernel, which tells of its PCI functions. */
  function request(name: string, gpu: string): CreateDomainRequest {
    return CreateDomainRequest.fromPartial({
      claimId: `claim-${name}`,
      domain: {
        ...{ name, vcpus: 1, memoryMib: 96, xenGuestType: XenGuestType.PV },
        boot: { source: { $case: "kernel", value: guestKernel } },
      },
      vgpu: { want: { $case: "mode", value: Mode.GVT_D }, gpu },
    });
  }

  it("takes it from i915 for guests", async () => {
    await done(`set-mode ${SECOND} gvt-d`);
    assert.equal(await driverOf(SECOND), "pciback");
    assert.equal(await driverOf(gpuAddress), "i915");
  });

  it("shows it as foreign where xl gave it to a guest, and gives it to nobody else", async () => {
    const domid = await xl.create(bed, "theirs", SECOND);
    const held = (): Promise<readonly Vgpu[]> =>
      agent.client.listVgpus().then((all) => all.filter(({ domainName }) => domainName === "theirs"));
    await done("reconcile");
    const [vgpu] = await eventually(held, ({ length }) => length === 1);
    assert.equal(vgpu?.ownership, "OWNERSHIP_FOREIGN");
    const refusal = await refusalOf(agent.client.createDomain(request("desk", SECOND)));
    assert.equal(refusal.code, "RESOURCE_EXHAUSTED");
    assert.equal((await refusalOf(agent.client.destroyDomain("theirs"))).reason, "DOMAIN_FOREIGN");
    assert.equal(Number(await bed.check("xl domid theirs")), domid);
    await xl.destroy(bed, "theirs");
    await done("reconcile");
    await eventually(held, ({ length }) => length === 0);
  });

  it("goes on giving it to a guest when it is started again after it was killed, and the guest sees it", async () => {
    const cut = agent.client.createDomain(request("desk", SECOND)).catch((error: unknown) => error);
    await eventually(
      () => bed.run("virsh -q -c xen:///system domstate desk"),
      ({ code }) => code === 0,
    );
    await agent.end("SIGKILL");
    await cut;
    await agent.start();
    await eventually(
      () => agent.client.getClaim("claim-desk"),
      ({ claimState, state }) => claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
    );
    assert.equal(await virsh(bed, "domstate desk"), "running");
    const log = "/var/log/xen/console/guest-desk.log";
    const said = await bed.check(`until grep -qs 'DOMU READY' ${log}; do sleep 0.1; done; cat ${log}`);
    assert.match(said, /^DOMU pci=\S+ id=0x8086:0x191b class=0x030000\r?$/m);
  });

  it("keeps it while the guest has it", async () => {
    const { code, text } = await does(`set-mode ${SECOND} auto`);
    assert.notEqual(code, 0);
    assert.match(text, /VGPU_IN_USE/);
    assert.match(text, /domain desk \(claim claim-desk\)/);
    const late = await refusalOf(agent.client.createDomain(request("late", SECOND)));
    assert.equal(late.code, "RESOURCE_EXHAUSTED");
  });

  it("has it with pciback when the guest is destroyed, and with i915 when it is to share itself again", async () => {
    await done("destroy desk --grace 0s");
    assert.equal(await driverOf(SECOND), "pciback");
    await done(`set-mode ${SECOND} auto`);
    assert.equal(await driverOf(SECOND), "i915");
    assert.equal(await bed.check("cat /sys/bus/pci/drivers/pciback/slots"), "");
  });
});
