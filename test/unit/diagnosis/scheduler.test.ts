// What is said of the scheduler in front of the host, and of what its books and the ledger do not agree in.
import assert from "node:assert/strict";
import {
  bookedBeyondCapacity,
  bookedGpuVanished,
  bookingWithoutDomain,
  claimWithoutBooking,
  configuredBeyondCapacity,
  gpuPublishedTwice,
  schedulerUnavailable,
  schedulerUntold,
} from "../../../agent/diagnosis/checks/scheduler.ts";
import type { Condition, HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import {
  schedulerTroubles,
  untoldTroubles,
  type FailingTrouble,
  type SchedulerBooks,
  type SchedulerReading,
} from "../../../agent/diagnosis/scheduler-reading.ts";
import { messageOf, remedyOf, severityOf } from "../../../agent/diagnosis/words.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { languages } from "../../../agent/core/language.ts";
import { RootedFiles } from "../../../agent/host/files.ts";

const gpu = "0000:00:02.0" as PciAddress;
const named = { name: "placement", policy: "require", isTold: true, booksBy: "allocation" } as const;
const told = { kind: "told", ...named, untold: undefined, withoutDomains: false, closed: [] } as const;
const ofJobs = { name: "slurm", booksBy: "job" } as const;
const agreed: SchedulerBooks = {
  ...{ graceSeconds: 1800, grace: "30m" },
  ...{ withoutDomain: [], withoutBooking: [], overbooked: [], vanished: [] },
  ...{ publishedTwice: [], configured: { beyond: undefined } },
};
const checks = [
  ...[schedulerUnavailable, schedulerUntold, bookingWithoutDomain, claimWithoutBooking],
  ...[bookedBeyondCapacity, bookedGpuVanished, gpuPublishedTwice, configuredBeyondCapacity],
];

async function conditionsOf(scheduler: SchedulerReading | undefined): Promise<readonly Condition[]> {
  const host: HostSubject = {
    ...{ hypervisor: "kvm", kernel: { major: 6, minor: 1 }, kernelRelease: "6.1.0", gpus: [] },
    ...{ libvirt: { asked: false, why: "a test" }, kernelLog: [] },
    ...{ hostd: undefined, rooms: undefined, settings: undefined },
    ...(scheduler && { scheduler }),
  };
  const { conditions } = await diagnose(new RootedFiles("/nowhere"), host, checks);
  for (const condition of conditions)
    for (const language of languages) {
      const [message, remedy] = [messageOf(condition, language), remedyOf(condition, language)];
      assert.doesNotMatch(message + remedy, /\{\w*\}/);
      assert.ok(condition.finding.status !== "fail" || remedy !== "", message);
    }
  return conditions;
}

async function wordsOf(scheduler: SchedulerReading | undefined): Promise<unknown> {
  const conditions = await conditionsOf(scheduler);
  return conditions.map(({ finding: { status, says } }) => `${status} ${says}`);
}

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

const waiting = (seconds: number, booking = `of-${seconds}`) => ({
  ...{ booking, gpu, seconds },
  amounts: "1 slice, 64 MiB low GM",
  isOurs: false,
});

const isFailing = (trouble: (typeof schedulerTroubles)[number]): trouble is FailingTrouble =>
  trouble !== "unrecorded" && trouble !== "not-given-back" && trouble !== "in-vain";

describe("the conditions of the scheduler", () => {
  it("mean nothing where none is configured, or no agent asks one", async () => {
    assert.deepEqual(await wordsOf({ kind: "not-configured" }), Array(8).fill("not-applicable none"));
    assert.deepEqual(await wordsOf(undefined), Array(8).fill("not-applicable no-agent"));
  });

  it("pass where it is told and its books and the ledger agree", async () => {
    const [unavailable, ...others] = await conditionsOf({ ...told, books: agreed });
    assert.equal(unavailable?.finding.status, "pass");
    assert.deepEqual(unavailable.evidence, [{ path: "configuration: scheduler.policy", value: "require" }]);
    assert.deepEqual(
      others.map(({ finding }) => finding.status),
      Array(7).fill("pass"),
    );
  });

  it("are not known before it was asked, and that is said once", async () => {
    assert.deepEqual(await wordsOf({ kind: "not-asked", ...named }), [
      "unknown not-asked",
      ...Array<string>(7).fill("not-applicable explained"),
    ]);
  });

  it("pass where it is told that nothing is given out, and say so and why", async () => {
    const [unavailable] = await conditionsOf({ ...told, withoutDomains: true, books: agreed });
    assert.equal(unavailable?.finding.status, "pass");
    assert.match(
      messageOf(unavailable, "en"),
      /nothing of it is given out while it is not known which domains/,
    );
  });

  it("pass where it is told that a GPU is closed, and name it and why", async () => {
    const closed = [
      { gpu, closedBy: ["DEVICE_MODEL_MISSING"] },
      { gpu: "0000:03:00.0" as PciAddress, closedBy: ["IOMMU_OFF", "IOMMU_GROUP_MISSING"] },
    ] as const;
    const [unavailable] = await conditionsOf({ ...told, closed, books: agreed });
    assert.equal(unavailable?.finding.status, "pass");
    for (const language of languages)
      assert.match(
        messageOf(unavailable, language),
        / 0000:00:02\.0 \(DEVICE_MODEL_MISSING\), 0000:03:00\.0 \(IOMMU_OFF, IOMMU_GROUP_MISSING\)/,
      );
  });

  const onlyAsked = { ...told, name: "slurm", isTold: false, books: agreed } as const;

  it("pass where it is only asked, and say nowhere that it is told anything", async () => {
    const [unavailable, untold] = await conditionsOf(onlyAsked);
    assert.ok(unavailable && untold);
    assert.deepEqual([unavailable.finding.status, untold.finding.status], ["pass", "not-applicable"]);
    assert.match(messageOf(unavailable, "en"), /^slurm answers.* is told nothing of this host/);
    assert.match(messageOf(untold, "en"), /is told nothing/);
  });

  it("say nothing of drains where it is only asked and sends nobody to what is closed, as where somebody has drained the node", async () => {
    const closed = [{ gpu, closedBy: ["DEVICE_MODEL_MISSING"] }] as const;
    const [unavailable, untold] = await conditionsOf({ ...onlyAsked, withoutDomains: true, closed });
    assert.deepEqual([unavailable?.finding.says, untold?.finding.status], ["only-asked", "not-applicable"]);
  });

  it("warn where it is only asked and sends here in vain, with what has to be done by hand, and judge its books all the same", async () => {
    const parts = [
      { trouble: "in-vain", what: `GPU ${gpu}`, why: "DEVICE_MODEL_MISSING" },
      { trouble: "unrecorded", what: "/s/slurm.json", why: "cannot be written: ENOSPC" },
    ] as const;
    const told = { ...onlyAsked, untold: { parts, times: 0 } } as const;
    const [unavailable, untold, ...books] = await conditionsOf(told);
    assert.ok(unavailable && untold);
    assert.equal(unavailable.finding.status, "pass");
    assert.match(messageOf(unavailable, "en"), /is told nothing of this host/);
    assert.deepEqual([untold.code, untold.finding.status], ["SCHEDULER_UNTOLD", "fail"]);
    assert.equal(severityOf(untold), "warning");
    assert.equal(untold.evidence[0]?.value, "in-vain");
    assert.match(
      messageOf(untold, "en"),
      /is told nothing of this host, and gives out what cannot be made: /,
    );
    for (const language of languages) {
      assert.match(
        messageOf(untold, language),
        /GPU 0000:00:02\.0: DEVICE_MODEL_MISSING \(\+ unrecorded: \/s\/slurm\.json: cannot be written: ENOSPC\)$/,
      );
      assert.match(remedyOf(untold, language), /state=drain .*state=undrain/);
    }
    assert.ok(books.every(({ finding }) => finding.status === "pass"));
  });

  it("warn where it is only asked and what has to be remembered of it cannot be written, and say not that it is told", async () => {
    const parts = [
      { trouble: "unrecorded", what: "/s/slurm.json", why: "cannot be written: ENOSPC" },
    ] as const;
    const [, untold] = await conditionsOf({
      ...onlyAsked,
      untold: { parts, times: 1 },
    });
    assert.ok(untold);
    assert.deepEqual([untold.code, untold.finding.status], ["SCHEDULER_UNTOLD", "fail"]);
    assert.match(messageOf(untold, "en"), /ENOSPC/);
    assert.doesNotMatch(messageOf(untold, "en"), /told/);
  });

  for (const trouble of schedulerTroubles.filter(isFailing))
    it(`say that it cannot be told, why and what to do: ${trouble}`, async () => {
      const failing = { kind: "failing", ...named, trouble, why: "WHAT IT SAID", times: 3 } as const;
      const [unavailable, ...others] = await conditionsOf(failing);
      assert.ok(unavailable);
      assert.equal(unavailable.finding.says, trouble);
      for (const language of languages) assert.match(messageOf(unavailable, language), /WHAT IT SAID/);
      assert.deepEqual(unavailable.evidence.at(-1), {
        path: "scheduler placement: last round",
        value: `${trouble}, 3 in a row: WHAT IT SAID`,
      });
      assert.ok(others.every(({ finding }) => finding.says === "explained"));
    });

  it("say of Slurm what to do about Slurm, and of Placement what to do about Placement", async () => {
    for (const trouble of ["unreachable", "unauthorized", "bad-answer", "no-host"] as const)
      for (const [of, other] of [
        [named, "slurm"],
        [{ ...named, ...ofJobs }, "placement"],
      ] as const) {
        const [unavailable] = await conditionsOf({ kind: "failing", ...of, trouble, why: "WHY", times: 1 });
        assert.ok(unavailable);
        for (const language of languages) {
          const words = [messageOf(unavailable, language), remedyOf(unavailable, language)].join(" ");
          assert.match(words, new RegExp(`${of.name}.*WHY.*${of.name}`, "i"));
          assert.doesNotMatch(words, new RegExp(other, "i"));
        }
      }
  });

  it("name scheduler.slurm.conf where Slurm cannot be asked", async () => {
    const of = {
      kind: "failing",
      ...named,
      ...ofJobs,
      trouble: "unreachable",
      why: "WHY",
      times: 1,
    } as const;
    const [unavailable] = await conditionsOf(of);
    assert.ok(unavailable);
    for (const language of languages) assert.match(remedyOf(unavailable, language), /scheduler\.slurm\.conf/);
  });

  for (const trouble of untoldTroubles)
    it(`say what alone it cannot be told, and judge its books all the same: ${trouble}`, async () => {
      const parts = [
        { trouble, what: "kvm-1_vgpud_0000_00_02_0", why: "WHAT IT SAID" },
        { trouble, what: "kvm-1_vgpud_0000_03_00_0", why: "AND OF THIS" },
      ];
      const untold = { parts, times: 3 };
      const books = { ...agreed, withoutDomain: [waiting(7260)] };
      const [unavailable, part, withoutDomain, ...others] = await conditionsOf({ ...told, untold, books });
      assert.equal(unavailable?.finding.status, "pass");
      assert.ok(part);
      assert.deepEqual([part.code, part.finding.says], ["SCHEDULER_UNTOLD", trouble]);
      for (const language of languages)
        assert.match(messageOf(part, language), /_02_0: WHAT IT SAID; kvm-1_vgpud_0000_03_00_0: AND OF THIS/);
      assert.deepEqual(part.evidence[0], {
        path: "scheduler placement: a part untold",
        value: `${trouble}, 3 in a row`,
      });
      assert.equal(withoutDomain?.finding.status, "fail");
      assert.ok(others.every(({ finding }) => finding.status === "pass"));
    });

  it("make no mode impossible", async () => {
    const conditions = await conditionsOf({ kind: "not-configured" });
    assert.ok(conditions.every((condition) => severityOf(condition) !== "error"));
  });
});

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
