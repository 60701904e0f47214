// What is said of what the scheduler's books and the ledger do not agree in.
import assert from "node:assert/strict";
import type { Condition } from "../../../agent/diagnosis/condition.ts";
import type { SchedulerBooks, SchedulerReading } from "../../../agent/diagnosis/scheduler-reading.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { languages } from "../../../agent/core/language.ts";
import { agreed, conditionsOf, gpu, named, ofJobs, told, waiting } from "./told-of-a-scheduler.ts";

/** The one that failed, with its message in English. */
async function failed(
  books: Partial<SchedulerBooks>,
  of: Pick<SchedulerReading & { readonly kind: "told" }, "name" | "booksBy"> = named,
): Promise<Condition & { readonly text: string }> {
  const conditions = await conditionsOf({ ...told, ...of, books: { ...agreed, ...books } });
  const [failure, ...others] = conditions.filter(({ finding }) => finding.status === "fail");
  assert.ok(failure && others.length === 0);
  return { ...failure, text: messageOf(failure, "en") };
}

describe("the conditions of its books", () => {
  it("bear with a booking whose create may be on its way", async () => {
    const conditions = await conditionsOf({
      ...told,
      books: { ...agreed, withoutDomain: [waiting(1800)] },
    });
    const [, , found] = conditions;
    assert.deepEqual([found?.finding.status, found?.finding.says], ["pass", "waiting"]);
  });

  it("tell ages of less than two minutes in seconds, and the grace as it is configured", async () => {
    const young = await failed({ ...{ graceSeconds: 1, grace: "1s" }, withoutDomain: [waiting(75.5)] });
    assert.match(young.text, /scheduler\.claim_grace \(1s\): .* for 75s$/);
    assert.match(young.evidence[0]?.value ?? "", / for 75s$/);
  });

  it("speak of the host where the scheduler counts its GPUs together", async () => {
    const job = await failed({ withoutDomain: [{ ...waiting(7260, "slurm:c:17"), gpu: undefined }] });
    assert.match(job.text, /slurm:c:17, has kept 1 slice, 64 MiB low GM of this host from others/);
    assert.match(remedyOf(job, "en"), /scancel/);
  });

  it("name the jobs of a host with more booked than it has: those without a machine, or else all", async () => {
    const job = (number: number, hasClaim: boolean) => ({
      ...{ booking: `slurm:c:${number}`, amounts: "1 slice, 64 MiB low GM", hasClaim },
    });
    const of = async (...having: readonly ReturnType<typeof job>[]) =>
      await failed({ overbooked: [{ gpu: undefined, amounts: "64 MiB low GM", having }] }, ofJobs);
    const refused = await of(job(18, false), job(17, true));
    assert.match(refused.text, /, by 64 MiB low GM; jobs .* and no machine: 1, as slurm:c:18$/);
    assert.deepEqual(refused.evidence, [
      { path: "booked beyond capacity on this host", value: "64 MiB low GM" },
      { path: "booking slurm:c:18 on this host", value: "1 slice, 64 MiB low GM, without a domain" },
      { path: "booking slurm:c:17 on this host", value: "1 slice, 64 MiB low GM" },
    ]);
    const all = await of(...Array.from({ length: 20 }, (_, index) => job(index, true)));
    assert.match(all.text, /: 20, as slurm:c:0, .*slurm:c:15$/);
    for (const language of languages)
      for (const each of [refused, all]) assert.match(remedyOf(each, language), /scancel JOBID/);
  });

  it("name the oldest booking that no domain came for, and show each", async () => {
    const found = await failed({ withoutDomain: [waiting(60), waiting(7260)] });
    const { code, text, evidence } = found;
    assert.equal(code, "BOOKING_WITHOUT_DOMAIN");
    // Nobody need have a Nova.
    for (const language of languages) {
      const remedy = remedyOf(found, language);
      assert.match(remedy, /Nova.*openstack server show of-7260.*allocation delete of-7260/);
      // Of what others have booked it is refused.
      assert.doesNotMatch(remedy, /vgpuctl schedule/);
    }
    assert.match(text, /\(30m\): 1; the oldest, of-7260, .*64 MiB low GM of GPU 0000:00:02\.0 .*121m$/);
    assert.deepEqual(
      evidence.map(({ path }) => path),
      ["booking of-7260 on 0000:00:02.0", "booking of-60 on 0000:00:02.0"],
    );
  });

  it("say how vgpuctl gives back what vgpuctl has booked", async () => {
    const found = await failed({ withoutDomain: [waiting(60), { ...waiting(7260), isOurs: true }] });
    assert.match(found.text, /\(30m\): 1; the oldest, of-7260, which vgpuctl made, .*121m$/);
    for (const language of languages)
      assert.match(
        remedyOf(found, language),
        /^(?!.*openstack).*schedule status of-7260.*vgpuctl schedule destroy of-7260/,
      );
  });

  it("name a claim that nothing was booked for", async () => {
    const web = { claimId: "web-1", gpu, bookedOn: undefined, amounts: "1 slice" };
    const { code, text } = await failed({ withoutBooking: [web] });
    assert.equal(code, "CLAIM_WITHOUT_BOOKING");
    assert.match(text, /on this host's GPUs: 1, as web-1 with 1 slice of GPU 0000:00:02\.0/);
  });

  it("send who looks for its booking to other hosts, and nobody to Placement where Slurm is in front", async () => {
    const web = { claimId: "web-1", gpu, bookedOn: undefined, amounts: "1 slice" };
    const found = await failed({ withoutBooking: [web] });
    const left = await failed({ withoutBooking: [{ ...web, claimId: "slurm:c:17" }] }, ofJobs);
    assert.match(left.text, /slurm has no job .*: 1, as slurm:c:17 with 1 slice of GPU 0000:00:02\.0$/);
    for (const language of languages) {
      assert.match(remedyOf(found, language), /allocation show web-1.*vgpuctl schedule status web-1/);
      assert.doesNotMatch(remedyOf(left, language), /openstack|schedule status/);
    }
  });

  it("name first a claim that is booked on another GPU, with both, and what can be done", async () => {
    const web = { claimId: "web-1", gpu, bookedOn: undefined, amounts: "1 slice" };
    const bookedOn = "0000:03:00.0" as PciAddress;
    const found = await failed({ withoutBooking: [web, { ...web, claimId: "web-2", bookedOn }] });
    assert.equal(found.code, "CLAIM_WITHOUT_BOOKING");
    assert.match(found.text, /: 1, as web-2 with 1 slice of GPU 0000:00:02\.0, booked on GPU 0000:03:00\.0/);
    for (const language of languages)
      assert.match(remedyOf(found, language), /allocation delete web-2.*GPU 0000:00:02\.0/);
    assert.deepEqual(
      found.evidence.map(({ value }) => value),
      ["1 slice", "1 slice, booked on 0000:03:00.0"],
    );
  });

  it("name a GPU with more booked than it has", async () => {
    const { code, text } = await failed({ overbooked: [{ gpu, amounts: "64 MiB low GM" }] });
    assert.equal(code, "BOOKED_BEYOND_CAPACITY");
    assert.match(text, /: 1, as 0000:00:02\.0 by 64 MiB low GM$/);
  });

  it("say neither that too much is booked nor that it is not while that cannot be known", async () => {
    const conditions = await conditionsOf({
      ...{ ...told, ...ofJobs },
      books: { ...agreed, overbooked: undefined },
    });
    const found = conditions.find(({ code }) => code === "BOOKED_BEYOND_CAPACITY");
    assert.ok(found);
    assert.deepEqual([found.finding.status, found.finding.says], ["unknown", "without-domains"]);
    assert.match(messageOf(found, "en"), /cannot be told while it is not known which domains there are$/);
  });

  it("name what is left of a GPU that is gone", async () => {
    const { code, text } = await failed({ vanished: [{ name: "kvm-1_vgpud_0000_03_00_0", bookings: 2 }] });
    assert.equal(code, "BOOKED_GPU_VANISHED");
    assert.match(text, /: 1, as kvm-1_vgpud_0000_03_00_0 \(2\)/);
  });

  it("name a GPU that Nova gives out, too, with the provider that is to go", async () => {
    const by = { name: "kvm-1_pci_0000_00_02_0", id: "30000000-0000-4000-8000-000000000001" };
    const twice = await failed({ publishedTwice: [{ gpu, by }] });
    assert.equal(twice.code, "GPU_PUBLISHED_TWICE");
    assert.match(twice.text, /: 1, as kvm-1_pci_0000_00_02_0 for GPU 0000:00:02\.0; placement grants/);
    for (const language of languages) {
      const remedy = remedyOf(twice, language);
      assert.ok(remedy.includes(`resource provider delete ${by.id}`), remedy);
      assert.ok(remedy.includes(`vgpuctl drain ${gpu}`), remedy);
    }
    assert.deepEqual(twice.evidence, [
      { path: `resource provider ${by.name}`, value: `gives out GPU ${gpu}` },
    ]);
  });

  it("tell how much more than there is the scheduler's own files give", async () => {
    const { code, text, evidence } = await failed({ configured: { beyond: "64 MiB low GM" } });
    assert.equal(code, "CONFIGURED_BEYOND_CAPACITY");
    assert.equal(text, "placement's own files give this host 64 MiB low GM more than jobs may ever have");
    assert.equal(evidence[0]?.value, "64 MiB low GM");
  });

  it("tell that this is given out where the scheduler is told of nothing less", async () => {
    const books = { ...agreed, configured: { beyond: "64 MiB low GM" } };
    const conditions = await conditionsOf({ ...told, name: "slurm", isTold: false, books });
    const beyond = conditions.find(({ finding }) => finding.status === "fail");
    assert.ok(beyond);
    assert.match(
      messageOf(beyond, "en"),
      /^slurm's own files .* 64 MiB low GM more .* sends jobs here for that$/,
    );
    for (const language of languages)
      assert.match(remedyOf(beyond, language), /slurm\.conf.*scontrol reconfigure/);
  });

  it("say nothing of files where the scheduler has none of its own", async () => {
    const conditions = await conditionsOf({ ...told, books: { ...agreed, configured: undefined } });
    const { code, finding } = conditions.at(-1) ?? assert.fail();
    assert.equal(code, "CONFIGURED_BEYOND_CAPACITY");
    assert.deepEqual([finding.status, finding.says], ["not-applicable", "no-files"]);
  });

  it("show a bounded number of bookings and how many more there are", async () => {
    const many = Array.from({ length: 100 }, (_, index) => waiting(5000 + index));
    const { finding, evidence } = await failed({ withoutDomain: many });
    assert.equal(finding.values["count"], 100);
    assert.equal(evidence.length, 17);
    assert.deepEqual(evidence.at(-1), { path: "others like these", value: "84" });
  });
});
