// What the diagnosis is told of the scheduler, by how its keeper stands with it.
import assert from "node:assert/strict";
import {
  readScheduler,
  troubleOf,
  untoldTroubleOf,
  viewScheduler,
} from "../../../agent/compose/scheduler-reading.ts";
import type { ClaimId, PciAddress } from "../../../agent/core/ids.ts";
import type { Standing } from "../../../agent/schedulers/keeper.ts";
import { nothingFound } from "../../../agent/schedulers/scheduler.ts";

const gpu = "0000:00:02.0" as PciAddress;
const other = "0000:03:00.0" as PciAddress;
const settings = { policy: "trust-ledger", claim_grace: "1800s" } as const;
const clock = { now: () => 100_000 };
const unasked: Standing = {
  ...{ name: "placement", manner: { isTold: true, booksBy: "allocation", mayOversend: false } },
  ...{ failure: undefined, untold: undefined },
  toldAt: undefined,
  wasTold: false,
  ...{ withoutDomains: false, closed: [], findings: nothingFound },
};

describe("what the diagnosis is told of the scheduler", () => {
  it("is nothing where none is configured, or it was not asked yet", () => {
    assert.deepEqual(readScheduler(undefined, settings, clock), { kind: "not-configured" });
    assert.equal(readScheduler(unasked, settings, clock).kind, "not-asked");
  });

  it("is neither that it is up nor that it is not before it was asked, which may wait for the host", () => {
    const upIn = (change: Partial<Standing>): boolean | undefined =>
      viewScheduler({ ...unasked, ...change }, settings, clock)?.up;
    const failure = { kind: "unreachable", message: "nobody is there", times: 1 };
    assert.deepEqual([upIn({}), upIn({ failure }), upIn({ toldAt: 1 })], [undefined, false, true]);
    assert.equal(upIn({ failure, toldAt: 1 }), false);
  });

  it("is what the last round failed with, whatever was found before", () => {
    const failure = { kind: "in-use", message: "it is held", times: 2 };
    assert.deepEqual(readScheduler({ ...unasked, toldAt: 1, failure }, settings, clock), {
      ...{ kind: "failing", name: "placement", policy: "trust-ledger", isTold: true, booksBy: "allocation" },
      ...{ trouble: "refused", why: "it is held", times: 2 },
    });
  });

  it("is what alone could not be told, what costs most first, beside what was found and as up", () => {
    const parts = [
      { kind: "unrecorded", what: "/s/scheduler.json", message: "cannot be written: ENOSPC" },
      { kind: "duplicate", what: "host_vgpud_0000_00_02_0", message: "the name is taken" },
    ];
    const standing = { ...unasked, toldAt: 1, untold: { parts, times: 4 } };
    const read = readScheduler(standing, settings, clock);
    assert.deepEqual(read.kind === "told" && read.untold, {
      times: 4,
      parts: [
        { trouble: "refused", what: "host_vgpud_0000_00_02_0", why: "the name is taken" },
        { trouble: "unrecorded", what: "/s/scheduler.json", why: "cannot be written: ENOSPC" },
      ],
    });
    const view = viewScheduler(standing, settings, clock);
    assert.deepEqual([view?.up, view?.untold, view?.toldAt], [true, 2, 1]);
    assert.ok(view?.books);
    assert.equal(viewScheduler({ ...unasked, toldAt: 1 }, settings, clock)?.untold, 0);
    assert.equal(viewScheduler(unasked, settings, clock)?.untold, undefined);
  });

  it("says of what is given out in vain that it is, and counts it", () => {
    const parts = [{ kind: "in-vain", what: `GPU ${gpu}`, message: "IOMMU_OFF" }];
    const manner = { ...unasked.manner, isTold: false };
    const standing = { ...unasked, manner, toldAt: 1, untold: { parts, times: 1 } };
    const read = readScheduler(standing, settings, clock);
    assert.equal(read.kind === "told" && read.untold?.parts[0]?.trouble, "in-vain");
    assert.equal(viewScheduler(standing, settings, clock)?.untold, 1);
    const shut = { withoutDomains: true, closed: [{ gpu, closedBy: ["IOMMU_OFF"] as const }] };
    const drained = { ...standing, ...shut, untold: undefined };
    assert.equal(viewScheduler(drained, settings, clock)?.untold, 0, "nobody is sent there");
  });

  it("is what was found with amounts in words and ages of now", () => {
    const findings = {
      ...nothingFound,
      withoutDomain: [{ booking: "b", gpu, amounts: { slices: 1, lowGmMib: 64 }, since: 40_000 }],
      withoutBooking: [{ claimId: "c" as ClaimId, gpu, missing: { functions: 2 }, bookedOn: other }],
      overcommitted: [
        { gpu, by: { fences: 4 } },
        {
          gpu: undefined,
          by: { fences: 8 },
          having: [{ booking: "j", amounts: { slices: 1, fences: 4 }, hasClaim: false }],
        },
      ],
      vanished: [{ name: "host_vgpud_0000_03_00_0", bookings: 1 }],
      publishedTwice: [{ gpu, by: { name: "host_pci_0000_00_02_0", id: "30" } }],
      configuredBeyond: { fences: 4 },
    };
    const read = readScheduler({ ...unasked, toldAt: 1, findings }, settings, clock);
    assert.deepEqual(read.kind === "told" && read.books, {
      ...{ graceSeconds: 1800, grace: "1800s" },
      withoutDomain: [{ booking: "b", gpu, amounts: "1 slice, 64 MiB low GM", seconds: 60, isOurs: false }],
      withoutBooking: [{ claimId: "c", gpu, bookedOn: other, amounts: "2 virtual functions" }],
      overbooked: [
        { gpu, amounts: "4 fences" },
        {
          gpu: undefined,
          amounts: "8 fences",
          having: [{ booking: "j", amounts: "1 slice, 4 fences", hasClaim: false }],
        },
      ],
      vanished: [{ name: "host_vgpud_0000_03_00_0", bookings: 1 }],
      publishedTwice: [{ gpu, by: { name: "host_pci_0000_00_02_0", id: "30" } }],
      configured: { beyond: "4 fences" },
    });
  });

  it("is what its own files have beyond the host, that they have nothing beyond it, or that it has none", () => {
    const configuredBy = (configuredBeyond: typeof nothingFound.configuredBeyond): unknown => {
      const findings = { ...nothingFound, configuredBeyond };
      const read = readScheduler({ ...unasked, toldAt: 1, findings }, settings, clock);
      return read.kind === "told" && read.books.configured;
    };
    assert.deepEqual(configuredBy({ fences: 4 }), { beyond: "4 fences" });
    assert.deepEqual(configuredBy({}), { beyond: undefined });
    assert.equal(configuredBy(undefined), undefined);
  });

  it("has a word of its own for each failure that another remedy helps against, and takes the rest for a fault of vgpud", () => {
    for (const kind of ["unreachable", "unauthorized", "version", "bad-answer", "failed", "no-root"])
      assert.equal(troubleOf(kind), kind);
    assert.deepEqual(
      ["timeout", "conf", "not-allowed", "node-gres", "exit-code"].map((kind) => troubleOf(kind)),
      ["unreachable", "unreachable", "unauthorized", "unserved", "program-failed"],
    );
    assert.equal(troubleOf("internal"), "internal");
    assert.equal(troubleOf("what nobody has thought of"), "internal");
    assert.deepEqual(
      ["unrecorded", "failed", "not-found", "what nobody has thought of"].map(untoldTroubleOf),
      ["unrecorded", "failed", "refused", "refused"],
    );
  });
});
