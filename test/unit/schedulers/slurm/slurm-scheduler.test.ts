// Slurm kept told, and asked, by a host of which everything is said here.
import assert from "node:assert/strict";
import { slurmError, type SlurmCommands } from "../../../../agent/schedulers/slurm/commands.ts";
import type { HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { claimId, pciAddress } from "../../../fakes/ids.ts";
import { NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host, SMALL, SMALL_GRES } from "./supply-of.ts";

const { signal } = new AbortController();
const rejection = (reason: string, message: RegExp) => ({ reason, message });

describe("Slurm in front of a host", () => {
  let slurm: FakeSlurm;
  let now: number;
  const scheduler = (publish = true) => schedulerOf(slurm, { publish, now: () => now });
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    now = 1000;
  });

  it("is told what jobs may have, and is told it once", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    assert.deepEqual(slurm.orders, [
      "state=drain reason=vgpud: its GRES are counted anew",
      `gres=${ALL}`,
      "state=undrain",
    ]);
    await told.publish(host(), signal);
    assert.equal(slurm.orders.length, 3);
  });

  it("is told again what it has forgotten", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    slurm.gres = "vgpu:0";
    await told.heal(host(), signal);
    assert.equal(slurm.gres, ALL);
  });

  it("is told the sum of all GPUs, never more than its files have, and of nothing that is not there", async () => {
    slurm.gresFile.delete("vgt_fence");
    slurm.gresFile.set("vgpu_vf", 7);
    slurm.gres = "(null)";
    await scheduler().publish(host([gpu(), gpu({ gpu: pciAddress(3) })]), signal);
    assert.equal(slurm.gres, "vgpu:7,vgt_low_gm_mb:448,vgt_high_gm_mb:4096,vgpu_vf:0");
  });

  it("keeps what others have on the node", async () => {
    slurm.gres += ",gpu:tesla:2(S:0-1)";
    await scheduler().publish(host(), signal);
    assert.match(slurm.gres, /^gpu:tesla:2,vgpu:7,/);
  });

  it("drains the node with the host, and ends no drain but its own", async () => {
    const told = scheduler();
    const drained = host([gpu({ drained: true })]);
    await told.publish(drained, signal);
    assert.deepEqual(slurm.orders, ["state=drain reason=vgpud: every GPU of this host is drained"]);
    await told.publish(host(), signal);
    assert.equal(slurm.orders.at(-1), "state=undrain");
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
    const before = slurm.orders.length;
    await told.publish(host(), signal);
    assert.equal(slurm.orders.length, before);
  });

  it("drains the node with all GPUs that it counts, whatever others have that it does not count", async () => {
    const functions = new Map([["functions", { total: 1, kept: 0, least: 1, most: 1 }]] as const);
    const uncounted = gpu({ gpu: pciAddress(3), mode: "sriov", offers: functions });
    const told = scheduler();
    for (const [shut, why] of [
      [{ drained: true }, "vgpud: every GPU of this host is drained"],
      [{ closed: true }, "vgpud: no GPU of this host gives anything out"],
    ] as const) {
      await told.publish(host([gpu(shut), uncounted]), signal);
      assert.deepEqual([slurm.state, slurm.reason], ["IDLE+DRAIN", why]);
      await told.publish(host([gpu(), { ...uncounted, ...shut }]), signal);
      assert.deepEqual([slurm.state, slurm.gres], ["IDLE", ALL]);
    }
    slurm.gresFile.set("vgpu_vf", 1);
    await told.heal(host([gpu({ drained: true }), uncounted]), signal);
    assert.equal(slurm.state, "IDLE", "it counts the other, too");
  });

  it("lets jobs wait while the domains are not known: the node is drained and counts what it did, until they are", async () => {
    const told = scheduler();
    await told.publish(host(), signal);
    const counted = slurm.gres;
    const away = { ...host([gpu({ closed: true })]), domainsKnown: false };
    const orders = async (supply: HostSupply): Promise<readonly string[]> => {
      slurm.orders.length = 0;
      await told.publish(supply, signal);
      return slurm.orders;
    };
    assert.deepEqual(await orders(away), [
      "state=drain reason=vgpud: it is not known which domains there are",
    ]);
    assert.deepEqual(await orders(away), []);
    const drained = { ...host([gpu({ closed: true, drained: true })]), domainsKnown: false };
    assert.deepEqual(await orders(drained), ["state=drain reason=vgpud: every GPU of this host is drained"]);
    assert.deepEqual(await orders(away), [
      "state=drain reason=vgpud: it is not known which domains there are",
    ]);
    assert.equal(slurm.gres, counted);
    assert.deepEqual(await orders(host()), ["state=undrain"]);
  });

  it("is not drained for want of domains where somebody else has drained it, or where that is the administrator's", async () => {
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

  it("says which jobs no claim bears, since when, and which claims no job that is there or ending", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    slurm.jobs.set("18", { state: "RUNNING", gres: "gpu:1(IDX:0)" });
    slurm.jobs.set("19", { state: "COMPLETING", gres: SMALL_GRES });
    const [ending, claim] = ["slurm:c:19", "slurm:c:20"].map(claimId);
    const held = [ending, claim].map((each) => ({ claimId: each, takes: SMALL }));
    const supply = host([gpu({ held })], ["slurm:c:19", "slurm:c:20"]);
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
    assert.equal((await told.heal(supply, signal)).withoutBooking.length, 1);
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    assert.deepEqual((await told.heal(supply, signal)).withoutBooking, []);
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
    const asked = scheduler();
    slurm.failure = "slurm_load_node error: Socket timed out on send/recv operation";
    await assert.rejects(asked.heal(host(), signal), { kind: "unreachable" });
    slurm.failure = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
    await assert.rejects(asked.heal(host(), signal), { kind: "unreachable" });
    await assert.rejects(
      asked.bookingOf(claimId("slurm:c:1"), signal),
      rejection("SCHEDULER_UNAVAILABLE", /Unable to contact/),
    );
  });

  it("looks again soon at a node that is unfit only where it then ends the drain, or where what keeps it from that ends unseen", async () => {
    const changed = "gres/vgpu count changed and jobs are using them (7 != 6)";
    const drained = host([gpu({ drained: true })]);
    const full = host([gpu({ held: Array<typeof FOREIGN>(7).fill(FOREIGN) })]);
    for (const [reason, publish, supply, retry] of [
      [changed, true, host(), "soon"],
      [changed, false, host(), "at-change"],
      // Its drain ends once jobs may come, which the host tells.
      [changed, true, drained, "at-change"],
      ["disk is full", true, host(), "at-change"],
      ["gres/vgpu count reported lower than configured (7 < 8)", true, host(), "at-change"],
    ] as const) {
      Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG", reason });
      await assert.rejects(scheduler(publish).heal(supply, signal), { kind: "node-invalid", retry });
    }
    slurm.reason = changed;
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    await assert.rejects(scheduler().heal(full, signal), { kind: "node-invalid", retry: "soon" });
    const claimed = { ...full, living: new Set(["slurm:c:17"]) };
    await assert.rejects(scheduler().heal(claimed, signal), { kind: "node-invalid", retry: "at-change" });
  });

  it("says what to do where Slurm takes no orders of vgpud", async () => {
    slurm.isOperator = false;
    const message = /Invalid user id: make the user .* an operator of Slurm/;
    await assert.rejects(scheduler().heal(host(), signal), { kind: "not-allowed", message });
  });

  it("says that the cluster is called otherwise, which no job's claim would tell, and orders nothing", async () => {
    slurm.cluster = "render";
    await assert.rejects(scheduler().heal(host(), signal), {
      kind: "other-cluster",
      message:
        /ClusterName is render, and scheduler.slurm.cluster c, .*: set scheduler.slurm.cluster to render$/,
    });
    assert.deepEqual(slurm.orders, []);
  });

  it("tells a Slurm that gives jobs no GRES that the host is drained, all the same", async () => {
    slurm.selectType = "select/linear";
    const drained = host([gpu({ drained: true })]);
    await assert.rejects(scheduler().heal(drained, signal), { kind: "no-gres", retry: "at-change" });
    assert.match(slurm.state, /DRAIN/);
  });

  it("goes on telling a Slurm that gives jobs no GRES what changes, and is not done with it for that", async () => {
    slurm.selectType = "select/linear";
    const asked = scheduler();
    await assert.rejects(asked.heal(host(), signal), { kind: "no-gres" });
    const drained = host([gpu({ drained: true })]);
    await assert.rejects(asked.publish(drained, signal), { kind: "no-gres", retry: "at-change" });
    assert.match(slurm.state, /DRAIN/);
    slurm.selectType = "select/cons_tres";
    await asked.heal(host(), signal);
    await asked.publish(host(), signal);
    assert.doesNotMatch(slurm.state, /DRAIN/);
  });

  it("finds by a job that has none that a Slurm which gave GRES before gives none any more", async () => {
    const asked = scheduler();
    await asked.heal(host(), signal);
    slurm.selectType = "select/linear";
    slurm.jobs.set("17", { state: "RUNNING", gres: "(null)" });
    const claim = claimId("slurm:c:17");
    await assert.rejects(asked.bookingOf(claim, signal), rejection("CLAIM_NOT_BOOKED", /select\/linear/));
    await assert.rejects(asked.heal(host(), signal), { kind: "no-gres" });
  });

  it("says that Slurm gives jobs no GRES, and does not send who asked for some to ask for it", async () => {
    slurm.selectType = "select/linear";
    slurm.jobs.set("17", { state: "RUNNING", gres: "(null)" });
    const says = /SelectType is select\/linear, .*: set SelectType=select\/cons_tres in slurm.conf/;
    const asked = scheduler();
    await assert.rejects(asked.heal(host(), signal), { kind: "no-gres", message: says });
    const claim = claimId("slurm:c:17");
    await assert.rejects(asked.bookingOf(claim, signal), rejection("CLAIM_NOT_BOOKED", says));
    // Counts are of use all the same.
    assert.deepEqual(
      slurm.orders.map((order) => order.replace(/\bgres=.*/, "gres=…")),
      ["state=drain reason=vgpud: its GRES are counted anew", "gres=…", "state=undrain"],
    );
    slurm.selectType = "select/cons_res";
    await asked.heal(host(), signal);
    await assert.rejects(
      asked.bookingOf(claim, signal),
      rejection("CLAIM_NOT_BOOKED", /submit it with --gres$/),
    );
  });

  it("refuses a job that has no GRES, though Slurm does not say whether it gives any", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: "(null)" });
    const silent: SlurmCommands = {
      run: async (program, words, stop) =>
        words[1] === "config"
          ? Promise.reject(slurmError("timeout", "no answer"))
          : await slurm.run(program, words, stop),
    };
    await assert.rejects(
      schedulerOf(silent).bookingOf(claimId("slurm:c:17"), signal),
      rejection("CLAIM_NOT_BOOKED", /submit it with --gres$/),
    );
  });

  it("names the setting where Slurm knows no node of this host's name", async () => {
    slurm = new FakeSlurm("gvt-1");
    await assert.rejects(scheduler().heal(host(), signal), {
      kind: "no-node",
      message: /^slurm.conf has no NodeName=node1: set scheduler.slurm.node to the NodeName /,
    });
  });

  it("says that the node has nothing that vgpud counts", async () => {
    slurm.gresFile = new Map([["gpu", 1]]);
    await assert.rejects(scheduler().heal(host(), signal), {
      kind: "node-gres",
      message: /do not both give node node1 any of vgpu,/,
    });
  });
});
