// Slurm kept told, and asked, by a host of which everything is said here.
import assert from "node:assert/strict";
import type { Quantities } from "../../../../agent/capacity/quantities.ts";
import { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { GpuSupply, HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { claimId, pciAddress } from "../../../fakes/ids.ts";

const SMALL: Quantities = { slices: 1, lowGmMib: 64, highGmMib: 384, fences: 4 };
const SMALL_GRES = "vgpu(CNT:1),vgt_low_gm_mb(CNT:64),vgt_high_gm_mb(CNT:384),vgt_fence(CNT:4)";
const { signal } = new AbortController();
const rejection = (reason: string, message: RegExp) => ({ reason, message });

const offer = (total: number, kept = 0, most = total) => ({ total, kept, most });
const gpu = (given: Partial<GpuSupply> = {}): GpuSupply => ({
  gpu: pciAddress(),
  ...{
    mode: "gvt-g",
    platform: "Broadwell",
    types: [],
    drained: false,
    closed: false,
    closedBy: [],
    held: [],
  },
  offers: new Map([
    ["slices", offer(7)],
    ["lowGmMib", offer(512, 128)],
    ["highGmMib", offer(3584, 384)],
    ["fences", offer(32, 4)],
  ]),
  ...given,
});
const host = (gpus: readonly GpuSupply[] = [gpu()], living: readonly string[] = []): HostSupply => ({
  hypervisor: "kvm",
  gpus,
  living: new Set(living),
  domainsKnown: true,
});

describe("Slurm in front of a host", () => {
  let slurm: FakeSlurm;
  let now: number;
  const scheduler = (publish = true) =>
    new SlurmScheduler({
      ...{ commands: slurm, cluster: "c", node: () => "node1", publish },
      clock: { now: () => now },
    });
  beforeEach(() => {
    slurm = new FakeSlurm("node1");
    now = 1000;
  });

  it("is told what jobs may have, and is told it once", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    assert.deepEqual(slurm.orders, ["gres=vgpu:7,vgt_low_gm_mb:384,vgt_high_gm_mb:3200,vgt_fence:28"]);
    await told.publish(host(), signal);
    assert.equal(slurm.orders.length, 1);
  });

  it("is told again what it has forgotten", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    slurm.gres = "vgpu:0";
    await told.heal(host(), signal);
    assert.equal(slurm.orders.length, 2);
    assert.equal(slurm.orders[1], slurm.orders[0]);
  });

  it("is told the sum of all GPUs, never more than its files have, and of nothing that is not there", async () => {
    slurm.gresFile.delete("vgt_fence");
    slurm.gresFile.set("vgpu_vf", 7);
    slurm.gres = "(null)";
    await scheduler().publish(host([gpu(), gpu({ gpu: pciAddress(3) })]), signal);
    assert.deepEqual(slurm.orders, ["gres=vgpu:7,vgt_low_gm_mb:448,vgt_high_gm_mb:4096,vgpu_vf:0"]);
  });

  it("keeps what others have on the node", async () => {
    slurm.gres += ",gpu:tesla:2(S:0-1)";
    await scheduler().publish(host(), signal);
    assert.match(slurm.orders[0] ?? "", /^gres=gpu:tesla:2,vgpu:7,/);
  });

  it("is told less by what was taken without a job, and by what a job's vGPU has more than the job", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    const held = [
      { claimId: claimId("slurm:c:17"), takes: { ...SMALL, highGmMib: 512 } },
      { claimId: undefined, takes: SMALL },
    ];
    await scheduler().publish(host([gpu({ held })], ["slurm:c:17"]), signal);
    assert.deepEqual(slurm.orders, ["gres=vgpu:6,vgt_low_gm_mb:320,vgt_high_gm_mb:2688,vgt_fence:24"]);
  });

  it("is told of a GPU that gives out nothing what jobs have of it", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    const closed = gpu({ closed: true, held: [{ claimId: claimId("slurm:c:17"), takes: SMALL }] });
    await scheduler().publish(host([closed]), signal);
    assert.deepEqual(slurm.orders, ["gres=vgpu:1,vgt_low_gm_mb:64,vgt_high_gm_mb:384,vgt_fence:4"]);
  });

  it("drains the node with the host, and ends no drain but its own", async () => {
    const told = scheduler();
    const drained = host([gpu({ drained: true })]);
    await told.publish(drained, signal);
    assert.equal(slurm.orders.at(-1), "state=drain reason=vgpud: every GPU of this host is drained");
    await told.publish(host(), signal);
    assert.equal(slurm.orders.at(-1), "state=undrain");
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
    const before = slurm.orders.length;
    await told.publish(host(), signal);
    assert.equal(slurm.orders.length, before);
  });

  it("lets jobs wait while libvirt is away: the node is drained and counts what it did, until libvirt is back", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    const counted = slurm.gres;
    const away = { ...host([gpu({ closed: true })]), domainsKnown: false };
    const orders = async (supply: HostSupply): Promise<readonly string[]> => {
      slurm.orders.length = 0;
      await told.publish(supply, signal);
      return slurm.orders;
    };
    assert.deepEqual(await orders(away), ["state=drain reason=vgpud: libvirt is away"]);
    assert.deepEqual(await orders(away), []);
    const drained = { ...host([gpu({ closed: true, drained: true })]), domainsKnown: false };
    assert.deepEqual(await orders(drained), ["state=drain reason=vgpud: every GPU of this host is drained"]);
    assert.deepEqual(await orders(away), ["state=drain reason=vgpud: libvirt is away"]);
    assert.equal(slurm.gres, counted);
    assert.deepEqual(await orders(host()), ["state=undrain"]);
  });

  it("is not drained by a libvirt that is away where somebody else has drained it, or where that is the administrator's", async () => {
    const away = { ...host([gpu({ closed: true })]), domainsKnown: false };
    await scheduler(false).heal(away, signal);
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
    await scheduler().heal(away, signal);
    assert.deepEqual(slurm.orders, []);
  });

  it("is told nothing where that is the administrator's", async () => {
    const heal = await scheduler(false).heal(host([gpu({ drained: true })]), signal);
    assert.deepEqual([slurm.orders, heal.overcommitted], [[], []]);
  });

  it("says which jobs no claim bears, since when, and which claims no job", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    slurm.jobs.set("18", { state: "RUNNING", gres: "gpu:1(IDX:0)" });
    slurm.jobs.set("19", { state: "COMPLETING", gres: SMALL_GRES });
    const claim = claimId("slurm:c:19");
    const supply = host([gpu({ held: [{ claimId: claim, takes: SMALL }] })], [claim]);
    const healing = scheduler();
    await healing.heal(supply, signal);
    now = 9000;
    const found = await healing.heal(supply, signal);
    assert.deepEqual(found.withoutDomain, [
      { booking: "slurm:c:17", gpu: undefined, amounts: SMALL, since: 1000 },
    ]);
    const alone = { claimId: claim, gpu: pciAddress(), missing: SMALL, bookedOn: undefined };
    assert.deepEqual(found.withoutBooking, [alone]);
  });

  it("lets no job wait for its machine while it is not known which machines there are, and each begin anew then", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    const healing = scheduler();
    const since = async (domainsKnown: boolean): Promise<unknown> => {
      now += 1000;
      const { withoutDomain } = await healing.heal({ ...host(), domainsKnown }, signal);
      return withoutDomain[0]?.since;
    };
    for (const known of [false, true]) assert.equal(await since(known), now);
    const first = now;
    assert.equal(await since(true), first);
    for (const known of [false, false, true]) assert.equal(await since(known), now);
    await healing.publish({ ...host(), domainsKnown: false }, signal);
    assert.equal(await since(true), now, "also where nothing was compared meanwhile");
  });

  it("counts what a job has once Slurm tells it, also where it did not when it was first asked", async () => {
    const claim = claimId("slurm:c:17");
    const supply = host([gpu({ held: [{ claimId: claim, takes: SMALL }] })], [claim]);
    // Its details are not there yet.
    slurm.jobs.set("17", { state: "CONFIGURING", gres: undefined });
    const told = scheduler();
    await told.publish(supply, signal);
    assert.match(slurm.orders.at(-1) ?? "", /vgpu:6/);
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    await told.publish(supply, signal);
    assert.match(slurm.orders.at(-1) ?? "", /vgpu:7/);
  });

  const asAll = (count: number): void => {
    for (let job = 1; job <= count; job += 1)
      slurm.jobs.set(String(job), { state: "RUNNING", gres: SMALL_GRES });
  };

  it("is asked once for each job what it has, also when the books are compared", async () => {
    asAll(3);
    const told = scheduler();
    await told.publish(host(), signal);
    assert.deepEqual(slurm.asked, ["1", "2", "3"]);
    slurm.jobs.set("4", { state: "RUNNING", gres: SMALL_GRES });
    await told.publish(host(), signal);
    const { withoutDomain } = await told.heal(host(), signal);
    assert.deepEqual(slurm.asked, ["1", "2", "3", "4"]);
    assert.deepEqual(
      withoutDomain.map(({ booking, amounts }) => [booking, amounts]),
      ["1", "2", "3", "4"].map((job) => [`slurm:c:${job}`, SMALL]),
    );
  });

  it("is asked again for a job that was queued again and began anew, and for each after an hour", async () => {
    asAll(2);
    const told = scheduler();
    await told.heal(host(), signal);
    slurm.jobs.set("2", { state: "RUNNING", gres: "vgpu(CNT:2)", start: "2026-11-29T17:00:00" });
    const { withoutDomain } = await told.heal(host(), signal);
    assert.deepEqual(slurm.asked, ["1", "2", "2"]);
    assert.deepEqual(withoutDomain[1]?.amounts, { slices: 2 });
    now += 3_600_000;
    await told.heal(host(), signal);
    assert.deepEqual(slurm.asked, ["1", "2", "2", "1", "2"]);
  });

  it("says by how much jobs have more than there is", async () => {
    for (let job = 1; job <= 7; job += 1) slurm.jobs.set(String(job), { state: "RUNNING", gres: SMALL_GRES });
    const { overcommitted } = await scheduler().heal(host(), signal);
    assert.deepEqual(overcommitted, [{ gpu: undefined, by: { lowGmMib: 64 } }]);
  });

  it("tells what a running job has as booked on the host", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    assert.deepEqual(await scheduler().bookingOf(claimId("slurm:c:17"), signal), {
      on: "host",
      booked: { amounts: SMALL, counted: new Set(["slices", "lowGmMib", "highGmMib", "fences"]) },
    });
  });

  it("refuses claims that are no job's, in whatever way", async () => {
    slurm.jobs.set("5", { state: "COMPLETING", gres: "" });
    slurm.jobs.set("6", { state: "RUNNING", gres: "" });
    slurm.jobs.set("7", { state: "RUNNING", gres: SMALL_GRES, name: "x\n   NumNodes=1" });
    const asked = scheduler();
    for (const [name, reason, message] of [
      ["slurm:other:5", "FIELD_INVALID", /names no job of Slurm's cluster c/],
      ["slurm:c:05", "FIELD_INVALID", /names no job/],
      ["slurm:c:5_1", "FIELD_INVALID", /names no job/],
      ["0a4b3e60-0000-4000-8000-000000000001", "FIELD_INVALID", /names no job/],
      ["slurm:c:4", "CLAIM_NOT_BOOKED", /none of those on node node1/],
      ["slurm:c:5", "CLAIM_NOT_BOOKED", /is COMPLETING on node node1/],
      ["slurm:c:6", "CLAIM_NOT_BOOKED", /has none of vgpud's GRES/],
      ["slurm:c:7", "CLAIM_NOT_BOOKED", /give it a plain name/],
    ] as const)
      await assert.rejects(asked.bookingOf(claimId(name), signal), rejection(reason, message));
  });

  it("says what keeps Slurm from being asked", async () => {
    slurm.failure = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
    const asked = scheduler();
    await assert.rejects(asked.heal(host(), signal), { kind: "unreachable" });
    await assert.rejects(
      asked.bookingOf(claimId("slurm:c:1"), signal),
      rejection("SCHEDULER_UNAVAILABLE", /Unable to contact/),
    );
  });

  it("says what to do where Slurm takes no orders of vgpud", async () => {
    slurm.isOperator = false;
    const message = /Invalid user id: make the user .* an operator of Slurm/;
    await assert.rejects(scheduler().heal(host(), signal), { kind: "not-allowed", message });
  });

  it("says that the node has nothing that vgpud counts", async () => {
    slurm.gresFile = new Map([["gpu", 1]]);
    await assert.rejects(scheduler().heal(host(), signal), {
      kind: "node-gres",
      message: /do not both give node node1 any of vgpu,/,
    });
  });

  it("says that Slurm takes no jobs on a node of which it was told more than its gres.conf has", async () => {
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG", reason: "gres/vgpu count reported lower" });
    await assert.rejects(scheduler().heal(host(), signal), { kind: "node-invalid" });
  });
});
