// What is said of the scheduler in front of the host.
import assert from "node:assert/strict";
import {
  schedulerTroubles,
  untoldTroubles,
  type FailingTrouble,
  type SchedulerReading,
} from "../../../agent/diagnosis/scheduler-reading.ts";
import { messageOf, remedyOf, severityOf } from "../../../agent/diagnosis/words.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { languages } from "../../../agent/core/language.ts";
import { agreed, conditionsOf, gpu, named, ofJobs, told, waiting } from "./told-of-a-scheduler.ts";

async function wordsOf(scheduler: SchedulerReading | undefined): Promise<unknown> {
  const conditions = await conditionsOf(scheduler);
  return conditions.map(({ finding: { status, says } }) => `${status} ${says}`);
}

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
    const told = { ...onlyAsked, untold: { parts, times: 3 } } as const;
    const [unavailable, untold, ...books] = await conditionsOf(told);
    assert.ok(unavailable && untold);
    assert.equal(unavailable.finding.status, "pass");
    assert.match(messageOf(unavailable, "en"), /is told nothing of this host/);
    assert.deepEqual([untold.code, untold.finding.status], ["SCHEDULER_UNTOLD", "fail"]);
    assert.equal(severityOf(untold), "warning");
    assert.equal(untold.evidence[0]?.value, "in-vain; unrecorded, 3 in a row");
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
        value: trouble === "in-vain" ? trouble : `${trouble}, 3 in a row`,
      });
      assert.equal(withoutDomain?.finding.status, "fail");
      assert.ok(others.every(({ finding }) => finding.status === "pass"));
    });

  it("make no mode impossible", async () => {
    const conditions = await conditionsOf({ kind: "not-configured" });
    assert.ok(conditions.every((condition) => severityOf(condition) !== "error"));
  });
});
