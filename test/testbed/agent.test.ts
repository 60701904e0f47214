// vgpud on a real kernel, libvirt and QEMU: what it makes, shows, counts, stops and takes away.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { OnStop } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { defined, refusalOf } from "./agent-client.ts";
import { AgentInBed, domainRequest, eventually, images, makeDisk } from "./agent-in-bed.ts";
import { doctorFindsWhatIsRecorded } from "./doctor-record.ts";
import { heldBeyondItsDomain, refusedByTheKernel } from "./faults.ts";
import { givesFunctions } from "./functions.ts";
import * as gpu from "./gpu.ts";
import { changes } from "./hot-changes.ts";
import { leftOvers, ledgerStates, vfioGroupHeld } from "./host-state.ts";
import { killedDuringACreate } from "./killed.ts";
import { operates } from "./operator.ts";
import { LifeLog } from "./life-log.ts";
import { bed } from "./suite-bed.ts";

const vgpuctl = promisify(execFile);

describe("vgpud on a real kernel and libvirt", () => {
  let agent: AgentInBed;
  const life = new LifeLog("slice-life");
  let disks: string;

  before(async () => {
    await bed.reset();
    agent = await AgentInBed.install(bed);
    for (const name of ["web", "db", "big"]) await makeDisk(bed, name);
    disks = await diskState();
    await gpu.kernelLog(bed);
  });

  after(async () => {
    agent.close();
    await life.write();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  function tell(what: string, text: string): void {
    life.tell(`# ${what}\n${text}`);
  }

  /** Contents, owner and mode of every disk. */
  function diskState(): Promise<string> {
    return bed.check(`cd ${images} && sha256sum *.img && stat -c '%n %s %U %G %a %Y' *.img`);
  }

  async function sliceOf(name: string): Promise<string> {
    const vgpus = await agent.client.listVgpus();
    return defined(vgpus.find(({ domainName }) => domainName === name)).vgpuId;
  }

  it("is told by doctor what is recorded of this bed (UPDATE_GOLDEN=1 records it, then npm run docs)", async () => {
    await doctorFindsWhatIsRecorded("kvm", agent.socket);
  });

  describe("a plan", () => {
    it("promises what the tests that follow create: two slices of different types", async () => {
      const { fits, exact, planned } = await agent.client.plan(["4", "8"]);
      assert.deepEqual([fits, exact], [true, true]);
      assert.deepEqual(
        planned.map(({ gpu: address, type }) => [address, type]),
        [
          [gpu.gpuAddress, "i915-GVTg_V5_4"],
          [gpu.gpuAddress, "i915-GVTg_V5_8"],
        ],
      );
    });
  });

  describe("a domain with a slice", () => {
    it("is placed, made, defined and started, and the answer says where and why", async () => {
      const { domain, decision, operation } = await agent.client.createDomain(domainRequest("web", "4"));
      tell("the kernel while the slice was made", await gpu.kernelLog(bed));
      assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
      assert.equal(domain.ownership, "OWNERSHIP_OWN");
      assert.equal(domain.claimState, "CLAIM_STATE_ACTIVE");
      assert.equal(domain.persistent, true);
      assert.equal(decision?.gpu, gpu.gpuAddress);
      assert.equal(decision.type, "i915-GVTg_V5_4");
      assert.deepEqual(
        decision.candidates.map(({ gpu: address, chosen }) => [address, chosen]),
        [[gpu.gpuAddress, true]],
      );
      assert.match(operation, /^operations\//);
      assert.equal(await bed.check("virsh -q domstate web"), "running");
      assert.equal(await bed.check("virsh -q domuuid web"), domain.uuid);
    });

    it("is a QEMU that holds the slice's VFIO group, confined by AppArmor", async () => {
      const slice = await sliceOf("web");
      const device = `/sys/bus/mdev/devices/${slice}`;
      const group = await bed.check(`basename $(readlink ${device}/iommu_group)`);
      const pid = await bed.check("cat /run/libvirt/qemu/web.pid");
      const held = await vfioGroupHeld(bed, "web", slice);
      const profile = await bed.check(`cat /proc/${pid}/attr/current`);
      assert.equal(profile, `libvirt-${await bed.check("virsh -q domuuid web")} (enforce)`);
      assert.deepEqual((await leftOvers(bed)).processes, ["web"]);
      assert.match((await bed.run(`: < /dev/vfio/${group}`)).stderr, /Device or resource busy/);
      assert.equal(await bed.check(`basename $(readlink ${device}/mdev_type)`), "i915-GVTg_V5_4");
      const process = await bed.check(`ps -o pid,user,args -ww -p ${pid}`);
      tell("the QEMU that held it", `${process}\n${profile}\n${held}`);
    });

    it("is shown by the lists, the metrics and vgpuctl at once", async () => {
      const slice = await sliceOf("web");
      const [vgpu] = await agent.client.listVgpus();
      assert.equal(vgpu?.inUse, true);
      assert.equal(vgpu.present, true);
      assert.equal(vgpu.gpu, gpu.gpuAddress);
      assert.deepEqual(vgpu.backendRef?.ref, { $case: "mdevUuid", value: slice });
      const { domains } = await agent.client.listDomains();
      assert.deepEqual(
        domains.map(({ name, vgpuIds }) => [name, vgpuIds]),
        [["web", [slice]]],
      );
      const metrics = await agent.metrics();
      const info = [...metrics.keys()].filter((series) => series.startsWith("vgpud_vgpu_info{"));
      assert.equal(info.length, 1);
      assert.match(defined(info[0]), new RegExp(`vgpu_id="${slice}".*ownership="own".*domain_name="web"`));
      assert.equal(metrics.get(`vgpud_vgpu_in_use{vgpu_id="${slice}"}`), 1);
      assert.equal(metrics.get(`vgpud_claims{state="active"}`), 1);
      assert.equal(metrics.get('vgpud_hypervisor_up{hypervisor="kvm"}'), 1);
      const { stdout } = await vgpuctl(process.execPath, [
        ...["dist/agent/cli/main.js", "--socket", agent.socket, "vgpus"],
      ]);
      assert.match(stdout, new RegExp(slice));
      tell("vgpuctl vgpus", stdout);
    });
  });

  describe("the account of a GPU", () => {
    it("is the kernel's with slices of two types side by side", async () => {
      assertAgrees(await agent.client.gpu(), { 8: 4, 4: 2, 2: 1 });
      await agent.client.createDomain(domainRequest("db", "8", OnStop.RELEASE));
      assert.deepEqual(await gpu.available(bed), { 8: 3, 4: 1, 2: 0 });
      assertAgrees(await agent.client.gpu(), { 8: 3, 4: 1, 2: 0 });
      const metrics = await agent.metrics();
      const disagreements = [...metrics].filter(([name]) => name.startsWith("vgpud_capacity_disagreements{"));
      assert.deepEqual([...new Set(disagreements.map(([, value]) => value))], [0]);
    });

    it("exhausted refuses what a plan says is too much, with what is lacking and free, and leaves nothing", async () => {
      const before = await hostState();
      const { fits, unplanned } = await agent.client.plan(["2"]);
      assert.equal(fits, false);
      assert.deepEqual(
        unplanned
          .flatMap(({ shortfalls }) => shortfalls)
          .map(({ reason, missing }) => [reason, missing?.lowGmMib]),
        [["APERTURE_EXHAUSTED", 256 - (384 - 128 - 64)]],
      );
      const refusal = await refusalOf(agent.client.createDomain(domainRequest("big", "2")));
      assert.equal(refusal.code, "RESOURCE_EXHAUSTED");
      assert.equal(refusal.reason, "APERTURE_EXHAUSTED");
      const [candidate] = defined(refusal.decision).candidates;
      assert.equal(candidate?.gpu, gpu.gpuAddress);
      assert.equal(candidate.reason, "APERTURE_EXHAUSTED");
      assert.equal(candidate.free?.lowGmMib, 384 - 128 - 64);
      assert.equal(candidate.free.instances, 5);
      assert.equal(await hostState(), before);
    });
  });

  describe("what others made", () => {
    const slice = gpu.uuid(1);

    before(async () => {
      assert.equal((await gpu.create(bed, "8", slice)).code, 0);
      await gpu.defineDomain(bed, "theirs", slice);
    });

    it("is listed as foreign, and its slice counts as used", async () => {
      const vgpus = await eventually(
        () => agent.client.listVgpus(),
        (list) => list.some(({ vgpuId, domainName }) => vgpuId === slice && domainName === "theirs"),
      );
      const foreign = defined(vgpus.find(({ vgpuId }) => vgpuId === slice));
      assert.equal(foreign.ownership, "OWNERSHIP_FOREIGN");
      assert.equal(foreign.inUse, false);
      const { domains } = await agent.client.listDomains();
      assert.deepEqual(domains.map(({ name, ownership }) => `${name} ${ownership}`).sort(), [
        "db OWNERSHIP_OWN",
        "theirs OWNERSHIP_FOREIGN",
        "web OWNERSHIP_OWN",
      ]);
      assertAgrees(await agent.client.gpu(), { 8: 2, 4: 1, 2: 0 });
      assert.equal((await agent.metrics()).get("vgpud_vgpu_foreign"), 1);
    });

    it("is not destroyed, whoever asks", async () => {
      const refusal = await refusalOf(agent.client.destroyDomain("theirs"));
      assert.equal(refusal.code, "FAILED_PRECONDITION");
      assert.equal(refusal.reason, "DOMAIN_FOREIGN");
      assert.equal(await bed.check("virsh -q domstate theirs"), "shut off");
    });
  });

  describe("a guest that ignores the request to shut down", () => {
    it("is forced off when its time is over; HOLD keeps the slice, and the domain starts again", async () => {
      const slice = await sliceOf("web");
      const asked = performance.now();
      const stopped = await agent.client.stopDomain("web", 3);
      assert.ok(performance.now() - asked >= 3_000, "it was not given its time");
      assert.equal(stopped.state, "DOMAIN_STATE_SHUT_OFF");
      assert.equal(stopped.claimState, "CLAIM_STATE_STOPPED");
      assert.equal(await bed.check(`ls /sys/bus/mdev/devices | grep -c ${slice}`), "1");
      assert.equal((await agent.client.startDomain("web")).claimState, "CLAIM_STATE_ACTIVE");
      assert.equal(await bed.check("virsh -q domstate web"), "running");
      assert.equal(await sliceOf("web"), slice);
    });

    it("gives its slice back with RELEASE, and a start makes it again", async () => {
      const slice = await sliceOf("db");
      const stopped = await agent.client.stopDomain("db", 0);
      assert.equal(stopped.claimState, "CLAIM_STATE_STOPPED");
      assert.equal((await bed.run(`ls /sys/bus/mdev/devices/${slice}`)).code, 2);
      assert.deepEqual(await gpu.available(bed), { 8: 3, 4: 1, 2: 0 });
      assert.equal((await agent.client.startDomain("db")).state, "DOMAIN_STATE_RUNNING");
      assert.equal(await sliceOf("db"), slice);
      assert.deepEqual(await gpu.available(bed), { 8: 2, 4: 1, 2: 0 });
    });
  });

  describe("a domain that somebody handles with virsh", () => {
    operates({ bed: () => bed, agent: () => agent, sliceOf });
  });

  describe("a destroyed domain", () => {
    it("is gone with process, slice and definition, and only a tombstone remembers it", async () => {
      const [slice, pid] = [await sliceOf("web"), await bed.check("cat /run/libvirt/qemu/web.pid")];
      await gpu.kernelLog(bed);
      const gone = await agent.client.destroyDomain("web");
      tell("the kernel while it was removed", await gpu.kernelLog(bed));
      assert.equal(gone.claimState, "CLAIM_STATE_GONE");
      assert.equal((await bed.run(`ls -d /proc/${pid} /sys/bus/mdev/devices/${slice}`)).stdout, "");
      assert.match((await bed.run("virsh dominfo web")).stderr, /failed to get domain 'web'/);
      const lines = (await agent.log()).split("\n").filter((line) => line.includes("claim-web"));
      tell("the agent's log of its claim", lines.join("\n"));
      assert.ok(lines.length > 0);

      assert.equal((await agent.client.destroyDomain("db")).claimState, "CLAIM_STATE_GONE");
      assert.deepEqual(await ledgerStates(bed), ["gone", "gone"]);
      assert.equal((await agent.metrics()).get(`vgpud_claims{state="gone"}`), 2);
      const late = await refusalOf(agent.client.createDomain(domainRequest("web", "8")));
      assert.equal(late.reason, "CLAIM_REUSED");
    });

    it("leaves its disk as it was, and what others made", async () => {
      assert.equal(await diskState(), disks);
      assert.deepEqual(await leftOvers(bed), { slices: [gpu.uuid(1)], domains: ["theirs"], processes: [] });
      assert.deepEqual(await gpu.available(bed), { 8: 5, 4: 2, 2: 1 });
      await bed.check("virsh -q undefine theirs");
      assert.equal((await gpu.remove(bed, gpu.uuid(1))).code, 0);
      assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    });
  });

  describe("a create that the kernel refuses", () => {
    refusedByTheKernel({ bed: () => bed, agent: () => agent });
  });

  describe("an agent that is killed during a create and started again", () => {
    killedDuringACreate("while libvirt starts QEMU", { bed: () => bed, agent: () => agent });
  });

  describe("a slice that a process holds beyond its domain", () => {
    heldBeyondItsDomain({ bed: () => bed, agent: () => agent });
  });

  describe("what comes and goes on the host", () => {
    changes({ bed: () => bed, agent: () => agent });
  });

  describe("PCI functions of GPUs", () => {
    givesFunctions(() => agent);
  });

  async function hostState(): Promise<string> {
    return JSON.stringify([await leftOvers(bed), await ledgerStates(bed), await gpu.available(bed)]);
  }
});

/** What the agent's account leaves room for is what the kernel says, by type, and so is what it offers. */
function assertAgrees({ budget, types }: Gpu, kernel: Partial<Record<gpu.Suffix, number>>): void {
  const { total, host, used, free } = defined(budget);
  const room: Partial<Record<string, number>> = {};
  for (const { name, sizes, allocatable, kernelAvailable } of types) {
    const { lowGmMib, highGmMib, fences } = defined(sizes);
    const left = defined(free);
    const fits = [left.lowGmMib / lowGmMib, left.highGmMib / highGmMib, left.fences / fences, left.instances];
    room[defined(name.at(-1))] = Math.floor(Math.min(...fits));
    assert.equal(kernelAvailable, allocatable, name);
  }
  assert.deepEqual(room, kernel);
  assert.equal(
    defined(free).lowGmMib,
    defined(total).lowGmMib - defined(host).lowGmMib - defined(used).lowGmMib,
  );
}
